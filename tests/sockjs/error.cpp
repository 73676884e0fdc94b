// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>

namespace hh = httphooks;
namespace sockjs = httphooks::sockjs;

TEST_CASE("every error of SockJS has a message of its own") {
    std::set<std::string> messages;
    for (int i = 1; i <= static_cast<int>(sockjs::error::closed); ++i)
        messages.insert(make_error_code(static_cast<sockjs::error>(i)).message());
    CHECK(messages.size() == static_cast<std::size_t>(sockjs::error::closed));
    CHECK(messages.count("unknown error") == 0);
    CHECK(make_error_code(static_cast<sockjs::error>(999)).message() == "unknown error");
}

TEST_CASE("an error of SockJS becomes an error code of its category") {
    hh::error_code const ec = sockjs::error::broken_encoding;
    CHECK(ec == sockjs::error::broken_encoding);
    CHECK(std::string(ec.category().name()) == "httphooks.sockjs");
    CHECK(ec.message() == "Broken JSON encoding.");
}
