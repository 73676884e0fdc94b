// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong in Engine.IO: why packets are not understood, clients refused, sessions ended.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace httphooks::engineio {

/// The errors of Engine.IO; category "httphooks.engineio".
enum class error {
    /// A packet or a payload is empty.
    empty = 1,
    /// A packet of a type that there is not.
    unknown_type,
    /// Bytes in text that are not base64.
    bad_base64,
    /// A text that is not UTF-8.
    bad_utf8,
    /// A length that is not one, or is not that of what follows.
    bad_length,
    /// The server refuses the client; see enum refusal.
    refused,
    /// What answers is no Engine.IO server.
    bad_handshake,
    /// The client has no transport to try.
    no_transport,
    /// The server ended the session.
    closed,
};

/** Why a request is refused, as the number in the error body.
    @par Source
    engine.io 6.6, Server.errors */
enum class refusal : std::uint8_t {
    /// There is no transport of this name.
    unknown_transport = 0,
    /// There is no session of this id.
    unknown_session = 1,
    /// A session begins with a GET.
    bad_handshake_method = 2,
    /// The request does not fit its transport or its session.
    bad_request = 3,
    /// The application does not let the client in, or there is no room.
    forbidden = 4,
    /// A revision that is not served.
    unsupported_protocol = 5,
};

/// The text of a refusal, as clients get it.
std::string_view to_string(refusal why) noexcept;

/** Why a session has ended.
    @par Source
    engine.io 6.6, Socket's event "close" */
enum class close_reason : std::uint8_t {
    /// The transport failed, or the other side used it against the rules.
    transport_error,
    /// The other side closed, went away, or took no more of what waited for it.
    transport_close,
    /// This side closed it.
    forced_close,
    /// The other side's heartbeat failed to come.
    ping_timeout,
    /// The other side sent what is no packet.
    parse_error,
    /// This server shuts down.
    server_shutting_down,
};

/// The reason in words, as node says it: "ping timeout".
std::string_view to_string(close_reason why) noexcept;

/// The category of error: name "httphooks.engineio".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category "httphooks.engineio"; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

}  // namespace httphooks::engineio

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::engineio::error> : std::true_type {};
/// @endcond

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/error.ipp>
#endif
