// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_websocket.hpp>

#include <httphooks/sockjs/detail/client_text.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL void client_websocket::start() {
    client_options const& from = *given().options;
    websocket::client_options o;
    o.headers = given().headers;
    o.connection.message.size = from.frame_limit;
    o.connection.ping_interval = from.heartbeat_timeout / 2;
    o.connection.pong_timeout = from.heartbeat_timeout / 2;
    open(url_below(given().url, "/websocket"), std::move(o));
}

HTTPHOOKS_DECL void client_websocket::on_message(websocket::message const& m) {
    auto const keep = owner();
    if (!keep || stopped() || m.data.empty()) return;
    keep->on_frame(*this, m.data);
}

HTTPHOOKS_DECL void client_websocket::on_closed(websocket::close_reason const& why) {
    auto const keep = owner();
    bool const told = why.clean && !why.text.empty();
    lost(static_cast<close_code>(why.code), told ? why.text : "WebSocket connection ended");
}

HTTPHOOKS_DECL void client_websocket::send(std::string messages) {
    socket().send(messages);
    watch();
}

HTTPHOOKS_DECL void client_websocket::hold(bool on) {
    if (!socket()) return;
    if (on)
        socket().pause();
    else
        socket().resume();
}

HTTPHOOKS_DECL void client_websocket::stop(close_code code, std::string_view reason) {
    websocket::connection const ended = leave();
    if (!ended) return;
    auto const n = static_cast<websocket::close_code>(code);
    if (websocket::may_be_sent(n))
        ended.close(n, reason);
    else
        ended.terminate();
}

}  // namespace httphooks::sockjs::detail
