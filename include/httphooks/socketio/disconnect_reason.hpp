// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Why a socket was disconnected, in node's words.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/error.hpp>

#include <cstdint>
#include <string_view>

namespace httphooks::socketio {

/** Why a socket was disconnected.
    @par Source
    socket.io 4.8, event "disconnect" */
enum class disconnect_reason : std::uint8_t {
    /// The transport failed, or the client used it against the rules.
    transport_error,
    /// The client closed, went away, or took no more of what waited for it.
    transport_close,
    /// This side closed the Engine.IO connection, since it was told to, or the client sent what it
    /// may not send now.
    forced_close,
    /// The client's heartbeat failed to come.
    ping_timeout,
    /// The client sent what is no packet of Engine.IO or of Socket.IO.
    parse_error,
    /// The server shuts down.
    server_shutting_down,
    /// The client did not join a namespace in time.
    forced_server_close,
    /// The client left the namespace.
    client_namespace_disconnect,
    /// socket::disconnect() was called.
    server_namespace_disconnect,
};

/// The reason in words, as node says it: "ping timeout".
std::string_view to_string(disconnect_reason why) noexcept;

/// The reason that an Engine.IO connection's end is.
disconnect_reason to_disconnect_reason(engineio::close_reason why) noexcept;

/** Whether a client may come back to the state that it had before.
    @par Source
    socket.io 4.8, connection state recovery */
constexpr bool is_recoverable(disconnect_reason why) noexcept {
    switch (why) {
        case disconnect_reason::transport_error:
        case disconnect_reason::transport_close:
        case disconnect_reason::forced_close:
        case disconnect_reason::ping_timeout:
        case disconnect_reason::server_shutting_down:
        case disconnect_reason::forced_server_close:
            return true;
        default:
            return false;
    }
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/disconnect_reason.ipp>
#endif
