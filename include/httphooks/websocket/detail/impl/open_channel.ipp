// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/open_channel.hpp>

#include <httphooks/websocket/detail/channel.hpp>

#include <memory>
#include <string>
#include <utility>

namespace httphooks::websocket::detail {

HTTPHOOKS_DECL connection open_channel(std::shared_ptr<channel_settings const> settings,
                                       http::connection c, request const& r,
                                       handshake_reply const& reply, std::any data) {
    auto const peer = c.peer();
    bool const tls = c.tls();
    std::string output = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
    if (std::string const& name = c.core()->server_name; !name.empty())
        output.append("Server: ").append(name).append("\r\n");
    output.append(c.core()->reply_line);
    output.append(reply.message.base().wire()).append("\r\n");
    http::connection::taken taken = c.take_over();
    auto const opened = std::make_shared<channel>(std::move(settings), std::move(taken.stream));
    opened->peer = peer;
    opened->tls = tls;
    opened->data = std::move(data);
    if (!reply.subprotocol.empty())
        opened->subprotocol = std::make_unique<std::string const>(reply.subprotocol);
    opened->start(r, std::move(output), std::move(taken.input), std::move(taken.ticket));
    return connection(opened);
}

}  // namespace httphooks::websocket::detail
