// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The raw WebSockets of the conformance server: an echo, and the hooks.
*/

#include <httphooks.hpp>
#include <httphooks/websocket/dispatch.hpp>
#include <httphooks/websocket/server.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include <cstddef>
#include <string>
#include <utility>

#include "command_line.hpp"

namespace conformance {

/// `/ws` sends every message back; a message to `/ws-hooks` is a request.
class websocket_services {
public:
    websocket_services(hh::registry const& hooks, command_line const& c)
        : echo_(hooks.get_executor(), of_any_size(options("/ws", c))),
          hooks_(hooks.get_executor(), options("/ws-hooks", c)) {
        echo_.on_message(
            [](hh::websocket::connection& to, hh::websocket::message const& m) { to.send(m); });
        hh::websocket::dispatch(hooks_, hooks, {.stream_messages = c.stream_messages});
    }

    template <class Server>
    void mount_on(Server& server, hh::http::mount_options const& o) {
        server.mount(echo_, o);
        server.mount(hooks_, o);
    }

private:
    static hh::websocket::server_options options(std::string path, command_line const& c) {
        hh::websocket::server_options o;
        o.path = std::move(path);
        o.handshake.origins = c.cors;
        if (c.cors.empty()) o.handshake.origins = {"*"};
        o.connection.write_timeout = c.write_timeout;
        if (c.deflate) o.connection.per_message_deflate = hh::websocket::zlib_deflate();
        return o;
    }
    static hh::websocket::server_options of_any_size(hh::websocket::server_options o) {
        o.connection.message = {.size = std::size_t{20} * 1024 * 1024, .fragments = 0};
        return o;
    }

    hh::websocket::server echo_;
    hh::websocket::server hooks_;
};

}  // namespace conformance
