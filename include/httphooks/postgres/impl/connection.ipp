// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/connection.hpp>

#include <httphooks/error.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/identifier.hpp>
#include <httphooks/postgres/impl/connection_core.ipp>
#include <httphooks/postgres/impl/connection_opening.ipp>
#include <httphooks/postgres/impl/connection_queries.ipp>
#include <httphooks/postgres/notification.hpp>
#include <httphooks/postgres/options.hpp>
#include <httphooks/postgres/query.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::postgres {

namespace detail {

HTTPHOOKS_DECL void begin_query(
    connection_core& core, query what,
    asio::any_completion_handler<void(error_code, query_result)> handler) {
    auto q = std::make_unique<queued_query>(queued_query::kind::query, std::move(what));
    q = core.prepare(std::move(q), &queued_query::handler, std::move(handler));
    core.later([q = std::move(q)](connection_core& c) mutable { c.add(std::move(q)); });
}

HTTPHOOKS_DECL void begin_settle(connection_core& core,
                                 asio::any_completion_handler<void(error_code)> handler) {
    auto q = std::make_unique<queued_query>(queued_query::kind::settle, query(""));
    q = core.prepare(std::move(q), &queued_query::settled, std::move(handler));
    core.later([q = std::move(q)](connection_core& c) mutable { c.add(std::move(q)); });
}

}  // namespace detail

HTTPHOOKS_DECL connection::connection(executor_type const& executor, options o) {
    auto const core = std::make_shared<detail::connection_core>(executor, std::move(o));
    // what is under way keeps the core; the last handle closes it
    core_ = std::shared_ptr<detail::connection_core>(
        core.get(), [core](auto*) { core->later([](detail::connection_core& c) { c.close(); }); });
}

HTTPHOOKS_DECL connection::executor_type connection::get_executor() const noexcept {
    return core_->executor();
}

HTTPHOOKS_DECL void connection::want(std::string_view channel, bool wanted) const {
    if (auto const quoted = quote_identifier(channel); !quoted)
        throw boost::system::system_error(quoted.error(), std::string(channel));
    core_->later([channel = std::string(channel), wanted](detail::connection_core& c) mutable {
        c.want(std::move(channel), wanted);
    });
}

HTTPHOOKS_DECL void connection::on_notification(std::function<void(notification const&)> f) const {
    core_->later([f = std::move(f)](detail::connection_core& c) mutable {
        c.on_notification = std::move(f);
    });
}

HTTPHOOKS_DECL void connection::on_state(
    std::function<void(connection_state, error_code, std::string_view)> f) const {
    core_->later(
        [f = std::move(f)](detail::connection_core& c) mutable { c.on_state = std::move(f); });
}

HTTPHOOKS_DECL void connection::connect() const {
    core_->later([](detail::connection_core& c) { c.start(); });
}

HTTPHOOKS_DECL connection_state connection::state() const noexcept {
    return core_->state();
}

HTTPHOOKS_DECL connection_stats connection::stats() const {
    return core_->stats();
}

HTTPHOOKS_DECL void connection::close() const {
    core_->later([](detail::connection_core& c) { c.close(); });
}

}  // namespace httphooks::postgres
