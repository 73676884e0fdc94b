// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong in Engine.IO: why packets are not understood, clients refused, sessions ended.
*/

#include <httphooks/error.hpp>

#include <cstdint>
#include <string>
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

// ---------------------------------------------------------------------------------------------

namespace detail {

class engineio_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks.engineio"; }

    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::empty:
                return "empty packet";
            case error::unknown_type:
                return "unknown packet type";
            case error::bad_base64:
                return "not base64";
            case error::bad_utf8:
                return "not UTF-8";
            case error::bad_length:
                return "wrong length";
            case error::refused:
                return "refused by the server";
            case error::bad_handshake:
                return "not an Engine.IO server";
            case error::no_transport:
                return "no transport";
            case error::closed:
                return "the server ended the session";
        }
        return "unknown error";
    }
};

}  // namespace detail

inline std::string_view to_string(refusal why) noexcept {
    switch (why) {
        case refusal::unknown_transport:
            return "Transport unknown";
        case refusal::unknown_session:
            return "Session ID unknown";
        case refusal::bad_handshake_method:
            return "Bad handshake method";
        case refusal::bad_request:
            return "Bad request";
        case refusal::forbidden:
            return "Forbidden";
        case refusal::unsupported_protocol:
            return "Unsupported protocol version";
    }
    return "Bad request";
}

inline std::string_view to_string(close_reason why) noexcept {
    switch (why) {
        case close_reason::transport_error:
            return "transport error";
        case close_reason::transport_close:
            return "transport close";
        case close_reason::forced_close:
            return "forced close";
        case close_reason::ping_timeout:
            return "ping timeout";
        case close_reason::parse_error:
            return "parse error";
        case close_reason::server_shutting_down:
            return "server shutting down";
    }
    return "transport error";
}

inline boost::system::error_category const& error_category() noexcept {
    static detail::engineio_error_category const category;
    return category;
}

inline error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks::engineio

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::engineio::error> : std::true_type {};
/// @endcond
