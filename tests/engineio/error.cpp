// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>
#include <string_view>

namespace eio = httphooks::engineio;

TEST_CASE("every error of Engine.IO has a message of its own") {
    std::set<std::string> messages;
    for (int i = 1; i <= static_cast<int>(eio::error::closed); ++i)
        messages.insert(make_error_code(static_cast<eio::error>(i)).message());
    CHECK(messages.size() == static_cast<std::size_t>(eio::error::closed));
    CHECK(messages.count("unknown error") == 0);
    CHECK(make_error_code(static_cast<eio::error>(999)).message() == "unknown error");
}

TEST_CASE("an error of Engine.IO becomes an error code of its category") {
    httphooks::error_code const ec = eio::error::closed;
    CHECK(ec == eio::error::closed);
    CHECK(std::string(ec.category().name()) == "httphooks.engineio");
}

TEST_CASE("refusals have the numbers and the texts of engine.io") {
    std::string_view const texts[] = {
        "Transport unknown", "Session ID unknown", "Bad handshake method",
        "Bad request",       "Forbidden",          "Unsupported protocol version"};
    for (int i = 0; i < 6; ++i) CHECK(to_string(static_cast<eio::refusal>(i)) == texts[i]);
}

TEST_CASE("the ends of sessions are said in the words of engine.io") {
    using why = eio::close_reason;
    CHECK(to_string(why::transport_error) == "transport error");
    CHECK(to_string(why::transport_close) == "transport close");
    CHECK(to_string(why::forced_close) == "forced close");
    CHECK(to_string(why::ping_timeout) == "ping timeout");
    CHECK(to_string(why::parse_error) == "parse error");
    CHECK(to_string(why::server_shutting_down) == "server shutting down");
}
