// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/open_channel.hpp>

#include <httphooks/message.hpp>
#include <httphooks/websocket/deflate.hpp>
#include <httphooks/websocket/detail/channel.hpp>

#include <memory>
#include <string>
#include <utility>

namespace httphooks::websocket::detail {

/// The values of Sec-WebSocket-Extensions, separated by commas.
inline std::string offered_extensions(request const& r) {
    std::string all;
    auto const [first, last] = r.base().equal_range(field::sec_websocket_extensions);
    for (auto f = first; f != last; ++f) {
        auto const value = f->value();
        if (!all.empty()) all += ',';
        all.append(value.data(), value.size());
    }
    return all;
}

HTTPHOOKS_DECL connection open_channel(std::shared_ptr<channel_settings const> settings,
                                       http::connection c, request const& r,
                                       handshake_reply const& reply, std::any data) {
    auto const peer = c.peer();
    bool const tls = c.tls();
    std::string output = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
    if (std::string const& name = c.core()->server_name; !name.empty())
        output.append("Server: ").append(name).append("\r\n");
    output.append(c.core()->reply_line);
    if (c.core()->reply_fields) {
        response all = reply.message;
        http::detail::add_reply_fields(*c.core(), all);
        output.append(all.base().wire());
    } else {
        output.append(reply.message.base().wire());
    }
    std::unique_ptr<message_codec> codec;
    if (message_deflate const* const deflate = settings->options.per_message_deflate.get())
        if (auto const found = accept_deflate(offered_extensions(r), deflate->options())) {
            codec = deflate->make(role::server, found->parameters);
            output.append("Sec-WebSocket-Extensions: ").append(found->reply).append("\r\n");
        }
    output.append("\r\n");
    auto bodies = std::move(c.core()->bodies);
    http::connection::taken taken = c.take_over();
    auto const opened = std::make_shared<channel>(std::move(settings), std::move(taken.stream));
    opened->peer = peer;
    opened->tls = tls;
    opened->data = std::move(data);
    if (codec) opened->compress_by(std::move(codec));
    if (bodies) opened->share_budget(std::move(bodies));
    if (!reply.subprotocol.empty())
        opened->subprotocol = std::make_unique<std::string const>(reply.subprotocol);
    opened->start(r, std::move(output), std::move(taken.input), std::move(taken.ticket));
    return connection(opened);
}

}  // namespace httphooks::websocket::detail
