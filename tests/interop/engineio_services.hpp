// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The Engine.IO service of the conformance server: it sends back what comes.
*/

#include <httphooks/engineio.hpp>
#include <httphooks/engineio/zlib_compression.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "command_line.hpp"

namespace conformance {

namespace engineio = httphooks::engineio;

/// What both mounts of Engine.IO are told by the command line.
inline engineio::options engine_options(command_line const& c, std::string path) {
    engineio::options o;
    o.path = std::move(path);
    o.allow_eio3 = true;
    o.ping_interval = c.ping_interval;
    o.ping_timeout = c.ping_timeout;
    o.upgrade_timeout = c.upgrade_timeout;
    o.compression = engineio::zlib_compression();
    if (c.deflate) o.per_message_deflate = httphooks::websocket::zlib_deflate();
    o.max_payload = static_cast<std::size_t>(c.max_payload);
    if (c.cookie) o.cookie.emplace();
    if (!c.cors.empty()) {
        httphooks::http::cors_options allowed;
        allowed.origins = c.cors;
        allowed.credentials = std::find(c.cors.begin(), c.cors.end(), "*") == c.cors.end();
        o.cors = std::move(allowed);
    }
    return o;
}

/// Refuses requests that ask for it.
inline engineio::verdict allow_request(engineio::handshake const& h) {
    if (h.message->contains("x-deny")) return {false, "denied by test"};
    return {};
}

/// The mount that sends back every message, text or bytes, unchanged.
inline engineio::server engineio_echo(boost::asio::any_io_executor executor,
                                      command_line const& c) {
    engineio::server server(std::move(executor), engine_options(c, "/engine.io"));
    server.allow_request(allow_request);
    server.on_connection([](engineio::connection client) {
        client.on_message([client](std::string_view m, bool binary) mutable {
            if (binary)
                client.send_binary(m);
            else
                client.send(m);
        });
    });
    return server;
}

}  // namespace conformance
