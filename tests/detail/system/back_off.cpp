// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/back_off.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

#include "support/catch.hpp"

using httphooks::detail::back_off;
using namespace std::chrono_literals;

namespace {

struct reconnection {
    std::chrono::milliseconds reconnect_delay{100};
    std::chrono::milliseconds reconnect_delay_max{2'000};
    double reconnect_jitter = 0.5;
};

}  // namespace

TEST_CASE("the delay before a connection doubles up to the longest") {
    reconnection const o;
    CHECK(back_off(o, 0, 0) == 100ms);
    CHECK(back_off(o, 1, 0) == 200ms);
    CHECK(back_off(o, 4, 0) == 1600ms);
    CHECK(back_off(o, 5, 0) == 2000ms);
    CHECK(back_off(o, 4'000'000'000, 0) == 2000ms);
}

TEST_CASE("a part of the delay is left to chance") {
    reconnection o;
    CHECK(back_off(o, 0, std::numeric_limits<std::uint32_t>::max() / 2 + 1) == 75ms);
    CHECK(back_off(o, 0, std::numeric_limits<std::uint32_t>::max()) == 50ms);
    o.reconnect_jitter = 7;
    CHECK(back_off(o, 5, std::numeric_limits<std::uint32_t>::max()) == 0ms);
    o.reconnect_jitter = -1;
    CHECK(back_off(o, 5, std::numeric_limits<std::uint32_t>::max()) == 2000ms);
}

TEST_CASE("delays that are none are none") {
    reconnection o;
    o.reconnect_delay = -5ms;
    CHECK(back_off(o, 3, 0) == 0ms);
    o.reconnect_delay = 100ms;
    o.reconnect_delay_max = -1ms;
    CHECK(back_off(o, 3, 0) == 0ms);
}
