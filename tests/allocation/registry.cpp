// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/exchange.hpp>
#include <httphooks/rate_limit.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <string>
#include <utility>

#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace httphooks;
using httphooks::test::allocations;

namespace {

/// A registry whose hooks all complete when they return.
struct synchronous_hooks {
    asio::io_context context{1};
    registry hooks{context.get_executor()};

    synchronous_hooks() {
        hooks.request_listener(any_verb, "/*", [](auto& c) { (void)c.path(); });
        hooks.pre_responder(any_verb, "/*", [](auto& c) {
            c.reply_headers().set("X-Request-Id", "0123456789");
            c.pass();
        });
        hooks.get("/hello/:name", [](auto& c) {
            return text("Hello, ", c.param("name"), "! ", std::string_view("It is a fine day."));
        });
        hooks.post_responder(any_verb, "/*", [](auto& c) { c.pass(); });
        hooks.response_listener(verb::post, "/*", [](auto&) {});
    }
};

void fill(request& req) {
    req.method(verb::get);
    req.target("/hello/a-name-of-some-forty-characters-or-so-ok");
    req.version(11);
    req.set(field::host, "localhost");
    req.set(field::user_agent, "test");
}

/// Allocations of the last of many rounds, on average; none where memory is not kept.
template <class Round>
std::uint64_t steady(Round round) {
    for (int i = 0; i < 100; ++i) round();
    std::uint64_t const before = allocations();
    for (int i = 0; i < 1000; ++i) round();
    return detail::caching ? allocations() - before : 0;
}

}  // namespace

TEST_CASE("allocations are counted") {
    std::uint64_t const before = allocations();
    auto const p = std::make_unique<int>(1);
    CHECK(allocations() == before + 1);
}

TEST_CASE("a dispatch through a transport's loop allocates nothing in the steady state") {
    synchronous_hooks t;
    auto const loop = t.hooks.make_loop();
    asio::any_io_executor const executor = t.context.get_executor();
    std::size_t bytes = 0;
    CHECK(steady([&] {
              exchange_ptr const ex = loop->make_exchange(executor, nullptr);
              fill(ex->incoming());
              if (ex->start()) bytes += ex->reply().body().size();
              ex->handed_over();
          }) == 0);
    CHECK(bytes == 1100 * 66);
}

TEST_CASE("ids and limits of requests allocate nothing in the steady state") {
    asio::io_context context{1};
    registry_options options;
    options.request_id.emplace();
    registry hooks(context.get_executor(), options);
    hooks.pre_responder(any_verb, "/*", rate_limit({.limit = 1'000'000, .fields = false}));
    hooks.get("/hello/:name", [](auto&) { return text("Hello"); });
    auto const loop = hooks.make_loop();
    asio::any_io_executor const executor = context.get_executor();
    std::size_t bytes = 0;
    CHECK(steady([&] {
              exchange_ptr const ex = loop->make_exchange(executor, nullptr);
              fill(ex->incoming());
              if (ex->start()) bytes += ex->request_id().size();
              ex->handed_over();
          }) == 0);
    CHECK(bytes == 1100 * 32);
}

TEST_CASE("a dispatch with a callback allocates nothing in the steady state") {
    synchronous_hooks t;
    int left = 100;
    std::uint64_t before = 0;
    struct again {
        synchronous_hooks& t;
        int& left;
        std::uint64_t& before;
        void operator()(error_code, response r) const {
            recycle(std::move(r));
            if (--left == -1000) return;
            if (left == 0) before = allocations();
            request req;
            fill(req);
            t.hooks.async_dispatch(std::move(req), *this);
        }
    };
    asio::post(t.context, [&] { again{t, left, before}({}, {}); });
    t.context.run();
    CHECK(left == -1000);
    if (detail::caching) CHECK(allocations() == before);
}

TEST_CASE("a dispatch that a coroutine awaits allocates nothing in the steady state") {
    synchronous_hooks t;
    std::uint64_t allocated = 0;
    auto const client = [&](registry hooks) -> asio::awaitable<void> {
        std::uint64_t before = 0;
        for (int i = 0; i < 1100; ++i) {
            if (i == 100) before = allocations();
            request req;
            fill(req);
            auto dispatched = hooks.async_dispatch(std::move(req));
            response r = co_await std::move(dispatched);
            recycle(std::move(r));
        }
        allocated = allocations() - before;
    };
    asio::co_spawn(t.context, client(t.hooks), asio::detached);
    t.context.run();
    if (detail::caching) CHECK(allocated == 0);
}
