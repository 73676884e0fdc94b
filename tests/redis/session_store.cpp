// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/session_store.hpp>

#include <httphooks/sessions.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/redis_server.hpp"

namespace {

namespace hh = httphooks;
using namespace std::chrono_literals;
using hh::field;
using hh::verb;
using support::redis_server;

constexpr hh::session_time millisecond(int n) {
    return hh::session_time(std::chrono::milliseconds(n));
}

/// A store with a Redis of its own, whose operations are waited for.
struct session_redis {
    redis_server server;
    hh::asio::io_context context{1};
    hh::redis::session_store store;

    explicit session_redis(std::vector<std::string> more = {})
        : server(std::move(more)), store(connect()) {}

    hh::redis::connection connect(hh::redis::options o = {}) {
        o.url = server.url();
        return hh::redis::connection(context.get_executor(), std::move(o));
    }

    /// Runs the loop until something is so.
    void run_until(std::function<bool()> const& so) {
        auto const until = std::chrono::steady_clock::now() + 20s;
        while (!so()) {
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error("too slow");
            context.restart();
            context.run_one_for(100ms);
        }
    }
    /// What an operation gives. Throws what it ends with.
    template <class T, class Begin>
    T wait_for(Begin const& begin) {
        std::optional<T> result;
        std::exception_ptr error;
        begin([&](std::exception_ptr e, T value) {
            error = e;
            result = std::move(value);
        });
        run_until([&] { return result.has_value(); });
        if (error) std::rethrow_exception(error);
        return *std::move(result);
    }
    template <class Begin>
    void wait_for_end(Begin const& begin) {
        wait_for<bool>([&](auto done) { begin([done](std::exception_ptr e) { done(e, true); }); });
    }

    std::optional<hh::session_record> load(std::string id) {
        return wait_for<std::optional<hh::session_record>>(
            [&](auto done) { store.async_load(id, done); });
    }
    void create(std::string id, hh::session_values values, hh::session_time time,
                hh::session_time expires) {
        auto const all = std::make_shared<hh::session_values const>(std::move(values));
        wait_for_end([&](auto done) { store.async_create(id, {all, time, time}, expires, done); });
    }
    bool update(std::string id, hh::session_changes changes, hh::session_time used,
                hh::session_time expires) {
        return wait_for<bool>(
            [&](auto done) { store.async_update(id, changes, used, expires, done); });
    }
    void remove(std::string id) {
        wait_for_end([&](auto done) { store.async_remove(id, done); });
    }
    /// The values of a session, as "a=1 b=2"; "-": there is none.
    std::string values(std::string id) {
        auto const r = load(std::move(id));
        if (!r) return "-";
        std::string all;
        for (auto const& [name, text] : *r->values) all += name + "=" + text + " ";
        return all;
    }
    /// Milliseconds that a key of the pattern lives.
    long long lifetime(std::string_view pattern = "session:*") {
        std::string const keys = server.ask("KEYS " + std::string(pattern));
        std::size_t const at = keys.find("session:");
        if (at == keys.npos) return -2;
        std::string const key = keys.substr(at, keys.find('\r', at) - at);
        return std::stoll(server.ask("PTTL " + key).substr(1));
    }
};

}  // namespace

