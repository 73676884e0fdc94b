// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/error.hpp>

#include <httphooks/error.hpp>

#include <string>

namespace httphooks::sockjs {

namespace detail {

class sockjs_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks.sockjs"; }

    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::payload_expected:
                return "Payload expected.";
            case error::broken_encoding:
                return "Broken JSON encoding.";
            case error::cannot_connect:
                return "cannot connect to server";
            case error::no_transport:
                return "all transports failed";
            case error::transport_timeout:
                return "transport timed out";
            case error::sending_failed:
                return "sending failed";
            case error::closed:
                return "the connection is closed";
        }
        return "unknown error";
    }
};

}  // namespace detail

HTTPHOOKS_DECL boost::system::error_category const& error_category() noexcept {
    static detail::sockjs_error_category const category;
    return category;
}

HTTPHOOKS_DECL error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks::sockjs
