// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Why a WebSocket connection ends, as a number on the wire.
*/

#include <cstdint>
#include <string_view>

namespace httphooks::websocket {

/** The status codes of a close frame. Any value of 3000 to 4999 may be used by applications.
    @par Source
    RFC 6455 7.4.1 and the registry that it opens */
enum class close_code : std::uint16_t {
    /// No code: a close() that sends none; what frame readers say while all is well.
    none = 0,
    /// The purpose of the connection is fulfilled.
    normal = 1000,
    /// A server shuts down, or a page is left.
    going_away = 1001,
    /// The other side broke the protocol.
    protocol_error = 1002,
    /// A type of data that cannot be taken.
    unsupported_data = 1003,
    /// Never sent: the close frame had no code.
    no_status = 1005,
    /// Never sent: the connection ended without a close frame.
    abnormal = 1006,
    /// A text that is not UTF-8.
    invalid_payload = 1007,
    /// A message that breaks a rule of the application's or a limit.
    policy_violation = 1008,
    /// A message that is too large.
    too_big = 1009,
    /// A client misses an extension.
    mandatory_extension = 1010,
    /// A server met a condition that it cannot handle.
    internal_error = 1011,
    /// The service restarts.
    service_restart = 1012,
    /// The service is overloaded.
    try_again_later = 1013,
    /// A gateway got an invalid response.
    bad_gateway = 1014,
};

/// Whether a code may stand in a close frame.
constexpr bool may_be_sent(close_code code) noexcept {
    auto const n = static_cast<std::uint16_t>(code);
    return (n >= 1000 && n <= 1003) || (n >= 1007 && n <= 1014) || (n >= 3000 && n <= 4999);
}

/// What was wrong with what the other side sent, in words; empty for codes that do not say.
constexpr std::string_view to_string(close_code code) noexcept {
    switch (code) {
        case close_code::protocol_error:
            return "Protocol error";
        case close_code::unsupported_data:
            return "Unsupported data";
        case close_code::invalid_payload:
            return "Invalid payload";
        case close_code::policy_violation:
            return "Policy violation";
        case close_code::too_big:
            return "Message too big";
        default:
            return {};
    }
}

}  // namespace httphooks::websocket
