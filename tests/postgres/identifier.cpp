// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/postgres/identifier.hpp>

#include <httphooks/postgres/error.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace postgres = httphooks::postgres;

TEST_CASE("names of PostgreSQL are quoted, so that nothing in them is SQL") {
    CHECK(*postgres::quote_identifier("books") == "\"books\"");
    CHECK(*postgres::quote_identifier("a\"; DROP TABLE b; --") == "\"a\"\"; DROP TABLE b; --\"");
    CHECK(*postgres::quote_identifier(std::string(63, '"')) == '"' + std::string(126, '"') + '"');
    CHECK(*postgres::quote_identifier("ü\\'") == "\"ü\\'\"");
}

TEST_CASE("what cannot be a name of PostgreSQL is refused") {
    using namespace std::string_view_literals;
    std::string const long_one(64, 'x');
    for (std::string_view const bad : {""sv, std::string_view(long_one), "a\0b"sv, "\xff"sv})
        CHECK(postgres::quote_identifier(bad).error() == postgres::error::invalid_identifier);
}
