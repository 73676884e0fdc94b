// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/error.hpp>

#include <set>
#include <string>

#include "support/catch.hpp"

namespace redis = httphooks::redis;

TEST_CASE("each error of Redis has words of its own") {
    std::set<std::string> words;
    int const last = static_cast<int>(redis::error::redirection_limit);
    for (int i = 1; i <= last; ++i) {
        httphooks::error_code const e = static_cast<redis::error>(i);
        CHECK(e.category() == redis::error_category());
        CHECK(words.insert(e.message()).second);
        CHECK(e.message() != "unknown error");
    }
    CHECK(redis::error_category().message(0) == "unknown error");
    CHECK(std::string(redis::error_category().name()) == "httphooks.redis");
}
