// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/error.hpp>

#include <set>
#include <string>

#include "support/catch.hpp"

using namespace httphooks;

TEST_CASE("an enumerator of error converts to an error code of the category httphooks") {
    error_code const ec = error::invalid_target;
    CHECK(ec);
    CHECK(ec == error::invalid_target);
    CHECK(ec.category() == error_category());
    CHECK(std::string(ec.category().name()) == "httphooks");
}

TEST_CASE("every error has a text of its own") {
    std::set<std::string> texts;
    int value = 1;
    for (; value <= static_cast<int>(error::json_depth); ++value) {
        std::string const text = make_error_code(static_cast<error>(value)).message();
        CHECK(text != "unknown error");
        texts.insert(text);
    }
    CHECK(texts.size() == static_cast<std::size_t>(value - 1));
    CHECK(make_error_code(static_cast<error>(value)).message() == "unknown error");
}
