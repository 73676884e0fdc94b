// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/websocket/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>

namespace ws = httphooks::websocket;

TEST_CASE("every error of WebSocket has a message of its own") {
    std::set<std::string> messages;
    for (int i = 1; i <= static_cast<int>(ws::error::closed); ++i)
        messages.insert(make_error_code(static_cast<ws::error>(i)).message());
    CHECK(messages.size() == static_cast<std::size_t>(ws::error::closed));
    CHECK(messages.count("unknown error") == 0);
    CHECK(make_error_code(static_cast<ws::error>(999)).message() == "unknown error");
}

TEST_CASE("an error of WebSocket becomes an error code of its category") {
    httphooks::error_code const ec = ws::error::closed;
    CHECK(ec == ws::error::closed);
    CHECK(std::string(ec.category().name()) == "httphooks.websocket");
}
