// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/client.hpp>

#include <httphooks/engineio/client_connection.hpp>
#include <httphooks/engineio/detail/client_session.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/detail/begin_connect.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio {

HTTPHOOKS_DECL client::client(asio::any_io_executor executor, client_options o)
    : executor_(std::move(executor)), settings_(std::make_shared<detail::client_settings>()) {
    settings_->options = std::move(o);
}

HTTPHOOKS_DECL void client::set_on_message(
    std::function<void(client_connection&, std::string_view, bool)> f) {
    settings_->message = std::move(f);
}

HTTPHOOKS_DECL void client::on_close(std::function<void(client_connection&, close_reason)> f) {
    settings_->close = std::move(f);
}

HTTPHOOKS_DECL void client::on_upgrade(std::function<void(client_connection&)> f) {
    settings_->upgrade = std::move(f);
}

HTTPHOOKS_DECL void client::on_drain(std::function<void(client_connection&)> f) {
    settings_->drain = std::move(f);
}

HTTPHOOKS_DECL void client::connect(
    std::string url, asio::any_completion_handler<void(error_code, client_connection)> done) const {
    bool const tls = settings_->options.tls != nullptr;
    http::detail::begin_connect<client_connection>(
        executor_, http::detail::read_service_url(std::move(url), tls), std::move(done),
        [this](http::absolute_url to, auto handler) {
            return std::make_shared<detail::client_session>(executor_, settings_, std::move(to),
                                                            std::move(handler));
        });
}

}  // namespace httphooks::engineio
