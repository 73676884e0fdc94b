// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/exchange.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>
#include <thread>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

struct counting_sink final : reply_sink {
    int calls = 0;
    std::string body{};
    void on_reply(exchange& ex) noexcept override {
        ++calls;
        body = ex.reply().body();
        ex.handed_over();
    }
};

/// A fixture as a transport uses the hooks.
struct transport_fixture : fixture {
    std::unique_ptr<detail::exchange_factory> loop = hooks.make_loop();
    counting_sink sink{};

    using fixture::fixture;

    exchange_ptr make(std::string_view target, verb method = verb::get) {
        exchange_ptr ex = loop->make_exchange(context.get_executor(), &sink);
        ex->incoming() = make_request(method, target);
        return ex;
    }
};

}  // namespace

TEST_CASE("an exchange whose hooks complete in place is ready when it was started") {
    transport_fixture t;
    t.hooks.get("/*", [](auto&) { return "in place"; });
    t.hooks.get("/done", [](auto& c, auto done) {
        c.set_response(text("x"));
        done();
    });
    exchange_ptr const ex = t.make("/a");
    CHECK(ex->id() == 0);
    CHECK(t.hooks.stats().exchanges == 0);
    REQUIRE(ex->start());
    CHECK(ex->id() != 0);
    CHECK(ex->reply().body() == "in place");
    CHECK(t.hooks.stats().exchanges == 1);
    ex->handed_over();
    CHECK(t.hooks.stats().exchanges == 0);
    CHECK(t.make("/done")->start());
    CHECK(t.sink.calls == 0);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("the reply of an exchange is without framing, and has a body for HEAD too") {
    transport_fixture t;
    t.hooks.get("/*", [](auto&) { return "body"; });
    exchange_ptr const ex = t.make("/a", verb::head);
    REQUIRE(ex->start());
    CHECK(ex->head());
    CHECK(ex->keep_alive());
    CHECK(ex->reply().body() == "body");
    CHECK(ex->reply().wire() == "Content-Type: text/plain; charset=utf-8\r\n");
}

TEST_CASE("a later reply comes to the sink, once") {
    transport_fixture t;
    t.hooks.get("/*", [](auto&) -> asio::awaitable<std::string> {
        co_await turns(3);
        co_return "later";
    });
    exchange_ptr const ex = t.make("/a");
    CHECK_FALSE(ex->start());
    CHECK(t.sink.calls == 0);
    t.context.run();
    CHECK(t.sink.calls == 1);
    CHECK(t.sink.body == "later");
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("a coroutine that awaits nothing completes in place") {
    transport_fixture t;
    t.hooks.get("/*", [](auto&) -> asio::awaitable<std::string> { co_return "in place"; });
    bool ready = false;
    asio::post(t.context, [&] {
        exchange_ptr const ex = t.make("/a");
        ready = ex->start();
        CHECK(ex->reply().body() == "in place");
    });
    t.context.run();
    CHECK(ready);
}

TEST_CASE("a coroutine that completed in place leaves the cancellation of the next one alone") {
    transport_fixture t;
    t.hooks.get("/place", [](auto&) -> asio::awaitable<std::string> { co_return "in place"; });
    t.hooks.get("/later", [&](auto&) -> asio::awaitable<void> {
        try {
            co_await forever();
        } catch (system_error const& e) {
            t.log.add(e.code().message());
        }
    });
    exchange_ptr waiting;
    asio::post(t.context, [&] {
        CHECK(t.make("/place")->start());
        waiting = t.make("/later");
        CHECK_FALSE(waiting->start());
    });
    t.context.poll();
    waiting->cancel();
    t.context.run_for(5s);
    CHECK(t.log.text() == "Operation canceled");
}

TEST_CASE("after a cancellation the sink is not called, and what hooks await is cancelled") {
    transport_fixture t;
    t.hooks.get("/*", [&](auto&) -> asio::awaitable<void> {
        try {
            co_await forever();
        } catch (system_error const& e) {
            t.log.add(e.code().message());
            throw;
        }
    });
    t.hooks.get("/*", [](auto&) -> asio::awaitable<void> { co_await turns(100); });
    std::vector<hook_done> kept;
    t.hooks.get("/*", [&](auto&, hook_done done) { kept.push_back(done); });
    t.hooks.response_listener(any_verb, "/*", [&](auto&) { t.log.add("response-listener"); });
    exchange_ptr ex = t.make("/a");
    CHECK_FALSE(ex->start());
    CHECK(t.hooks.stats().exchanges == 1);
    SECTION("before the hooks went on") {}
    SECTION("while they were under way") {
        t.context.poll_one();
        t.context.poll_one();
    }
    ex->cancel();
    CHECK(t.hooks.stats().exchanges == 0);
    SECTION("cancelled twice") {
        ex->cancel();
    }
    SECTION("let go at once") {
        ex.reset();
    }
    t.context.run_for(5s);
    kept.at(0)();
    CHECK(t.context.stopped());
    CHECK(t.sink.calls == 0);
    CHECK(t.log.text() == "Operation canceled");
    CHECK(t.hooks.stats().late_calls == 1);
    CHECK(t.errors.text() == "");
}

TEST_CASE("an exchange that was cancelled before its start runs nothing") {
    transport_fixture t;
    t.hooks.get("/*", [&](auto&) {
        t.log.add("run");
        return "r";
    });
    exchange_ptr const ex = t.make("/a");
    ex->cancel();
    CHECK_FALSE(ex->start());
    CHECK(t.sink.calls == 0);
    CHECK(t.log.size() == 0);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("the parts of a cancelled request that go on are not seen by the next") {
    transport_fixture t;
    t.hooks.get("/slow", [](auto& c) -> asio::awaitable<std::string> {
        c.reply_headers().set("X-Slow", "1");
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await turns(50);
        co_return "slow";
    });
    t.hooks.get("/fast", [](auto&) { return "fast"; });
    for (int i = 0; i < 10; ++i) {
        exchange_ptr slow = t.make("/slow");
        CHECK_FALSE(slow->start());
        t.context.poll_one();
        slow->cancel();
        slow.reset();
        exchange_ptr const fast = t.make("/fast");
        REQUIRE(fast->start());
        CHECK(fast->reply().body() == "fast");
        CHECK(fast->reply().count("X-Slow") == 0);
        fast->handed_over();
    }
    t.context.run();
    CHECK(t.sink.calls == 0);
}

TEST_CASE("whatever a hook does with its done, there is one reply") {
    transport_fixture t;
    std::vector<hook_done> kept;
    std::vector<std::thread> threads;
    std::uint64_t late = 0;
    std::string body = "r";
    SECTION("done twice, at once") {
        t.hooks.get("/*", [](auto& c, auto done) {
            c.set_response(text("r"));
            done();
            done();
        });
        late = 1;
    }
    SECTION("done twice, later") {
        t.hooks.get("/*", [](auto& c, auto done) {
            asio::post(c.get_executor(), [&c, done] {
                c.set_response(text("r"));
                done();
                done(make_error_code(error::null_byte));
            });
        });
        late = 1;
    }
    SECTION("done after the reply") {
        t.hooks.get("/*", [&](auto& c, auto done) {
            kept.push_back(done);
            c.set_response(text("r"));
            done();
        });
        late = 1;
    }
    SECTION("set_response after done") {
        t.hooks.get("/*", [](auto& c, auto done) {
            c.set_response(text("r"));
            done();
            c.set_response(text("late"));
            c.reply_headers().set("X-Late", "1");
        });
        late = 2;
    }
    SECTION("throws after done") {
        t.hooks.get("/*", [](auto& c, auto done) {
            c.set_response(text("r"));
            done();
            throw std::runtime_error("after done");
        });
    }
    SECTION("done on another thread, while the callback runs") {
        t.hooks.get("/*", [&](auto& c, auto done) {
            std::thread([&c, done] {
                c.set_response(text("r"));
                done();
            }).join();
        });
    }
    SECTION("done on another thread, twice, some time") {
        t.hooks.get("/*", [&](auto& c, auto done) {
            threads.emplace_back([&c, done] {
                c.set_response(text("r"));
                done();
                done();
            });
        });
        late = 1;
    }
    SECTION("done on two threads") {
        t.hooks.get("/*", [&](auto& c, auto done) {
            c.set_response(text("r"));
            threads.emplace_back([done] { done(); });
            threads.emplace_back([done] { done(); });
        });
        late = 1;
    }
    SECTION("dropped on another thread") {
        t.hooks.get("/*", [&](auto&, auto done) {
            threads.emplace_back([d = std::optional(done)]() mutable { d.reset(); });
        });
        body = R"({"error":"Internal server error"})";
    }
    SECTION("dropped after it was called") {
        t.hooks.get("/*", [&](auto& c, auto done) {
            c.set_response(text("r"));
            asio::post(c.get_executor(), [done] { done(); });
        });
    }
    exchange_ptr const ex = t.make("/a");
    auto const work = asio::make_work_guard(t.context);
    bool const ready = ex->start();
    if (ready) {
        CHECK(ex->reply().body() == body);
        ex->handed_over();
    }
    for (int i = 0; i < 1000 && !ready && t.sink.calls == 0; ++i) t.context.run_one_for(10ms);
    for (auto& thread : threads) thread.join();
    t.context.poll();
    for (auto const& done : kept) done();
    t.context.poll();
    CHECK(t.sink.calls == (ready ? 0 : 1));
    if (!ready) CHECK(t.sink.body == body);
    CHECK(ex->reply().count("X-Late") == 0);
    CHECK(t.hooks.stats().late_calls == late);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("what a hook throws after it was done goes to the error handler") {
    transport_fixture t;
    t.hooks.get("/*", [](auto& c, auto done) {
        c.set_response("r");
        done();
        throw std::runtime_error("after done");
    });
    REQUIRE(t.make("/")->start());
    CHECK(t.errors.text() == "responder: after done");
}

TEST_CASE("a hook that completes while others are started is waited for no more") {
    transport_fixture t;
    std::optional<hook_done> first;
    t.hooks.get("/*", [&](auto& c, auto done) {
        c.set_response(text("1"));
        first = done;
    });
    t.hooks.get("/*", [&](auto& c, auto done) {
        (*first)();
        c.set_response(text("2"));
        done();
    });
    exchange_ptr const ex = t.make("/");
    if (!ex->start()) t.context.run();
    CHECK(ex->reply().result() == status::accepted);
    first.reset();
}

TEST_CASE("an execution context that ends with hooks under way takes everything along") {
    std::vector<hook_done> kept;
    journal errors;
    auto context = std::make_unique<asio::io_context>();
    std::optional<registry> hooks(std::in_place, context->get_executor(), recording(errors));
    int replies = 0;
    auto const later = [](auto&) -> asio::awaitable<void> { co_await forever(); };
    hooks->request_listener(any_verb, "/*", later);
    hooks->response_listener(any_verb, "/*", later);
    hooks->request_listener(any_verb, "/*", [&](auto&, hook_done done) { kept.push_back(done); });
    hooks->pre_responder(any_verb, "/pre", later);
    hooks->get("/r", later);
    hooks->get("/r", [&](auto&, hook_done done) { kept.push_back(done); });
    hooks->get("/r", [&](auto&, hook_done done) { kept.push_back(done); }, {.time_limit = 0ms});
    hooks->get("/r", [](auto& c, hook_done done) {
        auto timer = std::make_shared<asio::steady_timer>(c.get_executor(), 24h);
        timer->async_wait([timer, done](error_code) { done(); });
    });
    hooks->get("/post", [](auto&) { return "r"; });
    hooks->post_responder(any_verb, "/post", later);
    hooks->get("/listeners", [](auto&) { return "r"; });
    for (char const* target : {"/pre", "/r", "/post", "/listeners"})
        hooks->async_dispatch(make_request(verb::get, target),
                              [&](error_code, response) { ++replies; });
    asio::co_spawn(
        *context,
        [](registry r) -> asio::awaitable<void> {
            auto dispatched = r.async_dispatch(make_request(verb::get, "/r"));
            co_await std::move(dispatched);
        }(*hooks),
        [&](std::exception_ptr) { ++replies; });
    context->poll();
    CHECK(replies == 1);
    registry const handle = *hooks;
    SECTION("the context ends before the registry") {
        context.reset();
        CHECK(handle.stats().listeners == 5);  // of those whose done is still kept
        for (auto const& done : kept) done();
        CHECK(handle.stats().late_calls == 0);
        kept.clear();
        CHECK(handle.stats().listeners == 0);
        CHECK(handle.stats().exchanges == 0);
        hooks.reset();
    }
    SECTION("the registry ends before the context") {
        hooks.reset();
        context->poll();
        context.reset();
        kept.clear();
        CHECK(handle.stats().exchanges == 0);
    }
    SECTION("done is called while the context still lives, and nobody runs it") {
        for (auto const& done : kept) done();
        context.reset();
        kept.clear();
    }
    CHECK(replies == 1);
}

TEST_CASE("a transport that ends abandons its exchange") {
    std::vector<hook_done> kept;
    counting_sink sink;
    {
        asio::io_context context;
        registry hooks(context.get_executor());
        hooks.get("/*", [&](auto&, hook_done done) { kept.push_back(done); });
        auto const loop = hooks.make_loop();
        exchange_ptr const ex = loop->make_exchange(context.get_executor(), &sink);
        ex->incoming() = make_request(verb::get, "/");
        CHECK_FALSE(ex->start());
        ex->abandon();
    }
    kept.at(0)();
    CHECK(sink.calls == 0);
}

TEST_CASE("a sink may be set after the start, and taken back") {
    transport_fixture t;
    std::vector<hook_done> kept;
    t.hooks.get("/*", [&](auto& c, hook_done done) {
        c.set_response(text("r"));
        kept.push_back(done);
    });
    exchange_ptr const ex = t.loop->make_exchange(t.context.get_executor(), nullptr);
    ex->incoming() = make_request(verb::get, "/");
    REQUIRE_FALSE(ex->start());
    SECTION("before the reply") {
        CHECK_FALSE(ex->wait(t.sink));
        kept[0]();
        t.context.run();
        CHECK(t.sink.calls == 1);
    }
    SECTION("after the reply") {
        kept[0]();
        t.context.run();
        CHECK(ex->wait(t.sink));
        CHECK(ex->reply().body() == "r");
        CHECK(t.sink.calls == 0);
    }
    SECTION("and taken back") {
        CHECK_FALSE(ex->wait(t.sink));
        CHECK(ex->stop_waiting());
        kept[0]();
        t.context.run();
        CHECK(t.sink.calls == 0);
        CHECK_FALSE(ex->stop_waiting());
    }
}

TEST_CASE("exchanges have numbers of their own, on all threads") {
    transport_fixture t;
    std::vector<std::uint64_t> ids;
    t.hooks.get("/*", [&](auto& c) {
        ids.push_back(c.id());
        return "r";
    });
    for (int i = 0; i < 3; ++i) REQUIRE(t.make("/")->start());
    bool started = false;
    std::thread([&] { started = t.make("/")->start(); }).join();
    CHECK(started);
    std::sort(ids.begin(), ids.end());
    CHECK(ids.size() == 4);
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}

TEST_CASE("an exchange that is used again knows nothing of the request before") {
    transport_fixture t;
    t.hooks.post("/big", [](auto& c) {
        c.reply_headers().set("X-Big", "1");
        return text(c.param("none"), std::string(100'000, 'x'));
    });
    t.hooks.get("/:name", [](auto& c) { return text(c.param("name"), c.request().body().size()); });
    for (int i = 0; i < 3; ++i) {
        exchange_ptr big = t.make("/big", verb::post);
        big->incoming().body().assign(100'000, 'y');
        big->origin() = origin(transport::sockjs, {}, true);
        REQUIRE(big->start());
        CHECK(big->reply().body().size() == 100'000);
        big->handed_over();
        big.reset();
        exchange_ptr const small = t.loop->make_exchange(t.context.get_executor(), &t.sink);
        CHECK(small->incoming().body().empty());
        CHECK(small->incoming().wire().empty());
        CHECK(small->origin().transport() == transport::http);
        CHECK_FALSE(small->origin().tls());
        small->incoming().method(verb::get);
        small->incoming().target("/small");
        small->incoming().version(11);
        REQUIRE(small->start());
        CHECK(small->reply().body() == "small0");
        CHECK(small->reply().count("X-Big") == 0);
    }
}

namespace {

struct birth {
    static inline int count = 0;
    int number = ++count;
    std::string text{};
};

}  // namespace

TEST_CASE("the hooks of an exchange share a state that begins with it") {
    birth::count = 0;
    basic_fixture<birth> t;
    t.hooks.request_listener(any_verb, "/*", [&](auto& c) {
        static_assert(std::is_const_v<std::remove_reference_t<decltype(c.state())>>);
        t.log.add(std::to_string(c.state().number));
    });
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        c.state().text += "a";
        c.pass();
    });
    t.hooks.get("/*", [](auto& c) -> asio::awaitable<void> {
        co_await turns();
        c.state().text += "b";
    });
    t.hooks.post_responder(any_verb, "/*", [](auto& c) {
        c.replace_response(text(c.state().text, c.state().number));
    });
    t.hooks.response_listener(any_verb, "/*", [&](auto& c) { t.log.add(c.state().text); });
    CHECK(birth::count == 0);
    CHECK(t.get("/").body() == "ab1");
    CHECK(t.get("/").body() == "ab2");
    CHECK(birth::count == 2);
    CHECK(t.log.text() == "1 ab 2 ab");
}

TEST_CASE("listeners beyond the limit are dropped and counted") {
    registry_options options;
    options.max_listeners = 2;
    transport_fixture t(options);
    std::vector<hook_done> kept;
    t.hooks.request_listener(any_verb, "/*", [&](auto&, hook_done done) { kept.push_back(done); });
    t.hooks.get("/*", [](auto&) { return "r"; });
    for (int i = 0; i < 5; ++i) {
        exchange_ptr const ex = t.make("/");
        REQUIRE(ex->start());
        ex->handed_over();
    }
    CHECK(kept.size() == 2);
    CHECK(t.hooks.stats().listeners == 2);
    CHECK(t.hooks.stats().dropped_listeners == 3);
    CHECK(t.errors.size() == 3);
    for (auto const& done : kept) done();
    CHECK(t.hooks.stats().listeners == 0);
    kept.clear();
    REQUIRE(t.make("/")->start());
    CHECK(kept.size() == 1);
}

TEST_CASE("the smallest body limit of the hooks that match is known from the header") {
    transport_fixture t;
    auto const limit = [&](verb method, std::string_view target) {
        return t.loop->plan_body(make_request(method, target)).limit;
    };
    CHECK_FALSE(limit(verb::post, "/a"));
    t.hooks.post("/*", [](auto&) { return "r"; }, {.body_limit = 100});
    t.hooks.pre_listener(any_verb, "/a", [](auto&) {}, {.body_limit = 10});
    CHECK(limit(verb::post, "/a") == 10u);
    CHECK(limit(verb::post, "/b") == 100u);
    CHECK(limit(verb::get, "/a") == 10u);
    CHECK_FALSE(limit(verb::get, "/b"));
    CHECK_FALSE(limit(verb::get, "/%zz"));
}
