// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/error.hpp>

#include <httphooks/error.hpp>

#include <string>

namespace httphooks::postgres {

namespace detail {

class postgres_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks.postgres"; }

    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::invalid_conninfo:
                return "not a connection string of PostgreSQL";
            case error::invalid_identifier:
                return "not an identifier of PostgreSQL";
            case error::invalid_text:
                return "a text for PostgreSQL has a zero byte";
            case error::query_failed:
                return "PostgreSQL has answered with an error";
            case error::connection_lost:
                return "the connection to PostgreSQL was lost";
            case error::not_connected:
                return "no connection to PostgreSQL";
            case error::queue_full:
                return "too much waits for PostgreSQL";
            case error::dropped:
                return "dropped, because too much waits for PostgreSQL";
            case error::closed:
                return "the connection to PostgreSQL is closed";
            case error::unreachable:
                return "PostgreSQL cannot be reached";
            case error::refused:
                return "PostgreSQL has refused the connection";
            case error::copy_not_supported:
                return "COPY to or from a client is not supported";
        }
        return "unknown error";
    }
};

}  // namespace detail

HTTPHOOKS_DECL boost::system::error_category const& error_category() noexcept {
    static detail::postgres_error_category const category;
    return category;
}

HTTPHOOKS_DECL error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks::postgres
