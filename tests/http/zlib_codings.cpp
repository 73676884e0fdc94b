// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/zlib_codings.hpp>

#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/codings.hpp"

namespace hh = httphooks;
using hh::http::decoded;
using support::encoded;

TEST_CASE("gzip and deflate give back what they were given, in any steps and within limits") {
    for (auto const& coding : {hh::http::gzip(), hh::http::deflate(), hh::http::gzip(1)})
        support::check_coding(*coding);
}

TEST_CASE("what gzip and deflate flush can be read at once") {
    support::check_flushes(*hh::http::gzip());
    support::check_flushes(*hh::http::deflate(9));
}

TEST_CASE("gzip and deflate have the formats of their names") {
    CHECK(hh::http::gzip()->name() == "gzip");
    CHECK(hh::http::deflate()->name() == "deflate");
    CHECK(encoded(*hh::http::gzip(), "abc").starts_with("\x1f\x8b\x08"));
    CHECK(encoded(*hh::http::deflate(), "abc").starts_with("\x78"));
    std::string out;
    CHECK(hh::http::deflate()->decode(encoded(*hh::http::gzip(), "abc"), 9, out) ==
          decoded::broken);
}

TEST_CASE("members of gzip that follow each other are one body") {
    auto const gzip = hh::http::gzip();
    std::string const two = encoded(*gzip, "one ") + encoded(*gzip, "two");
    for (std::size_t step = 1; step <= two.size(); ++step)
        CHECK(support::decoded_in_steps(*gzip, two, step) == "one two");
    std::string out;
    CHECK(gzip->decode(two, 6, out) == decoded::too_big);
    CHECK(gzip->decode(two + "x", 99, out) == decoded::broken);
    std::string const streams =
        encoded(*hh::http::deflate(), "a") + encoded(*hh::http::deflate(), "b");
    CHECK(hh::http::deflate()->decode(streams, 9, out) == decoded::broken);
}

TEST_CASE("a level of gzip and deflate is 1 to 9") {
    for (int const level : {0, -1, 10}) {
        CHECK_THROWS_AS(hh::http::gzip(level), std::invalid_argument);
        CHECK_THROWS_AS(hh::http::deflate(level), std::invalid_argument);
    }
    std::string const text = support::some_text(100'000);
    CHECK(encoded(*hh::http::gzip(9), text).size() < encoded(*hh::http::gzip(1), text).size());
}
