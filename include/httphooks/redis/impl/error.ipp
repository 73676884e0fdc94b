// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/error.hpp>

#include <string>

namespace httphooks::redis {

namespace detail {

class redis_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks.redis"; }

    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::invalid_url:
                return "not the URL of a Redis server";
            case error::error_reply:
                return "Redis has answered with an error";
            case error::connection_lost:
                return "the connection to Redis was lost";
            case error::not_connected:
                return "there is no connection to Redis";
            case error::queue_full:
                return "too much waits for Redis";
            case error::dropped:
                return "dropped, because too much waits for Redis";
            case error::closed:
                return "the connection to Redis was closed";
            case error::bad_reply:
                return "Redis has sent what is no reply";
            case error::reply_limit:
                return "a reply of Redis exceeds a limit";
            case error::authentication_failed:
                return "Redis refuses the user or the password";
            case error::not_ready:
                return "Redis is not ready";
            case error::redirection_limit:
                return "the nodes of a Redis cluster do not agree";
        }
        return "unknown error";
    }
};

}  // namespace detail

HTTPHOOKS_DECL boost::system::error_category const& error_category() noexcept {
    static detail::redis_error_category const category;
    return category;
}

HTTPHOOKS_DECL error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks::redis
