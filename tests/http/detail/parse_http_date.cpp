// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/parse_http_date.hpp>

#include "support/catch.hpp"

#include <ctime>

using httphooks::http::detail::parse_http_date;

TEST_CASE("a date is read in each of the three forms") {
    std::time_t const wanted = 784111777;
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == wanted);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == wanted);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == wanted);
}

TEST_CASE("a year of two digits is of the century that is not far ahead") {
    std::time_t const in_2020 = 1'577'836'800;
    CHECK(parse_http_date("Wednesday, 01-Jan-20 00:00:00 GMT", in_2020) == in_2020);
    CHECK(parse_http_date("Friday, 31-Dec-99 23:59:59 GMT", in_2020) == 946'684'799);
}

TEST_CASE("what is no date is none") {
    for (auto const* text :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
          "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
          "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "784111777"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_http_date(text));
    }
}
