// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/error.hpp>

#include <httphooks/error.hpp>

#include <string>
#include <string_view>

namespace httphooks::engineio {

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

HTTPHOOKS_DECL std::string_view to_string(refusal why) noexcept {
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

HTTPHOOKS_DECL std::string_view to_string(close_reason why) noexcept {
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

HTTPHOOKS_DECL boost::system::error_category const& error_category() noexcept {
    static detail::engineio_error_category const category;
    return category;
}

HTTPHOOKS_DECL error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks::engineio
