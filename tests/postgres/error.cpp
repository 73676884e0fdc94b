// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/postgres/error.hpp>

#include <httphooks/error.hpp>

#include <set>
#include <string>

#include "support/catch.hpp"

TEST_CASE("each error of PostgreSQL says something else") {
    namespace postgres = httphooks::postgres;
    std::set<std::string> all;
    int const last = static_cast<int>(postgres::error::copy_not_supported);
    for (int i = 1; i <= last; ++i)
        all.insert(httphooks::error_code(i, postgres::error_category()).message());
    CHECK(all.size() == static_cast<std::size_t>(last));
    CHECK_FALSE(all.contains("unknown error"));
    httphooks::error_code const ec = postgres::error::refused;
    CHECK(ec.category().name() == std::string("httphooks.postgres"));
    CHECK(httphooks::error_code(99, postgres::error_category()).message() == "unknown error");
}
