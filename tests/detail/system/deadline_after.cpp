// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/system/deadline_after.hpp>

#include <chrono>

#include "support/catch.hpp"

using httphooks::detail::deadline_after;
using namespace std::chrono_literals;

TEST_CASE("a time-out may be as long as a duration can be") {
    using clock = std::chrono::steady_clock;
    auto const now = clock::time_point(5s);
    CHECK(deadline_after(2s, now) == clock::time_point(7s));
    CHECK(deadline_after(0s, now) == now);
    CHECK(deadline_after(std::chrono::milliseconds::max(), now) == clock::time_point::max());
    CHECK(deadline_after(std::chrono::hours(24 * 365 * 293), now) == clock::time_point::max());
    CHECK(deadline_after(std::chrono::hours(24 * 365 * 200), now) > now);
}
