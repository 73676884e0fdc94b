// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/postgres/detail/back_off.hpp>

#include <chrono>

#include "support/catch.hpp"

TEST_CASE("the delay before PostgreSQL is tried again doubles, and is left to chance in part") {
    using namespace std::chrono_literals;
    using httphooks::postgres::detail::back_off;
    httphooks::postgres::options o;
    CHECK(back_off(o, 0, 0) == 100ms);
    CHECK(back_off(o, 1, 0) == 200ms);
    CHECK(back_off(o, 4, 0) == 1600ms);
    CHECK(back_off(o, 5, 0) == 2000ms);
    CHECK(back_off(o, 1'000'000, 0) == 2000ms);
    CHECK(back_off(o, 0, 0x8000'0000u) == 75ms);
    CHECK(back_off(o, 0, 0xffff'ffffu) == 50ms);
    o.reconnect_jitter = 7;
    CHECK(back_off(o, 0, 0xffff'ffffu) == 0ms);
    o.reconnect_delay = -1ms;
    CHECK(back_off(o, 3, 0) == 0ms);
}
