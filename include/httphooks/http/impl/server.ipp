// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/server.hpp>

#include <httphooks/http/detail/server_state.hpp>
#include <httphooks/http/impl/server.hpp>
#include <httphooks/http/mount.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::http {

namespace detail {

HTTPHOOKS_DECL void begin_run(server_state& s, asio::any_completion_handler<void(error_code)> h) {
    s.begin_run(std::move(h));
}

HTTPHOOKS_DECL void begin_drain(server_state& s, std::chrono::milliseconds patience,
                                asio::any_completion_handler<void(error_code, drain_report)> h) {
    s.begin_drain(patience, std::move(h));
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
template std::shared_ptr<server_state> serve_on(asio::any_io_executor const&, hooks_source const&,
                                                http::options, plain const&);
template std::shared_ptr<server_state> serve_with_threads(hooks_source const&, http::options,
                                                          plain const&);
#endif

}  // namespace detail

HTTPHOOKS_DECL void server::add(std::shared_ptr<detail::mounted> m, mount_options o) {
    state_->mounts().add(std::move(m), std::move(o));
}

HTTPHOOKS_DECL describe_options server::mounts_beside(http::guards const& hooks) const {
    describe_options o;
    state_->settings()->mounts.for_each(
        [&](std::string_view prefix, http::guards const* guarded_by) {
            bool const guarded = guarded_by && *guarded_by == hooks;
            (guarded ? o.guarded_mounts : o.mounts).emplace_back(prefix);
        });
    return o;
}

HTTPHOOKS_DECL void server::listen() {
    state_->listen();
}

HTTPHOOKS_DECL std::uint16_t server::port() const {
    return state_->local_endpoint().port();
}

HTTPHOOKS_DECL detail::tcp_endpoint server::local_endpoint() const {
    return state_->local_endpoint();
}

HTTPHOOKS_DECL asio::any_io_executor server::get_executor() const {
    return state_->get_executor();
}

HTTPHOOKS_DECL std::shared_ptr<server_counters const> server::counters() const noexcept {
    return state_->counters();
}

HTTPHOOKS_DECL void server::run() {
    state_->run();
}

HTTPHOOKS_DECL void server::run_until_signal(std::chrono::milliseconds patience) {
    state_->run_until_signal(patience);
}

HTTPHOOKS_DECL void server::stop() {
    state_->stop();
}

HTTPHOOKS_DECL std::shared_ptr<detail::server_state> server::itself() const {
    return state_->shared_from_this();
}

}  // namespace httphooks::http
