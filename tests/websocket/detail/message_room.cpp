// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    WebSocket messages that are not whole, in a server with a budget for bodies.
*/

#include <httphooks/into_response.hpp>
#include <httphooks/websocket/detail/message_room.hpp>
#include <httphooks/websocket/server.hpp>

#include "support/catch.hpp"
#include "support/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
using namespace std::chrono_literals;
using support::client_frame;
using support::client_text;
using support::memory_client;

namespace {

constexpr std::size_t kib = 1024;

/// A server with a budget of 64 KiB that tells how long messages are.
struct roomy_server : support::websocket_server {
    roomy_server() {
        settings->bodies = std::make_shared<hh::detail::body_budget>(64 * kib, settings->counters);
        ws::server sizes(context.get_executor());
        sizes.on_message(
            [](ws::connection& c, ws::message const& m) { c.send(std::to_string(m.data.size())); });
        settings->mounts.add(sizes);
        registry.post("/park", [this](hh::responder_context& c, hh::hook_done done) {
            parked.push_back([&c, done] {
                c.set_response(hh::text("done"));
                done();
            });
        });
    }
    ~roomy_server() { parked.clear(); }

    /// A request whose body takes all of the budget, until release().
    memory_client fill() {
        memory_client c = connect();
        c.send("POST /park HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" +
               std::string(64 * kib, 'p'));
        run();
        CHECK(parked.size() == 1);
        return c;
    }
    void release() {
        for (auto const& f : std::exchange(parked, {})) f();
        run();
    }
    std::uint64_t bytes() const { return settings->counters->body_bytes(); }
    std::uint64_t paused() const { return settings->counters->paused_bodies(); }

    std::vector<std::function<void()>> parked{};
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("messages that are not whole count, and those that are do not") {
    roomy_server s;
    memory_client c = s.open("/ws");
    CHECK(s.ask(c, client_text(std::string(5 * kib, 'x'))) == texts{"text:5120"});
    CHECK(s.bytes() == 0);
    std::string const frame = client_text(std::string(60 * kib, 'x'));
    CHECK(s.ask(c, frame.substr(0, 20 * kib)).empty());
    CHECK(s.bytes() >= 20 * kib - 16);
    CHECK(s.bytes() <= 60 * kib);
    CHECK(s.ask(c, frame.substr(20 * kib)) == texts{"text:61440"});
    CHECK(s.bytes() == 0);
}

TEST_CASE("a message that is not whole waits for room") {
    roomy_server s;
    memory_client const full = s.fill();
    memory_client ahead = s.open("/ws");
    memory_client c = s.open("/ws");
    std::string const frame = client_text(std::string(60 * kib, 'x'));
    CHECK(s.ask(ahead, frame.substr(0, 30 * kib)).empty());
    CHECK(s.ask(c, frame.substr(0, 30 * kib)).empty());
    CHECK(s.paused() == 1);
    CHECK(s.ask(c, frame.substr(30 * kib)).empty());
    CHECK(s.bytes() <= (64 + 60 + 16) * kib);
    SECTION("until there is some") {
        s.release();
        CHECK(s.frames(c) == texts{"text:61440"});
        CHECK(s.ask(ahead, frame.substr(30 * kib)) == texts{"text:61440"});
    }
    SECTION("until the one ahead of it is whole") {
        CHECK(s.ask(ahead, frame.substr(30 * kib)) == texts{"text:61440"});
        CHECK(s.frames(c) == texts{"text:61440"});
        s.release();
    }
    SECTION("unless its client has gone, which is noticed then") {
        c.reset();
        s.run();
        ahead.reset();
        s.run();
        s.release();
        CHECK(s.open_connections() == 0);
    }
    SECTION("unless the server ends") {
        s.loop().cut();
        s.parked.clear();
        s.run();
    }
    if (s.open_connections() < 2 || c.ended()) CHECK(s.bytes() == 0);
    CHECK(s.paused() == 0);
}

TEST_CASE("who waits for room is not asked whether it is there, and not late") {
    roomy_server s;
    memory_client const full = s.fill();
    memory_client ahead = s.connect();
    ahead.send("POST /park HTTP/1.1\r\nHost: a\r\nContent-Length: 40960\r\n\r\n" +
               std::string(40 * kib, 'p'));
    s.run();
    CHECK(s.parked.size() == 2);
    memory_client c = s.open("/ws");
    std::string const frame = client_text(std::string(60 * kib, 'x'));
    CHECK(s.ask(c, frame.substr(0, 30 * kib)).empty());
    CHECK(s.paused() == 1);
    s.pass_time(90s);
    CHECK(s.frames(c).empty());
    CHECK_FALSE(c.ended());
    s.release();
    CHECK(s.ask(c, frame.substr(30 * kib)) == texts{"text:61440"});
    CHECK(s.bytes() == 0);
}

TEST_CASE("small messages pass while there is no room") {
    roomy_server s;
    memory_client const full = s.fill();
    memory_client ahead = s.open("/ws");
    CHECK(s.ask(ahead, client_text(std::string(60 * kib, 'x')).substr(0, 30 * kib)).empty());
    memory_client c = s.open("/ws");
    CHECK(s.ask(c, client_text("hello") + client_text(std::string(3 * kib, 'x'))) ==
          texts{"text:5", "text:3072"});
    s.release();
}

TEST_CASE("who takes too long for a message while others wait is closed with 1008") {
    roomy_server s;
    memory_client const full = s.fill();
    memory_client slow = s.open("/ws");
    std::string const frame = client_text(std::string(60 * kib, 'x'));
    CHECK(s.ask(slow, frame.substr(0, 20 * kib)).empty());
    s.pass_time(40s);
    CHECK_FALSE(slow.ended());  // nobody waits
    memory_client c = s.open("/ws");
    CHECK(s.ask(c, frame).empty());
    CHECK(s.paused() == 1);
    s.pass_time(2s);
    auto const seen = s.frames(slow);
    REQUIRE_FALSE(seen.empty());
    CHECK(seen.back() == "close:1008:");
    s.pass_time(10s);
    CHECK(s.frames(c) == texts{"text:61440"});
    s.release();
    CHECK(s.bytes() == 0);
}

TEST_CASE("fragments of a message count together") {
    roomy_server s;
    memory_client c = s.open("/ws");
    CHECK(s.ask(c, client_frame(ws::opcode::text, std::string(9 * kib, 'x'), false)).empty());
    CHECK(s.bytes() >= 9 * kib);
    CHECK(
        s.ask(c, client_frame(ws::opcode::continuation, std::string(9 * kib, 'y'), false)).empty());
    CHECK(s.bytes() >= 18 * kib);
    CHECK(s.ask(c, client_frame(ws::opcode::continuation, "z")) == texts{"text:18433"});
    CHECK(s.bytes() == 0);
}
