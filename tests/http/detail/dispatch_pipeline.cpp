// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/dispatch.hpp>

#include <httphooks/file_body.hpp>
#include <httphooks/http/detail/session.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/dispatched_bytes.hpp"
#include "support/memory_server.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>

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
