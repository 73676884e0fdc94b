// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong when a WebSocket is opened or read, as error codes.
*/

#include <httphooks/error.hpp>

#include <string>
#include <type_traits>

namespace httphooks::websocket {

/// The errors of WebSocket clients; category "httphooks.websocket".
enum class error {
    /// The URL is not one of ws, wss, http or https.
    invalid_url = 1,
    /// The server answered the handshake with a status other than 101.
    refused,
    /// The server's handshake is malformed, or too large.
    bad_handshake,
    /// The server's Sec-WebSocket-Accept does not fit the key.
    bad_accept,
    /// The server chose an extension or a subprotocol that was not offered.
    not_offered,
    /// The connection was closed.
    closed,
};

/// The category of error: name "httphooks.websocket".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

namespace detail {

class websocket_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks.websocket"; }
    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::invalid_url:
                return "invalid URL";
            case error::refused:
                return "the server refused the WebSocket";
            case error::bad_handshake:
                return "malformed handshake";
            case error::bad_accept:
                return "wrong Sec-WebSocket-Accept";
            case error::not_offered:
                return "the server chose what was not offered";
            case error::closed:
                return "the WebSocket is closed";
        }
        return "unknown error";
    }
};

}  // namespace detail

inline boost::system::error_category const& error_category() noexcept {
    static detail::websocket_error_category const category;
    return category;
}

inline error_code make_error_code(error e) noexcept {
    return {static_cast<int>(e), error_category()};
}

}  // namespace httphooks::websocket

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::websocket::error> : std::true_type {};
/// @endcond
