// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/websocket/detail/sha1.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

namespace {

std::string hex_of(std::string_view text) {
    std::string out;
    for (char const c : httphooks::websocket::detail::sha1(text)) {
        auto const byte = static_cast<unsigned char>(c);
        out.push_back("0123456789abcdef"[byte >> 4]);
        out.push_back("0123456789abcdef"[byte & 15]);
    }
    return out;
}

}  // namespace

TEST_CASE("SHA-1 gives the digests that FIPS 180 publishes") {
    CHECK(hex_of("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex_of("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hex_of(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}
