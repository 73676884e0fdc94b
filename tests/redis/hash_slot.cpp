// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/hash_slot.hpp>

#include "support/catch.hpp"

using httphooks::redis::hash_slot;

TEST_CASE("the slot of a key is its CRC-16") {
    // Redis cluster specification, appendix A
    CHECK(hash_slot("123456789") == 0x31c3);
    // CLUSTER KEYSLOT of redis-server 7.0
    CHECK(hash_slot("") == 0);
    CHECK(hash_slot("foo") == 12182);
    CHECK(hash_slot("somekey") == 11058);
    CHECK(hash_slot("socket.io#/#") == 13868);
}

TEST_CASE("of a key with a hash tag only that counts") {
    CHECK(hash_slot("{user1000}.following") == hash_slot("user1000"));
    CHECK(hash_slot("{user1000}.followers") == hash_slot("user1000"));
    CHECK(hash_slot("foo{{bar}}zap") == hash_slot("{bar"));
    CHECK(hash_slot("foo{bar}{zap}") == hash_slot("bar"));
    // these are none
    CHECK(hash_slot("foo{}{bar}") == 8363);
    CHECK(hash_slot("foo{bar") != hash_slot("bar"));
    CHECK(hash_slot("foo}bar{") != hash_slot("bar"));
}
