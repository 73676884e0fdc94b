// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/observer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

struct observer_fixture : fixture {
    observer_fixture() {
        hooks.get("/*", [](auto& c) { return text("r ", to_string(c.origin().transport())); });
    }

    /// What a request through the observer gives: its reply's body, or the error.
    std::string next(observer o) {
        std::string result;
        o.on_next(make_request(verb::get, "/"), origin(transport::inject),
                  [&](error_code ec, response r) { result = ec ? ec.message() : r.body(); });
        CHECK(result.empty());
        context.restart();
        context.run();
        return result;
    }
};

}  // namespace

TEST_CASE("an observer dispatches requests") {
    observer_fixture t;
    observer o = t.hooks.observer();
    CHECK(t.next(o) == "r inject");
    CHECK_FALSE(o.stopped());
}

TEST_CASE("an observer that was completed takes no more requests; the registry lives on") {
    observer_fixture t;
    observer o = t.hooks.observer();
    observer const copy = o;
    observer const other = t.hooks.observer();
    o.on_completed();
    CHECK(o.stopped() == error::observer_stopped);
    CHECK(t.next(o) == "the observer has stopped");
    CHECK(t.next(copy) == "the observer has stopped");
    CHECK(t.next(other) == "r inject");
    CHECK(t.get("/").body() == "r inject");
    o.on_error(asio::error::eof);
    CHECK(o.stopped() == error::observer_stopped);
}

TEST_CASE("an observer that was stopped by an error completes with it") {
    observer_fixture t;
    observer o = t.hooks.observer();
    o.on_error(asio::error::eof);
    o.on_completed();
    CHECK(o.stopped() == asio::error::eof);
    CHECK(t.next(o) == make_error_code(asio::error::eof).message());
    observer unclear = t.hooks.observer();
    unclear.on_error({});
    CHECK(unclear.stopped() == error::observer_stopped);
}

TEST_CASE("a request that was taken is answered, though the observer stops") {
    fixture t;
    t.hooks.get("/*", [](auto&) -> asio::awaitable<std::string> {
        co_await turns(3);
        co_return "r";
    });
    observer o = t.hooks.observer();
    std::string body;
    o.on_next(make_request(verb::get, "/"), {}, [&](error_code, response r) { body = r.body(); });
    t.context.poll_one();
    o.on_completed();
    t.context.run();
    CHECK(body == "r");
}

TEST_CASE("a coroutine awaits what an observer is given") {
    observer_fixture t;
    auto const client = [&](observer o) -> asio::awaitable<void> {
        auto next = o.on_next(make_request(verb::get, "/"));
        t.log.add((co_await std::move(next)).body());
        o.on_completed();
        auto last =
            o.on_next(make_request(verb::get, "/"), {}, asio::as_tuple(asio::use_awaitable));
        auto const [ec, r] = co_await std::move(last);
        t.log.add(ec.message());
    };
    asio::co_spawn(t.context, client(t.hooks.observer()), asio::detached);
    t.context.run();
    CHECK(t.log.text() == "r http the observer has stopped");
}
