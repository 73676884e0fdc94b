// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's WebSocket transport: one frame of SockJS in each message.
*/

#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>
#include <httphooks/websocket/detail/client_transport.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

class client_websocket final
    : public websocket::detail::client_transport<client_websocket, client_link> {
public:
    explicit client_websocket(setup s) : client_transport(std::move(s)) {}

    void start() override;
    void send(std::string messages) override;
    void hold(bool on) override;
    void stop(close_code code, std::string_view reason) override;
    bool needs_heartbeats() const noexcept override { return false; }

private:
    friend client_transport;

    void on_open() {}
    void on_failed(error_code ec) { lost(close_code::abnormal, ec.message()); }
    void on_message(websocket::message const& m);
    void on_closed(websocket::close_reason const& why);
};

// ---------------------------------------------------------------------------------------------

inline void client_websocket::start() {
    client_options const& from = *given().options;
    websocket::client_options o;
    o.headers = given().headers;
    o.connection.message.size = from.frame_limit;
    o.connection.ping_interval = from.heartbeat_timeout / 2;
    o.connection.pong_timeout = from.heartbeat_timeout / 2;
    open(url_below(given().url, "/websocket"), std::move(o));
}

inline void client_websocket::on_message(websocket::message const& m) {
    auto const keep = owner();
    if (!keep || stopped() || m.data.empty()) return;
    keep->on_frame(*this, m.data);
}

inline void client_websocket::on_closed(websocket::close_reason const& why) {
    auto const keep = owner();
    bool const told = why.clean && !why.text.empty();
    lost(static_cast<close_code>(why.code), told ? why.text : "WebSocket connection ended");
}

inline void client_websocket::send(std::string messages) {
    socket().send(messages);
    watch();
}

inline void client_websocket::hold(bool on) {
    if (!socket()) return;
    if (on)
        socket().pause();
    else
        socket().resume();
}

inline void client_websocket::stop(close_code code, std::string_view reason) {
    websocket::connection const ended = leave();
    if (!ended) return;
    auto const n = static_cast<websocket::close_code>(code);
    if (websocket::may_be_sent(n))
        ended.close(n, reason);
    else
        ended.terminate();
}

}  // namespace httphooks::sockjs::detail
