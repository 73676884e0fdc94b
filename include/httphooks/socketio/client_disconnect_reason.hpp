// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Why a client is connected no more, in the words of socket.io-client.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/error.hpp>

#include <cstdint>
#include <string_view>

namespace httphooks::socketio {

/** Why a client is connected no more.
    @par Source
    socket.io-client 4.8, event "disconnect" */
enum class client_disconnect_reason : std::uint8_t {
    /// The server disconnected it from the namespace.
    io_server_disconnect,
    /// client_socket::disconnect() or client::close() was called, or a handler threw.
    io_client_disconnect,
    /// The server's heartbeat failed to come.
    ping_timeout,
    /// The server closed the connection, or went away.
    transport_close,
    /// The connection failed.
    transport_error,
    /// The server sent what is no packet.
    parse_error,
    /// The Engine.IO connection was closed from this side.
    forced_close,
};

/// The reason in words, as socket.io-client says it: "io server disconnect".
std::string_view to_string(client_disconnect_reason why) noexcept;

/// The reason that an Engine.IO connection's end is.
client_disconnect_reason to_client_disconnect_reason(engineio::close_reason why) noexcept;

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/client_disconnect_reason.ipp>
#endif
