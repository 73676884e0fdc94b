// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/client_websocket.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL void client_websocket::start() {
    client_options const& from = *given().options;
    websocket::client_options o;
    o.headers = given().headers;
    o.connection.message.size = from.payload_limit;
    o.connection.ping_interval = std::chrono::milliseconds(0);  // the protocol has its own
    open(url(), std::move(o));
}

HTTPHOOKS_DECL void client_websocket::on_open() {
    if (auto const keep = owner()) keep->on_ready(*this);
}

HTTPHOOKS_DECL void client_websocket::on_message(websocket::message const& m) {
    auto const keep = owner();
    if (!keep || stopped()) return;
    packet_view p;
    std::string scratch;
    if (auto const ec = read_message(p, m.data, m.binary, scratch))
        return lost(close_reason::parse_error, ec);
    keep->on_packet(*this, p);
}

HTTPHOOKS_DECL void client_websocket::on_closed(websocket::close_reason const& why) {
    auto const keep = owner();
    bool const broken = why.code == websocket::close_code::protocol_error ||
                        why.code == websocket::close_code::invalid_payload ||
                        why.code == websocket::close_code::too_big;
    lost(broken ? close_reason::transport_error : close_reason::transport_close, error::closed);
}

HTTPHOOKS_DECL void client_websocket::send(std::vector<packet> packets) {
    for (packet const& p : packets)
        socket().send_with(p.binary, p.data.size() + 1,
                           [&p](std::string& out) { append_frame(out, p.view()); });
    watch();
}

HTTPHOOKS_DECL void client_websocket::stop(bool tell) {
    websocket::connection const ended = leave();
    if (!ended) return;
    if (tell)
        ended.close();
    else
        ended.terminate();
}

}  // namespace httphooks::engineio::detail
