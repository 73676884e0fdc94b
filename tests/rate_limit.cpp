// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/server.hpp>
#include <httphooks/rate_limit.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/sockjs/server.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/http_peer.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

/// Time that a test moves.
struct moved_clock {
    std::shared_ptr<std::chrono::steady_clock::time_point> now =
        std::make_shared<std::chrono::steady_clock::time_point>(100h);

    void pass(std::chrono::milliseconds d) const { *now += d; }
    rate_limit_options set(rate_limit_options o) const {
        o.clock = [at = now] { return *at; };
        return o;
    }
};

response ask_as(fixture& t, std::string_view address, request r = make_request(verb::get, "/x"),
                bool proxied = false) {
    origin const from(transport::http, {asio::ip::make_address(std::string(address)), 4000}, false,
                      nullptr, nullptr, proxied);
    return testing::inject(t.hooks, std::move(r), from);
}

request named(std::string_view field_name, std::string_view value) {
    request r = make_request(verb::get, "/x");
    r.set(field_name, value);
    return r;
}

void serve(fixture& t, rate_limit const& limit) {
    t.hooks.pre_responder(any_verb, "/*", limit);
    t.hooks.get("/x", [](auto&) { return "x"; });
}

struct limited_state {
    std::string user{};
};

}  // namespace

TEST_CASE("a client that asks too often is refused, and told when to come again") {
    moved_clock const clock;
    fixture t;
    serve(t, rate_limit(clock.set({.limit = 3, .window = 30s})));
    for (auto const fields :
         {"\"default\";r=2;t=10", "\"default\";r=1;t=20", "\"default\";r=0;t=30"}) {
        response const r = ask_as(t, "192.0.2.1");
        CHECK(r.result() == status::ok);
        CHECK(r["RateLimit"] == fields);
        CHECK(r["RateLimit-Policy"] == "\"default\";q=3;w=30");
        CHECK_FALSE(r.contains(field::retry_after));
    }
    response r = ask_as(t, "192.0.2.1");
    CHECK(r.result() == status::too_many_requests);
    CHECK(r.body() == "Too Many Requests");
    CHECK(r["Retry-After"] == "10");
    CHECK(r["RateLimit"] == "\"default\";r=0;t=30");
    clock.pass(9'500ms);
    r = ask_as(t, "192.0.2.1");
    CHECK(r.result() == status::too_many_requests);
    CHECK(r["Retry-After"] == "1");
    clock.pass(500ms);
    CHECK(ask_as(t, "192.0.2.1").result() == status::ok);
    CHECK(ask_as(t, "192.0.2.1").result() == status::too_many_requests);
    clock.pass(1h);
    CHECK(ask_as(t, "192.0.2.1")["RateLimit"] == "\"default\";r=2;t=10");
    CHECK(t.errors.text().empty());
}

TEST_CASE("each address has a limit of its own, an IPv6 network of 64 bits one together") {
    moved_clock const clock;
    fixture t;
    serve(t, rate_limit(clock.set({.limit = 1})));
    CHECK(ask_as(t, "192.0.2.1").result() == status::ok);
    CHECK(ask_as(t, "192.0.2.2").result() == status::ok);
    CHECK(ask_as(t, "::ffff:192.0.2.2").result() == status::too_many_requests);
    CHECK(ask_as(t, "2001:db8:0:1::1").result() == status::ok);
    CHECK(ask_as(t, "2001:db8:0:1:ffff::2").result() == status::too_many_requests);
    CHECK(ask_as(t, "2001:db8:0:2::1").result() == status::ok);
}

TEST_CASE("what a client says of itself does not give it another limit") {
    moved_clock const clock;
    fixture t;
    serve(t, rate_limit(clock.set({.limit = 1, .header = "X-Client"})));
    CHECK(ask_as(t, "192.0.2.1", named("X-Client", "a")).result() == status::ok);
    CHECK(ask_as(t, "192.0.2.1", named("X-Client", "b")).result() == status::too_many_requests);
    CHECK(ask_as(t, "192.0.2.1", named("X-Forwarded-For", "9.9.9.9")).result() ==
          status::too_many_requests);
    // what a trusted proxy says does
    CHECK(ask_as(t, "192.0.2.1", named("X-Client", "a"), true).result() == status::ok);
    CHECK(ask_as(t, "192.0.2.7", named("X-Client", "a"), true).result() ==
          status::too_many_requests);
    CHECK(ask_as(t, "192.0.2.7", named("X-Client", "b"), true).result() == status::ok);
    CHECK(ask_as(t, "192.0.2.1", named("X-Other", "b"), true).result() ==
          status::too_many_requests);
}

TEST_CASE("a client is named by a function of the options, else by its address") {
    moved_clock const clock;
    fixture t;
    serve(t, rate_limit(clock.set({.limit = 1, .key = [](request const& r, origin const&) {
                                       return std::string(r["X-Proved"]);
                                   }})));
    CHECK(ask_as(t, "192.0.2.1", named("X-Proved", "a")).result() == status::ok);
    CHECK(ask_as(t, "192.0.2.2", named("X-Proved", "a")).result() == status::too_many_requests);
    CHECK(ask_as(t, "192.0.2.1").result() == status::ok);
    CHECK(ask_as(t, "192.0.2.1").result() == status::too_many_requests);
}

TEST_CASE("a client is named by what earlier hooks left in the state") {
    moved_clock const clock;
    basic_fixture<limited_state> t;
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        c.state().user = c.request()["X-User"];
        c.pass();
    });
    t.hooks.pre_responder(any_verb, "/*", rate_limit(clock.set({.limit = 1})).by([](auto& c) {
        return c.state().user;
    }));
    t.hooks.get("/x", [](auto&) { return "x"; });
    CHECK(t.send(named("X-User", "a")).result() == status::ok);
    CHECK(t.send(named("X-User", "a")).result() == status::too_many_requests);
    CHECK(t.send(named("X-User", "b")).result() == status::ok);
    CHECK(t.get("/x").result() == status::ok);
    CHECK(t.get("/x").result() == status::too_many_requests);
}

