// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/engineio/content_coding.hpp>

#include "support/catch.hpp"

#include <string_view>

namespace eio = httphooks::engineio;

TEST_CASE("The coding that a client prefers is taken, with its quality values") {
    auto const coding = [](std::string_view accepted) {
        return to_string(eio::preferred_coding(accepted));
    };
    CHECK(coding("") == "identity");
    CHECK(coding("gzip") == "gzip");
    CHECK(coding("GZIP") == "gzip");
    CHECK(coding("deflate") == "deflate");
    CHECK(coding("gzip, deflate, br") == "gzip");
    CHECK(coding("deflate, gzip") == "deflate");
    CHECK(coding("br") == "identity");
    CHECK(coding("identity, br;q=1") == "identity");
    CHECK(coding("gzip;q=0.5, deflate;q=0.8") == "deflate");
    CHECK(coding("gzip;q=0.5,deflate;q=0.500") == "gzip");
    CHECK(coding("gzip ; q=0.001") == "gzip");
    CHECK(coding("gzip;q=0") == "identity");
    CHECK(coding("gzip;q=0, *") == "deflate");
    CHECK(coding("*") == "gzip");
    CHECK(coding("*;q=0") == "identity");
    CHECK(coding("*;q=0, deflate") == "deflate");
    CHECK(coding("*, deflate") == "deflate");
    CHECK(coding("*;q=0.9, deflate;q=0.1") == "gzip");
    CHECK(coding("identity;q=1, gzip;q=0.5") == "gzip");
    for (auto const* bad : {"gzip;q=x", "gzip;q=", "gzip;q=2", "gzip;q=1.1", "gzip;q=-1",
                            "gzip;q=0.1234", "gzip;q=01", ",,;;", "gzip deflate"}) {
        CAPTURE(bad);
        CHECK(coding(bad) == "identity");
    }
}
