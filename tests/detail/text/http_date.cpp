// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/text/http_date.hpp>

#include <cstdlib>
#include <ctime>
#include <string>

#include "support/catch.hpp"

using namespace httphooks::detail;

TEST_CASE("a date is written as RFC 9110 5.6.7 has it") {
    CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(http_date(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
    CHECK(http_date(4102444799) == "Thu, 31 Dec 2099 23:59:59 GMT");
    CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("a date is that of strftime, for every day of forty years") {
    for (std::time_t t = 86399; t < 40LL * 366 * 86400; t += 86400 + 61) {
        std::tm tm{};
        gmtime_r(&t, &tm);
        char expected[64];
        std::strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (http_date(t) != expected) CHECK(std::string(http_date(t)) == expected);
    }
}

TEST_CASE("the coarse clock is the system's, give or take a second") {
    std::time_t const before = std::time(nullptr);
    std::time_t const now = coarse_time();
    CHECK(now >= before - 1);
    CHECK(now <= std::time(nullptr) + 1);
}