TEST_CASE("a burst may be longer or shorter than the limit") {
    moved_clock const clock;
    rate_limit const five(clock.set({.limit = 1, .window = 10s, .burst = 5}));
    auto const client = asio::ip::make_address("192.0.2.1");
    for (std::uint64_t left : {4u, 3u, 2u, 1u, 0u}) CHECK(five.take(client).remaining == left);
    auto const refused = five.take(client);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.retry_after == 10s);
    CHECK(refused.reset == 50s);
    rate_limit const one(clock.set({.limit = 10, .window = 10s, .burst = 1}));
    CHECK(one.take(client).allowed);
    CHECK_FALSE(one.take(client).allowed);
    clock.pass(1s);
    CHECK(one.take(client).allowed);
}

TEST_CASE("copies share a limit, a name is never an address") {
    moved_clock const clock;
    rate_limit const first(clock.set({.limit = 1}));
    rate_limit const copy = first;
    auto const client = asio::ip::make_address("192.0.2.1");
    CHECK(first.take(client).allowed);
    CHECK_FALSE(copy.take(client).allowed);
    CHECK(copy.take(std::string_view("4\xc0\0\2\1", 5)).allowed);
}

TEST_CASE("the fields can be left to refusals") {
    moved_clock const clock;
    fixture t;
    serve(t, rate_limit(clock.set({.limit = 1, .fields = false, .name = "burst"})));
    CHECK_FALSE(ask_as(t, "192.0.2.1").contains("RateLimit"));
    response const r = ask_as(t, "192.0.2.1");
    CHECK(r["RateLimit"] == "\"burst\";r=0;t=60");
    CHECK(r["RateLimit-Policy"] == "\"burst\";q=1;w=60");
}

TEST_CASE("who floods with addresses does not make the limit's memory grow") {
    moved_clock const clock;
    rate_limit const limit(clock.set({.limit = 10, .max_clients = 1'000}));
    asio::ip::address const heavy = asio::ip::make_address("192.0.2.1");
    for (int i = 0; i < 10; ++i) CHECK(limit.take(heavy).allowed);
    for (std::uint32_t i = 0; i < 500; ++i)
        CHECK(limit.take(asio::ip::address_v4(0x0a000000u + i)).allowed);
    CHECK_FALSE(limit.take(heavy).allowed);
    for (std::uint32_t i = 0; i < 100'000; ++i) limit.take(asio::ip::address_v4(0x0a000000u + i));
}

TEST_CASE("a rate limit refuses options that cannot be meant") {
    for (rate_limit_options const& bad :
         {rate_limit_options{.limit = 0},
          {.window = 0ms},
          {.window = -1s},
          {.name = "a\"b"},
          {.name = ""},
          {.name = "a\r\nb"},
          {.header = "a b"},
          {.window = std::chrono::milliseconds::max()},
          {.limit = 1, .window = std::chrono::hours(24 * 365), .burst = 4'000'000'000u}})
        CHECK_THROWS_AS(rate_limit(bad), std::invalid_argument);
    CHECK_NOTHROW(rate_limit({.limit = 4'000'000'000u, .window = 1ms}));
}

TEST_CASE("a limit decides about SockJS connections and Socket.IO namespaces") {
    fixture t;
    rate_limit const limit({.limit = 2, .window = std::chrono::hours(1)});
    sockjs::server chat(t.hooks.get_executor(), {.prefix = "/chat"});
    chat.authorize(limit);
    socketio::server io(t.hooks.get_executor(), {.path = "/io"});
    io.use(limit);
    io.on_connection([limit](socketio::socket s) {
        s.use(limit.events(s));
        s.on("e", [] {});
    });
    http::server web(t.context.get_executor(), t.hooks, {.address = "127.0.0.1"});
    web.mount(chat);
    web.mount(io);
    web.listen();
    web.async_run([](error_code) {});
    std::thread thread([&] { t.context.run(); });
    {
        support::http_peer client(web.port());
        CHECK(client.ask("POST", "/chat/000/a/xhr").status == 200);
        CHECK(client.ask("POST", "/chat/000/b/xhr").status == 200);
        CHECK(client.ask("POST", "/chat/000/c/xhr").status == 429);

        auto const opened = client.ask("GET", "/io/?EIO=4&transport=polling");
        std::size_t const at = opened.body.find("\"sid\":\"") + 7;
        std::string const sid = opened.body.substr(at, opened.body.find('"', at) - at);
        std::string const session = "/io/?EIO=4&transport=polling&sid=" + sid;
        CHECK(client.ask("POST", session, {}, "40").status == 200);
        CHECK(client.ask("GET", session).body == R"(44{"message":"Too Many Requests"})");
    }
    web.stop();
    t.context.stop();
    thread.join();
}
