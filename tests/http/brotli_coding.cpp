// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/brotli_coding.hpp>

#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/codings.hpp"

namespace hh = httphooks;

TEST_CASE("brotli gives back what it was given, in any steps and within limits") {
    for (int const quality : {0, 1, 4}) support::check_coding(*hh::http::brotli(quality));
}

TEST_CASE("what brotli flushes can be read at once") {
    for (int const quality : {1, 4}) support::check_flushes(*hh::http::brotli(quality));
}

TEST_CASE("brotli's quality is 0 to 11") {
    CHECK(hh::http::brotli()->name() == "br");
    CHECK_THROWS_AS(hh::http::brotli(-1), std::invalid_argument);
    CHECK_THROWS_AS(hh::http::brotli(12), std::invalid_argument);
}
