// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/timer_wheel.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

using httphooks::http::detail::timer_wheel;

TEST_CASE("a deadline fires once, at its tick") {
    timer_wheel w;
    timer_wheel::entry e;
    int fired = 0;
    w.set(e, 3);
    auto const count = [&](timer_wheel::entry&) { ++fired; };
    w.advance(2, count);
    CHECK(fired == 0);
    w.advance(3, count);
    CHECK(fired == 1);
    w.advance(1000, count);
    CHECK(fired == 1);
}

TEST_CASE("a deadline may be postponed, brought forward, or dropped") {
    timer_wheel w;
    timer_wheel::entry e;
    int fired = 0;
    auto const count = [&](timer_wheel::entry&) { ++fired; };
    w.set(e, 5);
    w.set(e, 2000);
    w.advance(1999, count);
    CHECK(fired == 0);
    w.set(e, 2001);
    w.advance(2000, count);
    CHECK(fired == 0);
    w.advance(2001, count);
    CHECK(fired == 1);
    w.set(e, 4000);
    w.set(e, 2003);
    w.advance(2003, count);
    CHECK(fired == 2);
    w.set(e, 2005);
    w.cancel(e);
    w.advance(3000, count);
    CHECK(fired == 2);
}

TEST_CASE("an entry that fires may set itself and others, or drop them") {
    timer_wheel w;
    timer_wheel::entry a;
    timer_wheel::entry b;
    int fired = 0;
    w.set(a, 1);
    w.set(b, 1);
    auto const act = [&](timer_wheel::entry& e) {
        ++fired;
        w.cancel(&e == &a ? b : a);
        w.set(e, w.now());
    };
    w.advance(1, act);
    CHECK(fired == 1);
    w.advance(2, act);
    CHECK(fired == 2);
    w.cancel(a);
    w.cancel(b);
}

TEST_CASE("many deadlines fire in order of their ticks") {
    std::mt19937 random(1);
    timer_wheel w;
    std::vector<timer_wheel::entry> entries(500);
    std::map<timer_wheel::entry*, timer_wheel::tick> due;
    for (auto& e : entries) {
        due[&e] = static_cast<timer_wheel::tick>(1 + random() % 2000);
        w.set(e, due[&e]);
    }
    bool in_time = true;
    for (timer_wheel::tick t = 1; t <= 2000; ++t)
        w.advance(t, [&](timer_wheel::entry& e) {
            in_time = in_time && due.at(&e) == t && due.erase(&e);
        });
    CHECK(in_time);
    CHECK(due.empty());
}

TEST_CASE("a duration has passed for certain after its ticks") {
    using std::chrono::milliseconds;
    CHECK(timer_wheel::ticks(milliseconds(0)) == 1);
    CHECK(timer_wheel::ticks(milliseconds(50)) == 2);
    CHECK(timer_wheel::ticks(milliseconds(99)) == 2);
    CHECK(timer_wheel::ticks(milliseconds(-5)) == 1);
}
