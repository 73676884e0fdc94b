// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/testing.hpp>

#include <boost/beast/http/dynamic_body.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;

TEST_CASE("a request is injected as from the transport inject, unless an origin is given") {
    fixture t;
    t.hooks.get("/*", [](auto& c) { return to_string(c.origin().transport()); });
    CHECK(testing::inject(t.hooks, make_request(verb::get, "/")).body() == "inject");
    CHECK(testing::inject(t.hooks, make_request(verb::get, "/"), origin()).body() == "http");
}

TEST_CASE("injecting waits for the reply and for the listeners, whatever they await") {
    fixture t;
    t.hooks.get("/*", [](auto&) -> asio::awaitable<std::string> {
        co_await pause(std::chrono::milliseconds(2));
        co_return "r";
    });
    t.hooks.response_listener(any_verb, "/*", [&](auto&) -> asio::awaitable<void> {
        co_await pause(std::chrono::milliseconds(2));
        t.log.add("listener");
    });
    CHECK(testing::inject(t.hooks, make_request(verb::get, "/")).body() == "r");
    CHECK(t.log.text() == "listener");
}

TEST_CASE("injecting waits for a hook that another thread completes") {
    fixture t;
    std::thread thread;
    t.hooks.get("/*", [&](auto& c, hook_done done) {
        thread = std::thread([&c, done] {
            c.set_response(text("r"));
            done();
        });
    });
    CHECK(testing::inject(t.hooks, make_request(verb::get, "/")).body() == "r");
    thread.join();
}

TEST_CASE("a hook may inject a request of its own") {
    fixture t;
    t.hooks.get("/outer", [&](auto&) {
        return testing::inject(t.hooks, make_request(verb::get, "/inner")).body() + "!";
    });
    t.hooks.get("/inner", [](auto&) { return "inner"; });
    CHECK(t.get("/outer").body() == "inner!");
}

TEST_CASE("a time limit of a hook is over when the clock says so, and nobody waits for it") {
    using namespace std::chrono_literals;
    journal errors;
    registry hooks(recording(errors));
    testing::clock clock;
    hooks.get("/slow", [](auto&) -> asio::awaitable<void> { co_await forever(); },
              {.time_limit = 5s});
    auto const slow = testing::start(hooks, make_request(verb::get, "/slow"), clock);
    clock.advance(4999ms);
    CHECK_FALSE(slow.ready());
    CHECK_THROWS_AS(slow.get(), std::logic_error);
    clock.advance(1ms);
    REQUIRE(slow.ready());
    CHECK(slow.get().result() == status::gateway_timeout);
    CHECK(errors.size() == 1);
}

TEST_CASE(
    "a registry's own time limit goes by the clock, too, and a hook in time is not hit by it") {
    using namespace std::chrono_literals;
    testing::clock clock;
    journal errors;
    registry hooks(clock.get_executor(), recording(errors, {.time_limit = 1min}));
    std::optional<hook_done> kept;
    hooks.get("/*", [&](auto& c, hook_done done) {
        c.set_response(text("in time"));
        kept = std::move(done);
    });
    auto const first = testing::start(hooks, make_request(verb::get, "/"), clock);
    clock.advance(59s);
    (*kept)();
    clock.run();
    CHECK(first.get().body() == "in time");
    auto const second = testing::start(hooks, make_request(verb::get, "/"), clock);
    CHECK(clock.advance_to_next() == testing::clock::duration(1min));
    CHECK(second.get().result() == status::gateway_timeout);
    CHECK_FALSE(clock.advance_to_next());
}

TEST_CASE("a request whose reply takes no time is injected on a clock") {
    testing::clock clock;
    registry hooks;
    hooks.get("/*", [](auto&) -> asio::awaitable<std::string> {
        co_await turns(3);
        co_return "r";
    });
    CHECK(testing::inject(hooks, make_request(verb::get, "/"), clock).body() == "r");
    std::optional<hook_done> kept;
    hooks.post("/*", [&](auto&, hook_done done) { kept = std::move(done); });
    CHECK_THROWS_AS(testing::inject(hooks, make_request(verb::post, "/"), clock), std::logic_error);
}

TEST_CASE("the Date of a reply goes by a clock that the registry is given") {
    testing::clock clock(
        std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)));
    registry_options o;
    o.clock = [&] { return clock.seconds(); };
    registry hooks(o);
    hooks.get("/*", [](auto&) { return "r"; });
    auto const date = [&] {
        auto const reply = testing::inject(hooks, make_request(verb::get, "/"), clock);
        return std::string(reply[field::date]);
    };
    CHECK(date() == "Tue, 14 Nov 2023 22:13:20 GMT");
    clock.advance(std::chrono::seconds(90));
    CHECK(date() == "Tue, 14 Nov 2023 22:14:50 GMT");
}
