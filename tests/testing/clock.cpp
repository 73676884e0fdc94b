// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/timer.hpp>
#include <httphooks/testing/clock.hpp>

#include "support/catch.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace hh = httphooks;
using namespace std::chrono_literals;
using hh::detail::timer;

namespace {

/// Notes when timers complete.
struct timer_log {
    hh::testing::clock& of;
    std::chrono::steady_clock::time_point began = of.now();
    std::vector<std::string> seen{};

    auto note(std::string name) {
        return [this, n = std::move(name)](hh::error_code ec) {
            auto const at = std::chrono::duration_cast<std::chrono::seconds>(of.now() - began);
            seen.push_back(n + (ec ? "!" : "@") + std::to_string(at.count()));
        };
    }
};

}  // namespace

TEST_CASE("timers expire in the order of their times, each at its own time") {
    hh::testing::clock on;
    timer_log log{on};
    timer a(on.get_executor());
    timer b(on.get_executor());
    a.expires_after(20s);
    a.async_wait(log.note("a"));
    b.expires_after(10s);
    b.async_wait(log.note("b"));
    on.advance(9s);
    CHECK(log.seen.empty());
    on.advance(1h);
    CHECK(log.seen == std::vector<std::string>{"b@10", "a@20"});
    CHECK(on.now() - log.began == 1h + 9s);
}

TEST_CASE("what a timer makes ready is done before the next one expires") {
    hh::testing::clock on;
    timer_log log{on};
    timer again(on.get_executor());
    int left = 3;
    std::function<void(hh::error_code)> const step = [&](hh::error_code ec) {
        log.note("t")(ec);
        asio::post(on.get_executor(), [&] {
            if (--left == 0) return;
            again.expires_after(5s);
            again.async_wait(step);
        });
    };
    step({});
    on.advance(1min);
    CHECK(log.seen == std::vector<std::string>{"t@0", "t@5", "t@10"});
    CHECK_FALSE(on.advance_to_next());
}

TEST_CASE("a timer that is cancelled, set anew or destroyed completes with an error, at once") {
    hh::testing::clock on;
    timer_log log{on};
    auto t = std::make_unique<timer>(on.get_executor());
    t->expires_after(1s);
    t->async_wait(log.note("a"));
    t->cancel();
    t->expires_after(2s);
    t->async_wait(log.note("b"));
    t->expires_at(on.now() + 3s);
    t->async_wait(log.note("c"));
    t.reset();
    CHECK(log.seen.empty());
    on.run();
    CHECK(log.seen == std::vector<std::string>{"a!0", "b!0", "c!0"});
}

TEST_CASE("a timer whose time has come already completes in the next run, not in the call") {
    hh::testing::clock on;
    timer_log log{on};
    timer t(on.get_executor());
    t.expires_after(-1s);
    t.async_wait(log.note("t"));
    CHECK(log.seen.empty());
    on.run();
    CHECK(log.seen == std::vector<std::string>{"t@0"});
}

TEST_CASE("the next thing that is due is gone to, however far it is") {
    hh::testing::clock on;
    timer t(on.get_executor());
    bool expired = false;
    t.expires_after(24h * 365);
    t.async_wait([&](hh::error_code) { expired = true; });
    CHECK(on.advance_to_next() == hh::testing::clock::duration(24h * 365));
    CHECK(expired);
}

TEST_CASE("the date goes with the time, from the one that is given") {
    std::chrono::system_clock::time_point const start(1'700'000'000s);
    hh::testing::clock on(start);
    CHECK(on.system_now() == start);
    CHECK(on.seconds() == 1'700'000'000);
    on.advance(90s);
    CHECK(on.system_now() == start + 90s);
    CHECK(on.seconds() == 1'700'000'090);
}

TEST_CASE("time does not go back") {
    hh::testing::clock on;
    CHECK_THROWS_AS(on.advance(-1ms), std::invalid_argument);
}

TEST_CASE("what a handler throws ends up in the call that ran it, and the clock goes on") {
    hh::testing::clock on;
    asio::post(on.get_executor(), [] { throw std::runtime_error("x"); });
    bool ran = false;
    asio::post(on.get_executor(), [&] { ran = true; });
    CHECK_THROWS_AS(on.run(), std::runtime_error);
    on.run();
    CHECK(ran);
}

TEST_CASE("a context without a clock keeps the steady one, beside others that have one") {
    hh::testing::clock other;
    asio::io_context plain;
    timer t(plain.get_executor());
    auto const now = t.now();
    CHECK(now <= std::chrono::steady_clock::now());
    bool expired = false;
    t.expires_after(0s);
    t.async_wait([&](hh::error_code ec) { expired = !ec; });
    plain.run();
    CHECK(expired);
    CHECK_FALSE(other.advance_to_next());
}

TEST_CASE("the end of a clock drops handlers that wait, those too that have timers of their own") {
    auto const kept = std::make_shared<int>(1);
    bool called = false;
    {
        hh::testing::clock on;
        auto t = std::make_shared<timer>(on.get_executor());
        t->expires_after(1h);
        t->async_wait([t, kept, &called](hh::error_code) { called = true; });
    }
    CHECK_FALSE(called);
    CHECK(kept.use_count() == 1);
}
