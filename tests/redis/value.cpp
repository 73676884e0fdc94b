// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/value.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace redis = httphooks::redis;
using redis::value;
using redis::value_kind;

TEST_CASE("a value of Redis is nothing, a text, a number or a list") {
    CHECK(value().is_null());
    CHECK(value("x").is_string());
    CHECK(value("x").text() == "x");
    CHECK(value("ERR x", value_kind::error).is_error());
    CHECK(value("OK", value_kind::status).kind() == value_kind::status);
    CHECK(value(7).number() == 7);
    CHECK(value(7).text().empty());

    std::vector<value> list;
    list.emplace_back(1);
    list.emplace_back("two");
    value const array(std::move(list));
    CHECK(array.is_array());
    CHECK(array.size() == 2);
    CHECK(array[0].number() == 1);
    CHECK(array[1].text() == "two");
    CHECK(array[2].is_null());
    CHECK(array[2][5].is_null());
    CHECK(array.elements().size() == 2);
    CHECK(array != value());
    CHECK(array == value(array));
}

TEST_CASE("a text of Redis that is a number can be read as one") {
    CHECK(value("-12").number() == -12);
    CHECK(value("9223372036854775807").number() == std::numeric_limits<std::int64_t>::max());
    CHECK_FALSE(value("9223372036854775808").number());
    CHECK_FALSE(value("1x").number());
    CHECK_FALSE(value("").number());
    CHECK_FALSE(value().number());
}
