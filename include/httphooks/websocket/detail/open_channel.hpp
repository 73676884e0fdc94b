// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    From a connection whose handshake was accepted to a WebSocket.
*/

#include <httphooks/http/connection.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <any>
#include <memory>

namespace httphooks::websocket::detail {

/** Takes a connection over: writes 101, calls the open handler, and goes on from there.

    @param reply what accept() gave for the request; accepted
    @param data what the application keeps with the connection, there when it is opened
    @return the connection, which may have ended already
*/
connection open_channel(std::shared_ptr<channel_settings const> settings, http::connection c,
                        request const& r, handshake_reply const& reply, std::any data = {});

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/open_channel.ipp>
#endif
