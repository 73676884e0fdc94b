// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/token_buckets.hpp>

#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using httphooks::detail::token_buckets;

TEST_CASE("a bucket gives its tokens, and gets them back one after another") {
    token_buckets b(8);
    for (int i = 1; i <= 3; ++i) {
        auto const a = b.take(7, 1000, 10, 30);
        CHECK(a.allowed);
        CHECK(a.until_full == 10 * i);
        CHECK(a.until_next == 0);
    }
    auto a = b.take(7, 1001, 10, 30);
    CHECK_FALSE(a.allowed);
    CHECK(a.until_next == 9);
    CHECK(a.until_full == 29);
    CHECK_FALSE(b.take(7, 1009, 10, 30).allowed);
    CHECK(b.take(7, 1010, 10, 30).allowed);
    CHECK_FALSE(b.take(7, 1010, 10, 30).allowed);
    a = b.take(7, 5000, 10, 30);
    CHECK(a.allowed);
    CHECK(a.until_full == 10);
}

TEST_CASE("buckets of other keys are other buckets, of key 0 and at any time too") {
    token_buckets b(64);
    for (std::uint64_t key = 0; key < 8; ++key) {
        CHECK(b.take(key, -5, 10, 10).allowed);
        CHECK_FALSE(b.take(key, 4, 10, 10).allowed);
        CHECK(b.take(key, 5, 10, 10).allowed);
    }
}

TEST_CASE("when there is no place the bucket that is full first is forgotten") {
    token_buckets b(1);
    REQUIRE(b.size() == 8);
    for (std::uint64_t key = 0; key < 8; ++key)
        for (std::uint64_t n = 0; n < 8 - key; ++n) CHECK(b.take(key, 0, 10, 1000).allowed);
    CHECK(b.take(100, 0, 10, 1000).until_full == 10);
    CHECK(b.take(7, 0, 10, 1000).until_full == 10);  // was forgotten, as 100 is now
    CHECK(b.take(0, 0, 10, 1000).until_full == 90);
    CHECK(b.take(6, 0, 10, 1000).until_full == 30);
}

TEST_CASE("threads that take from one bucket get what is in it, together") {
    token_buckets b(1000);
    std::vector<int> got(4);
    std::vector<std::thread> threads;
    for (int& mine : got)
        threads.emplace_back([&b, &mine] {
            for (int i = 0; i < 1000; ++i) mine += b.take(42, 0, 1, 1500).allowed;
        });
    int all = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        threads[i].join();
        all += got[i];
    }
    CHECK(all == 1500);
}
