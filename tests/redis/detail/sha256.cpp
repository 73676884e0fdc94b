// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/detail/sha256.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

std::string sha256_in_hex(std::string_view text) {
    std::string hex;
    for (char const c : httphooks::redis::detail::sha256(text)) {
        hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return hex;
}

}  // namespace

TEST_CASE("digests are those of the standard's examples") {
    CHECK(sha256_in_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_in_hex("abc") ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_in_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256_in_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
