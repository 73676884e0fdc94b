// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/dispatch.hpp>

#include <httphooks/file_body.hpp>
#include <httphooks/http/detail/session.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/request_body.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/dispatched_bytes.hpp"
#include "support/memory_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace hh = httphooks;
namespace asio = boost::asio;
using support::dispatched_bytes;
using support::memory_server;
using support::occurrences;
using support::take;
using namespace std::chrono_literals;

namespace {

/// Hooks for GET /held/NAME that end when the test, or another hook, says so.
struct held_hooks {
    std::map<std::string, std::function<void()>> ends{};
    std::map<std::string, std::function<void()>> cancelled{};

    explicit held_hooks(hh::registry& hooks) {
        hooks.get("/held/:name", [this](hh::responder_context& c, hh::hook_done done) {
            std::string const name(c.param("name"));
            ends[name] = [&c, done, name] {
                c.set_response(hh::text("<" + name + ">"));
                done();
            };
            c.cancellation_slot().assign([this, name](asio::cancellation_type) {
                if (auto const& f = cancelled[name]) f();
            });
        });
        hooks.get("/at-once", [](auto&) { return "<at-once>"; });
    }

    void end(std::string const& name) {
        if (auto const f = std::exchange(ends[name], nullptr)) f();
    }
};

std::string asks_for(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

/// What is between < and > in the replies.
std::string contents(std::string const& replies) {
    std::string all;
    for (std::size_t at = 0; (at = replies.find('<', at)) != replies.npos; ++at)
        all += replies.substr(at, replies.find('>', at) - at + 1);
    return all;
}

/// A mount that does something when a body for it begins.
struct early_mount {
    std::function<void()> begins{};
    std::shared_ptr<std::string> body = std::make_shared<std::string>();

    std::string_view prefix() const { return "/early"; }
    hh::http::body_end body_begins(hh::request const&) {
        begins();
        return {};
    }
    void async_serve(hh::http::connection, hh::request r, hh::http::mount_handler) {
        *body = r.body();
    }
};

/// A server whose GET /file takes as long as its client likes, once begin() was called.
struct slow_client {
    memory_server s;
    held_hooks held{s.registry};
    support::memory_client c{};
    std::function<void()> begin{};
    std::string replies{};

    explicit slow_client(hh::http::options o = {}) : s(std::move(o)) {
        s.registry.get("/file", [this](hh::responder_context& ctx, hh::hook_done done) {
            begin = [&ctx, done] {
                ctx.set_response(hh::text(""), std::make_shared<hh::file_body>(
                                                   ::open("/dev/zero", O_RDONLY), 0, 300'000));
                done();
            };
        });
        s.registry.post("/echo", [](auto& ctx) { return "<" + ctx.request().body() + ">"; });
        c = s.connect();
    }

    /// Hooks that run before a body has come; then all others of the registry may.
    void add_early_hooks() {
        s.registry.post("/guarded/echo",
                        [](auto& ctx) { return "<" + ctx.request().body() + ">"; });
        s.registry.pre_responder(hh::any_verb, "/guarded/*", [](auto& ctx) { ctx.pass(); },
                                 {.needs_body = false});
        s.registry.post("/stream/echo",
                        [](hh::responder_context& ctx) -> asio::awaitable<std::string> {
                            hh::request_body const body = ctx.body();
                            std::string all = "<";
                            for (;;) {
                                std::string_view const chunk = co_await body.async_read_chunk();
                                if (chunk.empty()) break;
                                all += chunk;
                            }
                            co_return all + ">";
                        },
                        {.body = hh::body::stream});
    }
    void send(std::string_view bytes) {
        c.send(bytes);
        s.run();
        replies += take(c);
    }
    /// Begins the slow reply, and reads a bit of it each second.
    void read_slowly(int seconds) {
        c.window(0);
        begin();
        s.run();
        for (int i = 0; i < seconds; ++i) {
            s.pass(1s);
            c.window(1'000);
            s.run();
            replies += take(c);
        }
    }
    void read_all() {
        c.window(1'000'000'000);
        s.run();
        replies += take(c);
    }
    void pass(std::chrono::milliseconds d) {
        s.pass(d);
        replies += take(c);
    }
    /// Whether it is timed out by a second behind a time, and not before.
    bool times_out_behind(std::chrono::milliseconds d) {
        pass(d);
        bool const early = timed_out();
        pass(1200ms);
        return !early && timed_out();
    }
    bool timed_out() const { return replies.find("HTTP/1.1 408 ") != replies.npos; }
};

std::string const post_early = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";

}  // namespace

TEST_CASE("a hook that ends while the reply before its own is handed over is answered once") {
    memory_server s;
    held_hooks held(s.registry);
    s.registry.response_listener(hh::any_verb, "/held/a", [&](auto&) { held.end("b"); });
    s.registry.response_listener(hh::any_verb, "/held/b", [&](auto&) { held.end("c"); });
    auto c = s.connect();
    c.send(asks_for("/held/a") + asks_for("/held/b") + asks_for("/at-once") + asks_for("/held/c") +
           asks_for("/at-once"));
    s.run();
    held.end("a");
    s.run();
    std::string const replies = take(c);
    INFO(replies);
    CHECK(contents(replies) == "<a><b><at-once><c><at-once>");
    CHECK(occurrences(replies, "HTTP/1.1 200 ") == 5);
    CHECK(s.registry.stats().exchanges == 0);
    c.send(asks_for("/at-once"));
    s.run();
    CHECK(contents(take(c)) == "<at-once>");
}

TEST_CASE("a hook that ends while the stream before its reply begins is answered behind that") {
    dispatched_bytes t;
    held_hooks held(t.hooks);
    std::function<void()> begin;
    t.hooks.get("/stream", [&](hh::responder_context& c, hh::hook_done done) {
        begin = [&, done] {
            c.set_response(hh::stream("text/plain", [&](hh::stream_writer& w) {
                w.async_write(std::string("<stream>"), [](hh::error_code) {});
                w.end();
                held.end("b");
            }));
            done();
        };
    });
    t.send(asks_for("/stream") + asks_for("/held/b") + asks_for("/at-once"));
    begin();
    for (int i = 0; i < 4; ++i) t.run();
    std::string const replies = t.take();
    INFO(replies);
    CHECK(t.reentered == 0);
    CHECK(contents(replies) == "<stream><b><at-once>");
    CHECK(occurrences(replies, "HTTP/1.1 200 ") == 3);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("who serves a connection is not told of a reply while it collects") {
    dispatched_bytes t;
    held_hooks held(t.hooks);
    t.hooks.response_listener(hh::any_verb, "/held/a", [&](auto&) { held.end("b"); });
    t.send(asks_for("/held/a") + asks_for("/held/b"));
    held.end("a");
    t.run();
    CHECK(contents(t.take()) == "<a><b>");
    CHECK(t.reentered == 0);
    CHECK_FALSE(t.bytes.in_flight());
}

TEST_CASE("a hook that ends as another one is cancelled has no place among the replies any more") {
    dispatched_bytes t;
    held_hooks held(t.hooks);
    t.hooks.get("/file", [](auto& c) {
        c.set_response(hh::text(""),
                       std::make_shared<hh::file_body>(::open("/dev/zero", O_RDONLY), 0, 300'000));
    });
    held.cancelled["a"] = [&] { held.end("b"); };
    t.bytes.clear();
    t.bytes.open(t, t.peer, false, true);
    t.serving = true;
    std::string const pipelined = asks_for("/held/c") + asks_for("/file") + asks_for("/held/a") +
                                  asks_for("/held/b") + asks_for("/at-once");
    CHECK(t.bytes.consume(pipelined) == pipelined.size());
    t.serving = false;
    held.end("c");
    t.run();
    REQUIRE(t.bytes.file_due());
    t.serving = true;
    asio::post(t.context, [&] { t.bytes.sent(0); });
    t.context.restart();
    t.context.poll();
    CHECK(t.reentered == 0);
    CHECK_FALSE(t.bytes.in_flight());
    CHECK(t.bytes.closing());
    CHECK(occurrences(t.take(), "HTTP/1.1 ") == 2);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("a hook that ends as a body for a mount begins does not have input taken twice") {
    memory_server s;
    held_hooks held(s.registry);
    early_mount const mount{[&] { held.end("a"); }};
    s.settings->mounts.add(mount);
    auto c = s.connect();
    c.send(asks_for("/held/a") + post_early.substr(0, 10));
    s.run();
    c.send(post_early.substr(10) + "1");
    s.run();
    CHECK(contents(take(c)) == "<a>");
    c.send("2345");
    s.run();
    CHECK(*mount.body == "12345");
}

TEST_CASE("replies that are ready go out when a mount throws as a body for it begins") {
    memory_server s;
    held_hooks held(s.registry);
    s.settings->mounts.add(early_mount{[&] {
        held.end("a");
        throw std::runtime_error("body_begins");
    }});
    auto c = s.connect();
    c.send(asks_for("/held/a") + asks_for("/at-once") + post_early + "1");
    s.run();
    std::string const replies = take(c);
    INFO(replies);
    CHECK(contents(replies) == "<a><at-once>");
    CHECK(occurrences(replies, "HTTP/1.1 500 ") == 1);
    CHECK(c.ended());
}

TEST_CASE("a header may be late while nothing is read, as the reply before it is written") {
    slow_client t;
    t.send(asks_for("/file") + "GET /at-once HTTP/1.1\r\n");
    t.pass(4s);
    bool const whole = GENERATE(true, false);
    t.c.send(whole ? "Host: a\r\n\r\n" : "Host: a\r\n");
    t.read_slowly(15);
    CHECK_FALSE(t.timed_out());
    t.read_all();
    if (!whole) {
        CHECK(t.times_out_behind(5s));
        CHECK(t.c.ended());
        return;
    }
    CHECK(contents(t.replies) == "<at-once>");
    CHECK(occurrences(t.replies, "HTTP/1.1 200 ") == 2);
    CHECK_FALSE(t.c.ended());
    t.send("GET /at");
    CHECK(t.times_out_behind(9s));
}

TEST_CASE("a header may be late while nothing is read, as too much waits for the client") {
    dispatched_bytes t({.output_limit = 10});
    held_hooks held(t.hooks);
    t.serving = true;
    CHECK(t.bytes.consume(asks_for("/held/a") + "GET /at-once") == asks_for("/held/a").size());
    CHECK(t.bytes.deadline());
    t.pass(4s);
    held.end("a");
    t.context.restart();
    t.context.poll();
    t.bytes.collect();
    CHECK_FALSE(t.bytes.can_consume());
    CHECK_FALSE(t.bytes.deadline());
    t.pass(20s);
    CHECK_FALSE(t.is_late());
    t.bytes.output().clear();
    t.bytes.collect();
    CHECK(t.bytes.deadline());
    t.pass(5s);
    CHECK_FALSE(t.is_late());
    t.pass(1200ms);
    CHECK(t.is_late());
}

TEST_CASE("a body may be late while nothing is read, as the reply before it is written") {
    slow_client t;
    t.send(asks_for("/file") + "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    t.pass(4s);
    bool const whole = GENERATE(true, false);
    t.c.send(whole ? "body" : "bo");
    t.read_slowly(15);
    CHECK_FALSE(t.timed_out());
    t.read_all();
    if (whole) {
        CHECK(contents(t.replies) == "<body>");
        CHECK_FALSE(t.c.ended());
    } else {
        CHECK(t.times_out_behind(5s));
        CHECK(t.c.ended());
    }
}

TEST_CASE("a body that was not asked for yet may be late") {
    slow_client t;
    std::string const path = GENERATE("/echo", "/guarded/echo", "/stream/echo");
    if (path != "/echo") t.add_early_hooks();
    CAPTURE(path);
    t.send(asks_for("/held/a") + "POST " + path +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    t.pass(20s);
    CHECK(t.replies.empty());
    SECTION("and is read when it comes then") {
        t.held.end("a");
        t.s.run();
        t.pass(9s);
        CHECK(t.replies.ends_with("<a>HTTP/1.1 100 Continue\r\n\r\n"));
        t.send("body");
        CHECK(contents(t.replies) == "<a><body>");
        CHECK_FALSE(t.c.ended());
    }
    SECTION("and has its time from then on") {
        t.held.end("a");
        t.s.run();
        CHECK(t.times_out_behind(9s));
        CHECK(t.c.ended());
    }
    SECTION("and has its time from when it begins all the same") {
        t.send("bo");
        t.pass(9s);
        t.held.end("a");
        t.s.run();
        t.pass(10ms);
        CHECK(contents(t.replies) == "<a>");
        CHECK_FALSE(t.timed_out());
        t.pass(1200ms);
        CHECK(t.timed_out());
        CHECK(t.replies.find(" 100 ") == t.replies.npos);
    }
}
