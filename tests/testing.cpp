// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/testing.hpp>

#include <boost/beast/http/dynamic_body.hpp>

#include <thread>

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
