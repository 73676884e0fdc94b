// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/client.hpp>

#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/detail/begin_connect.hpp>
#include <httphooks/websocket/detail/channel_settings.hpp>
#include <httphooks/websocket/detail/connect_operation.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::websocket {

struct client::state {
    state(asio::any_io_executor ex, client_options o)
        : executor(std::move(ex)), options(std::move(o)) {
        settings->options = options.connection;
        settings->self = role::client;
    }

    asio::any_io_executor executor;
    client_options const options;
    std::shared_ptr<detail::channel_settings> settings =
        std::make_shared<detail::channel_settings>();
};

HTTPHOOKS_DECL client::client(asio::any_io_executor executor, client_options o)
    : state_(std::make_shared<state>(std::move(executor), std::move(o))) {}

HTTPHOOKS_DECL void client::on_message(std::function<void(connection&, message const&)> handler) {
    state_->settings->handlers.message = std::move(handler);
}

HTTPHOOKS_DECL void client::on_close(
    std::function<void(connection&, close_reason const&)> handler) {
    state_->settings->handlers.close = std::move(handler);
}

HTTPHOOKS_DECL void client::on_drain(std::function<void(connection&)> handler) {
    state_->settings->handlers.drain = std::move(handler);
}

HTTPHOOKS_DECL asio::any_io_executor client::get_executor() const {
    return state_->executor;
}

HTTPHOOKS_DECL void client::connect(
    std::string url, asio::any_completion_handler<void(error_code, connection)> done) const {
    client_options const& o = state_->options;
    auto to = http::detail::read_service_url(std::move(url), o.tls != nullptr);
    if (!to && to.error() == httphooks::error::invalid_target)
        to = make_error_code(error::invalid_url);
    http::detail::begin_connect<connection>(
        state_->executor, std::move(to), std::move(done),
        [&](http::absolute_url where, auto handler) {
            return std::make_shared<detail::connect_operation>(
                state_->executor,
                detail::connect_request{state_->settings, std::move(where), o.subprotocols,
                                        o.headers, o.tls, o.connect_timeout, o.header_limit},
                std::move(handler));
        });
}

}  // namespace httphooks::websocket
