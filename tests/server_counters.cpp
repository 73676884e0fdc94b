// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/server_counters.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/refusals.hpp"

using httphooks::server_counters;

TEST_CASE("sessions that are there and that have been are counted") {
    server_counters c;
    c.open_session();
    c.open_session();
    c.end_session();
    CHECK(c.sessions() == 1);
    CHECK(c.opened() == 2);
}

TEST_CASE("refusals are counted by reason, in alphabetical order") {
    server_counters c;
    CHECK(c.refusals().empty());
    c.refuse("b");
    c.refuse("a");
    c.refuse("b");
    CHECK(support::refusals(c) == "a: 1; b: 2");
}

TEST_CASE("what waits is the sum over clients, and goes with them") {
    server_counters c;
    std::optional<server_counters::backlog> one(&c);
    server_counters::backlog two(&c);
    one->set(100);
    two.set(11);
    CHECK(c.waiting_bytes() == 111);
    one->set(30);
    CHECK(c.waiting_bytes() == 41);
    one.reset();
    CHECK(c.waiting_bytes() == 11);
    two.set(0);
    CHECK(c.waiting_bytes() == 0);
    server_counters::backlog(nullptr).set(5);
    CHECK(c.waiting_bytes() == 0);
}

TEST_CASE("bodies in memory are told as they are, and the most that they have been") {
    server_counters c;
    c.set_bodies(100, 0);
    c.set_bodies(300, 2);
    c.set_bodies(200, 1);
    CHECK(c.body_bytes() == 200);
    CHECK(c.peak_body_bytes() == 300);
    CHECK(c.paused_bodies() == 1);
}

TEST_CASE("threads count together") {
    server_counters c;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&c] {
            server_counters::backlog mine(&c);
            for (std::size_t n = 1; n <= 1000; ++n) {
                c.drop();
                c.refuse("x");
                mine.set(n);
            }
        });
    for (auto& t : threads) t.join();
    CHECK(c.dropped() == 4000);
    CHECK(support::refusals(c) == "x: 4000");
    CHECK(c.waiting_bytes() == 0);
}
