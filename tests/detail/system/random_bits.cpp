// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/random_bits.hpp>

#include <bit>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using httphooks::detail::random_bits;

TEST_CASE("random bits are half ones, and not the same again when the supply is renewed") {
    std::vector<std::uint32_t> values;
    for (int i = 0; i < 1000; ++i) values.push_back(random_bits::next());
    int ones = 0;
    for (std::uint32_t const v : values) ones += std::popcount(v);
    CHECK(ones > 15'000);
    CHECK(ones < 17'000);
    bool repeats = true;
    for (std::size_t i = 0; i < 64; ++i) repeats = repeats && values[i] == values[i + 64];
    CHECK_FALSE(repeats);
}

TEST_CASE("threads have random bits of their own") {
    std::uint64_t here = 0;
    std::uint64_t there = 0;
    auto const take = [](std::uint64_t& to) {
        to = std::uint64_t{random_bits::next()} << 32 | random_bits::next();
    };
    std::thread other([&] { take(there); });
    other.join();
    take(here);
    CHECK(here != there);
}