TEST_CASE("Redis keeps a session, and drops it when it expires") {
    if (!redis_server::installed()) return;
    session_redis r;
    CHECK_FALSE(r.load("one"));
    r.create("one", {{"a", "1"}, {"", "x"}, {"bytes\r\n", std::string("\0\xff", 2)}},
             millisecond(5), millisecond(60'005));
    auto const found = r.load("one");
    REQUIRE(found);
    CHECK(found->created == millisecond(5));
    CHECK(found->used == millisecond(5));
    CHECK(*found->values ==
          hh::session_values{{"a", "1"}, {"", "x"}, {"bytes\r\n", std::string("\0\xff", 2)}});
    CHECK_FALSE(r.load("On"));
    long long const left = r.lifetime();
    CHECK(left > 30'000);
    CHECK(left <= 60'000);
    r.create("two", {}, millisecond(5), millisecond(6));
    r.run_until([&] { return !r.load("two"); });
    r.remove("one");
    r.remove("one");
    CHECK_FALSE(r.load("one"));
    CHECK(r.server.ask("DBSIZE") == ":0\r\n");
}

TEST_CASE("who reads Redis learns no session's id") {
    if (!redis_server::installed()) return;
    session_redis r;
    std::string const id = "an-id-that-nobody-guesses";
    r.create(id, {{"a", "1"}}, millisecond(0), millisecond(60'000));
    std::string const keys = r.server.ask("KEYS *");
    CHECK(keys.find("session:") != keys.npos);
    CHECK(keys.find(id) == keys.npos);
    std::string const key = keys.substr(keys.find("session:"), 8 + 43);
    CHECK(r.server.ask("HGET " + key + " =a") == "$1\r\n1\r\n");
    CHECK_FALSE(r.load(key.substr(8)));
}

TEST_CASE("a change in Redis leaves the values that it does not name") {
    if (!redis_server::installed()) return;
    session_redis r;
    CHECK_FALSE(r.update("one", {.set = {{"a", "1"}}}, millisecond(1), millisecond(60'000)));
    CHECK(r.values("one") == "-");
    r.create("one", {{"a", "1"}, {"b", "2"}, {"c", "3"}}, millisecond(5), millisecond(10'005));
    CHECK(r.update("one", {.erase = {"a", "x"}, .set = {{"b", "5"}, {"d", "4"}}}, millisecond(7),
                   millisecond(90'007)));
    CHECK(r.values("one") == "b=5 c=3 d=4 ");
    CHECK(r.load("one")->used == millisecond(7));
    CHECK(r.load("one")->created == millisecond(5));
    CHECK(r.lifetime() > 60'000);
    CHECK(r.update("one", {}, millisecond(6), millisecond(90'000)));
    CHECK(r.load("one")->used == millisecond(7));
    CHECK(
        r.update("one", {.clear = true, .set = {{"e", "6"}}}, millisecond(8), millisecond(90'000)));
    CHECK(r.values("one") == "e=6 ");
    CHECK(r.load("one")->created == millisecond(5));
    hh::session_changes many;
    for (int i = 0; i < 10'000; ++i) many.set.emplace(std::to_string(i), "");
    CHECK(r.update("one", many, millisecond(9), millisecond(90'000)));
    CHECK(r.load("one")->values->size() == 10'001);
}

TEST_CASE("a session in Redis gets a new id, and what has ended does not come back") {
    if (!redis_server::installed()) return;
    session_redis r;
    r.create("one", {{"a", "1"}}, millisecond(0), millisecond(60'000));
    CHECK(r.update("one", {.set = {{"b", "2"}}, .new_id = "two"}, millisecond(1),
                   millisecond(60'000)));
    CHECK(r.values("one") == "-");
    CHECK(r.values("two") == "a=1 b=2 ");
    CHECK(r.lifetime() > 30'000);
    CHECK_FALSE(r.update("one", {.new_id = "three"}, millisecond(1), millisecond(60'000)));
    CHECK(r.values("three") == "-");
    r.remove("two");
    CHECK_FALSE(r.update("two", {.set = {{"a", "3"}}}, millisecond(2), millisecond(60'000)));
    CHECK(r.values("two") == "-");
}

TEST_CASE("in a cluster a session gets a new id on another node") {
    if (!redis_server::installed()) return;
    session_redis r({"--cluster-enabled", "yes"});
    CHECK(r.server.ask("CLUSTER ADDSLOTSRANGE 0 16383") == "+OK\r\n");
    r.run_until([&] { return r.server.ask("GET x") == "$-1\r\n"; });
    r.create("one", {{"a", "1"}}, millisecond(3), millisecond(60'003));
    CHECK(r.update("one", {.set = {{"b", "2"}}, .new_id = "two"}, millisecond(4),
                   millisecond(60'004)));
    CHECK(r.values("one") == "-");
    CHECK(r.values("two") == "a=1 b=2 ");
    CHECK(r.load("two")->created == millisecond(3));
    CHECK(r.load("two")->used == millisecond(4));
    CHECK(r.lifetime() > 30'000);
    CHECK_FALSE(r.update("one", {.new_id = "three"}, millisecond(5), millisecond(60'000)));
}

TEST_CASE("requests on two servers that change a session in Redis lose nothing") {
    if (!redis_server::installed()) return;
    session_redis r;
    hh::redis::session_store const other(r.connect());
    r.create("one", {}, millisecond(0), millisecond(60'000));
    int left = 200;
    for (int i = 0; i < 200; ++i)
        (i % 2 ? r.store : other)
            .async_update("one", {.set = {{std::to_string(i), "x"}}}, millisecond(i),
                          millisecond(60'000), [&](std::exception_ptr e, bool there) {
                              CHECK_FALSE(e);
                              CHECK(there);
                              --left;
                          });
    r.run_until([&] { return left == 0; });
    CHECK(r.load("one")->values->size() == 200);
    CHECK(r.load("one")->used == millisecond(199));
}

TEST_CASE("what is no session in Redis is none") {
    if (!redis_server::installed()) return;
    session_redis r;
    r.create("one", {}, millisecond(0), millisecond(60'000));
    std::string const keys = r.server.ask("KEYS *");
    std::string const key = keys.substr(keys.find("session:"), 8 + 43);
    for (std::string const change : {"HDEL created", "HSET used x"}) {
        r.create("one", {}, millisecond(0), millisecond(60'000));
        std::string words = change;
        r.server.ask(words.insert(words.find(' ') + 1, key + " "));
        CHECK_FALSE(r.load("one"));
    }
    r.server.ask("DEL " + key);
    r.server.ask("SET " + key + " text");
    CHECK_THROWS_WITH(r.load("one"), Catch::Contains("WRONGTYPE"));
    CHECK_THROWS_WITH(r.create("one", {}, millisecond(0), millisecond(1'000)),
                      Catch::Contains("WRONGTYPE"));
    CHECK_THROWS_WITH(r.update("one", {.set = {{"a", "1"}}}, millisecond(0), millisecond(1'000)),
                      Catch::Contains("WRONGTYPE"));
}

TEST_CASE("a Redis that is full, or away, fails what is asked for") {
    if (!redis_server::installed()) return;
    session_redis r;
    r.create("one", {{"a", "1"}}, millisecond(0), millisecond(60'000));
    r.server.ask("CONFIG SET maxmemory 1");
    CHECK_THROWS_WITH(r.create("two", {}, millisecond(0), millisecond(1'000)),
                      Catch::Contains("OOM") || Catch::Contains("EXECABORT"));
    CHECK(r.values("one") == "a=1 ");
    r.server.kill();
    r.store = hh::redis::session_store(r.connect({.queue_limit = 0}));
    CHECK_THROWS_AS(r.load("one"), hh::system_error);
    CHECK_THROWS_AS(r.create("two", {}, millisecond(0), millisecond(1'000)), hh::system_error);
    CHECK_THROWS_AS(r.update("one", {}, millisecond(0), millisecond(1'000)), hh::system_error);
    CHECK_THROWS_AS(r.remove("one"), hh::system_error);
}

TEST_CASE("two servers have one session in Redis") {
    if (!redis_server::installed()) return;
    session_redis r;
    struct web {
        explicit web(session_redis& redis)
            : connection(redis.connect()),
              sessions({}, hh::redis::session_store(connection)),
              hooks(redis.context.get_executor(), hh::test::recording(errors)) {
            hooks.pre_responder(hh::any_verb, "/*", sessions);
            hooks.post("/login/:user", [s = sessions](auto& c) {
                s.of(c).rotate();
                s.of(c).set("user", std::string(c.param("user")));
                return hh::status::ok;
            });
            hooks.post("/count", [s = sessions](auto& c) {
                s.of(c).set("n", s.of(c).get("n", 0) + 1);
                return hh::text(s.of(c).get("n", 0));
            });
            hooks.get("/user", [s = sessions](auto& c) { return s.of(c).get("user"); });
            hooks.post("/logout", [s = sessions](auto& c) {
                s.of(c).destroy();
                return hh::status::ok;
            });
        }
        hh::test::journal errors{};
        hh::redis::connection connection;
        hh::sessions sessions;
        hh::registry hooks;
    };
    web one(r);
    web two(r);
    std::string cookie;
    auto const ask = [&](web& w, verb method, std::string_view target) {
        auto request = hh::test::make_request(method, target);
        if (!cookie.empty()) request.set(field::cookie, cookie);
        std::optional<hh::response> reply;
        w.hooks.async_dispatch(std::move(request),
                               hh::asio::bind_executor(r.context.get_executor(),
                                                       [&reply](hh::error_code, hh::response a) {
                                                           reply = std::move(a);
                                                       }));
        r.run_until([&] { return reply.has_value(); });
        std::string_view const set = (*reply)[field::set_cookie];
        if (!set.empty()) cookie = set.substr(0, set.find(';'));
        return std::string(reply->body());
    };
    ask(one, verb::post, "/login/ann");
    CHECK(ask(two, verb::get, "/user") == "ann");
    for (int i = 1; i <= 20; ++i)
        CHECK(ask(i % 2 ? one : two, verb::post, "/count") == std::to_string(i));
    std::string const before = cookie;
    ask(two, verb::post, "/login/bob");
    CHECK(cookie != before);
    CHECK(ask(one, verb::get, "/user") == "bob");
    std::optional<hh::session_snapshot> found;
    auto handshake = hh::test::make_request(verb::get, "/socket");
    handshake.set(field::cookie, cookie);
    one.sessions.async_find(
        handshake, [&](std::exception_ptr, hh::session_snapshot s) { found = std::move(s); });
    r.run_until([&] { return found.has_value(); });
    CHECK(found->get("user") == "bob");
    std::string const last = cookie;
    ask(one, verb::post, "/logout");
    cookie = last;
    CHECK(ask(two, verb::get, "/user").empty());
    CHECK(r.server.ask("DBSIZE") == ":0\r\n");
    r.server.pause();
    hh::registry& hooks = two.hooks;
    hooks.clear();
    hooks.pre_responder(hh::any_verb, "/*", two.sessions, {.time_limit = 50ms});
    CHECK(ask(two, verb::get, "/user") == R"({"error":"Gateway timeout"})");
    CHECK(one.errors.text() == "");
    CHECK(two.errors.text() == "pre-responder: a hook exceeded its time limit");
    r.server.resume();
    two.connection.close();
    r.context.restart();
    r.context.poll();
    CHECK(two.errors.size() == 2);  // what comes late is told of
}
