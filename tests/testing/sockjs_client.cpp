// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/sockjs/server.hpp>
#include <httphooks/testing/mounted_request.hpp>
#include <httphooks/testing/sockjs_client.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
using namespace std::chrono_literals;
using hh::testing::mounted_request;
using hh::testing::sockjs_client;

namespace {

/// A service that sends back what comes.
struct sockjs_place {
    explicit sockjs_place(hh::sockjs::options o = {.prefix = "/echo"})
        : server(clock.get_executor(), std::move(o)) {
        server.on_connection([this](hh::sockjs::connection c) {
            last = c;
            c.on_message([c](std::string_view m) mutable { c.send(m); });
            c.on_close([this](hh::sockjs::close_code code, std::string_view why) {
                ends.push_back(std::to_string(static_cast<int>(code)) + ":" + std::string(why));
            });
        });
    }
    hh::request poll(std::string_view target) {
        hh::request r(hh::verb::post, target, 11);
        r.set(hh::field::host, "test");
        return r;
    }

    hh::testing::clock clock{};
    hh::sockjs::server server;
    std::optional<hh::sockjs::connection> last{};
    std::vector<std::string> ends{};
};

}  // namespace

TEST_CASE("messages of a SockJS session are there when the call returns, in their order") {
    sockjs_place t;
    sockjs_client c(t.clock, t.server);
    REQUIRE(c.is_open());
    c.send("one \"quoted\" \xc3\xa4");
    c.send_raw(R"(["two","three"])");
    CHECK(c.receive() == "one \"quoted\" \xc3\xa4");
    CHECK(c.receive_all() == std::vector<std::string>{"two", "three"});
    CHECK_FALSE(c.receive());
}

TEST_CASE("either side ends a SockJS session, and both learn of it") {
    sockjs_place t;
    sockjs_client a(t.clock, t.server);
    t.last->close(static_cast<hh::sockjs::close_code>(3000), "Go away!");
    t.clock.run();
    REQUIRE(a.closed());
    CHECK(a.closed()->code == 3000);
    CHECK(a.closed()->reason == "Go away!");
    CHECK_THROWS_AS(a.send("x"), std::logic_error);
    sockjs_client b(t.clock, t.server);
    b.close();
    sockjs_client c(t.clock, t.server);
    c.drop();
    CHECK(c.closed()->code == 0);
    CHECK(t.ends.size() == 3);
}

TEST_CASE("a SockJS session over a WebSocket has its heartbeats in the time of the clock") {
    sockjs_place frames({.prefix = "/echo", .websocket_heartbeat_frames = true});
    sockjs_client c(frames.clock, frames.server);
    frames.clock.advance(24'999ms);
    CHECK(c.heartbeats() == 0);
    frames.clock.advance(1ms);
    CHECK(c.heartbeats() == 1);
    frames.clock.advance(1h);
    CHECK(c.heartbeats() == 145);
    CHECK(c.is_open());
}

TEST_CASE("a session that does not answer pings is given up") {
    sockjs_place t;
    sockjs_client c(t.clock, t.server);
    t.clock.advance(10min);
    CHECK(c.is_open());
    CHECK(c.pings() >= 20);
    c.answer_pings(false);
    t.clock.advance(10min);
    CHECK_FALSE(c.is_open());
    CHECK(t.ends.size() == 1);
}

TEST_CASE("a poll waits for messages and heartbeats, and a session that is left ends in time") {
    sockjs_place t;
    mounted_request const open(t.clock, t.server, t.poll("/echo/000/a/xhr"));
    CHECK(open.reply()->body() == "o\n");
    mounted_request const waiting(t.clock, t.server, t.poll("/echo/000/a/xhr"));
    CHECK_FALSE(waiting.reply());
    auto message = t.poll("/echo/000/a/xhr_send");
    message.body() = R"(["hello"])";
    mounted_request const sent(t.clock, t.server, message);
    CHECK(sent.reply()->result() == hh::status::no_content);
    CHECK(waiting.reply()->body() == "a[\"hello\"]\n");
    mounted_request const beat(t.clock, t.server, t.poll("/echo/000/a/xhr"));
    t.clock.advance(25s);
    CHECK(beat.reply()->body() == "h\n");
    t.clock.advance(4999ms);
    CHECK(t.ends.empty());
    t.clock.advance(1ms);
    CHECK(t.ends.size() == 1);
}

TEST_CASE("a poll that is given up ends its session when the time is over") {
    sockjs_place t;
    mounted_request const open(t.clock, t.server, t.poll("/echo/000/a/xhr"));
    { mounted_request const waiting(t.clock, t.server, t.poll("/echo/000/a/xhr")); }
    t.clock.advance(5s);
    CHECK(t.ends.size() == 1);
}
