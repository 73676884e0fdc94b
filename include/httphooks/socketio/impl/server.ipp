// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/server.hpp>

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/socketio/detail/client_files.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/live_server.hpp>
#include <httphooks/socketio/options.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

HTTPHOOKS_DECL server::server(asio::any_io_executor executor, socketio::options o)
    : server_(std::make_shared<detail::live_server>(std::move(executor), std::move(o))),
      main_(server_->of("/")) {
    server_->start();
}

HTTPHOOKS_DECL socketio::nsp server::of(std::string_view name) const {
    return socketio::nsp(server_->of(name));
}

HTTPHOOKS_DECL server const& server::on_error(std::function<void(std::exception_ptr)> f) const {
    server_->settings().on_error = std::move(f);
    return *this;
}

HTTPHOOKS_DECL broadcast_operator server::all() const {
    return main_.all();
}

HTTPHOOKS_DECL broadcast_operator server::local() const {
    return main_.local();
}

HTTPHOOKS_DECL broadcast_operator server::volatile_() const {
    return main_.volatile_();
}

HTTPHOOKS_DECL broadcast_operator server::compress(bool b) const {
    return main_.compress(b);
}

HTTPHOOKS_DECL broadcast_operator server::timeout(std::chrono::milliseconds t) const {
    return main_.timeout(t);
}

HTTPHOOKS_DECL std::shared_ptr<server_counters const> server::counters() const {
    return engine().counters();
}

HTTPHOOKS_DECL engineio::server server::engine() const {
    return server_->engine();
}

HTTPHOOKS_DECL asio::any_io_executor server::get_executor() const {
    return server_->settings().place.executor();
}

HTTPHOOKS_DECL socketio::options const& server::options() const noexcept {
    return server_->settings().options;
}

HTTPHOOKS_DECL std::string_view server::prefix() const noexcept {
    return options().path;
}

HTTPHOOKS_DECL std::size_t server::body_limit() const noexcept {
    return options().engine.max_payload;
}

HTTPHOOKS_DECL void server::dress_refusal(request const& r, response& reply) const {
    server_->engine().dress_refusal(r, reply);
}

HTTPHOOKS_DECL http::body_end server::body_begins(request const& r) const {
    return server_->engine().body_begins(r);
}

HTTPHOOKS_DECL void server::drain() const {
    server_->drain();
}

HTTPHOOKS_DECL socketio::nsp server::of_pattern(matcher m) const {
    return socketio::nsp(server_->of(std::move(m)));
}

HTTPHOOKS_DECL void server::add_new_namespace(
    httphooks::detail::shared_function<void(socketio::nsp)> f) const {
    server_->on_new_namespace([f = std::move(f)](std::shared_ptr<detail::live_nsp> n) {
        f(socketio::nsp(std::move(n)));
    });
}

HTTPHOOKS_DECL void server::close(std::function<void()> done) const {
    server_->close(std::move(done));
}

HTTPHOOKS_DECL void server::async_serve(http::connection c, request r, http::mount_handler done) {
    if (auto reply = detail::client_file(options().client_files, prefix(), r)) {
        dress_refusal(r, *reply);
        http::detail::visit v{std::move(c), std::move(r), std::move(done)};
        return http::detail::reply(std::move(v), *reply);
    }
    server_->engine().async_serve(std::move(c), std::move(r), std::move(done));
}

}  // namespace httphooks::socketio
