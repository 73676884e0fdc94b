// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's WebSocket transport: one frame of SockJS in each message.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/websocket/detail/client_transport.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

class client_websocket final
    : public websocket::detail::client_transport<client_websocket, client_link> {
public:
    explicit client_websocket(setup s) : client_transport(std::move(s)) {}

    HTTPHOOKS_DECL void start() override;
    HTTPHOOKS_DECL void send(std::string messages) override;
    HTTPHOOKS_DECL void hold(bool on) override;
    HTTPHOOKS_DECL void stop(close_code code, std::string_view reason) override;
    bool needs_heartbeats() const noexcept override { return false; }

private:
    friend client_transport;

    void on_open() {}
    void on_failed(error_code ec) { lost(close_code::abnormal, ec.message()); }
    void on_message(websocket::message const& m);
    void on_closed(websocket::close_reason const& why);
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_websocket.ipp>
#endif
