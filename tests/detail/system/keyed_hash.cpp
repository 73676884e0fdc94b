// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/keyed_hash.hpp>

#include <string>

#include "support/catch.hpp"

using httphooks::detail::keyed_hash;

TEST_CASE("the keyed hash gives the vectors of its paper") {
    keyed_hash const hash(0x0706050403020100u, 0x0f0e0d0c0b0a0908u);
    std::string bytes;
    for (char c = 0; c < 15; ++c) bytes += c;
    CHECK(hash("") == 0x726fdb47dd0e0e31u);
    CHECK(hash(bytes) == 0xa129ca6149be45e5u);
    CHECK(hash(bytes.substr(0, 8)) == 0x93f5f5799a932462u);
}

TEST_CASE("two keyed hashes differ") {
    CHECK(keyed_hash()("a") != keyed_hash()("a"));
    CHECK(keyed_hash()("a") != keyed_hash()("b"));
}
