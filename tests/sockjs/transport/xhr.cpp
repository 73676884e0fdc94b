// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/xhr.hpp>

#include "support/catch.hpp"
#include "support/refusals.hpp"
#include "support/sockjs_services.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using support::service_options;
using support::sockjs_services;
using support::tally;
namespace hh = httphooks;

TEST_CASE("a poll of an unknown session opens it") {
    sockjs_services s;
    s.echo();
    auto const r = s.ask("POST", "/echo/0/s/xhr", {{"Origin", "test"}});
    CHECK(r.status == 200);
    CHECK(r.body == "o\n");
    CHECK(r["Content-Type"] == "application/javascript; charset=UTF-8");
    CHECK(r["Cache-Control"] == support::no_cache);
    CHECK(r["Access-Control-Allow-Origin"] == "test");
    CHECK(r["Access-Control-Allow-Credentials"] == "true");
}

TEST_CASE("messages go by xhr_send and come by xhr") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    auto const sent = s.ask("POST", "/echo/0/s/xhr_send", {{"Origin", "test"}}, "[\"x\"]");
    CHECK(sent.status == 204);
    CHECK(sent["Content-Type"] == "text/plain; charset=UTF-8");
    CHECK(sent["Cache-Control"] == support::no_cache);
    CHECK(sent["Access-Control-Allow-Origin"] == "test");
    CHECK_FALSE(sent.has("Content-Length"));
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"x\"]\n");
}

TEST_CASE("a message to an unknown session is 404, a broken one is 500 before that") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 404);
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x").status == 500);
}

TEST_CASE("a second receiver is refused, the first one goes on") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    auto first = s.peer();
    first.send("POST", "/echo/0/s/xhr");
    // the first has arrived when its connection has answered something behind it; so ask until
    // somebody waits
    std::string second;
    for (int i = 0; i < 100 && second.empty(); ++i) {
        auto other = s.peer();
        second = other.ask("POST", "/echo/0/s/xhr").body;
    }
    CHECK(second == "c[2010,\"Another connection still open\"]\n");
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").body ==
          "/**/f(\"c[2010,\\\"Another connection still open\\\"]\");\r\n");
    auto const streamed = s.post("/echo/0/s/xhr_streaming");
    CHECK(streamed.chunks.size() == 3);
    CHECK(streamed.chunks[1] == "c[2010,\"Another connection still open\"]\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(first.reply().body == "a[\"x\"]\n");
}

TEST_CASE("a session that the server closed says so to each poll") {
    sockjs_services s;
    s.close();
    CHECK(s.post("/close/0/s/xhr").body == "o\n");
    for (int i = 0; i < 3; ++i) CHECK(s.post("/close/0/s/xhr").body == "c[3000,\"Go away!\"]\n");
}

TEST_CASE("a session without a receiver is over after the disconnect delay") {
    sockjs_services s;
    auto o = service_options("/close");
    o.disconnect_delay = 1s;
    tally closed;
    auto& server = s.add(o, [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code, std::string_view) { closed.add(); });
    });
    CHECK(s.post("/close/0/s/xhr").body == "o\n");
    CHECK(s.post("/close/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(closed.reaches(1));
    CHECK(s.post("/close/0/s/xhr_send", "[\"x\"]").status == 404);
    CHECK(s.post("/close/0/s/xhr").body == "o\n");
    CHECK(closed.reaches(2));
    CHECK(server.size() == 0);
}

TEST_CASE("a message to a session that is closing is taken and dropped") {
    sockjs_services s;
    tally got;
    s.add(service_options("/close"), [&](hh::sockjs::connection c) {
        c.on_message([&](std::string_view) { got.add(); });
        c.close();
    });
    CHECK(s.post("/close/0/s/xhr").body == "o\n");
    CHECK(s.post("/close/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(s.post("/close/0/s/xhr").body == "c[3000,\"Go away!\"]\n");
    CHECK(got.count() == 0);
}

TEST_CASE("a client that drops its poll loses its session, and the application knows") {
    for (bool const reset : {false, true}) {
        sockjs_services s;
        tally closed;
        s.add(service_options("/echo"), [&](hh::sockjs::connection c) {
            c.on_close([&](hh::sockjs::close_code code, std::string_view) {
                if (code == hh::sockjs::close_code::interrupted) closed.add();
            });
        });
        CHECK(s.post("/echo/0/s/xhr").body == "o\n");
        {
            auto poll = s.peer();
            poll.send("POST", "/echo/0/s/xhr");
            std::string other;
            for (int i = 0; i < 100 && other.empty(); ++i) other = s.post("/echo/0/s/xhr").body;
            CHECK(other == "c[2010,\"Another connection still open\"]\n");
            if (reset) poll.client().reset();
        }
        CHECK(closed.reaches(1));
        CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 404);
        CHECK(s.post("/echo/0/s/xhr").body == "o\n");
        CHECK(closed.count() == 1);
    }
}

TEST_CASE("a poll that comes behind the end of a stream is not refused") {
    sockjs_services s(2);
    s.echo();
    for (int i = 0; i < 100; ++i) {
        std::string const session = "/echo/0/s" + std::to_string(i);
        {
            auto stream = s.peer();
            stream.send("POST", session + "/xhr_streaming");
            CHECK(stream.head().status == 200);
            CHECK(stream.chunk().size() == 2049);
            CHECK(stream.chunk() == "o\n");
            if (i % 2) stream.client().reset();
        }
        CHECK(s.post(session + "/xhr").body == "o\n");
    }
}

TEST_CASE("a poll gets all messages that wait as one frame") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"1\"]").status == 204);
    CHECK(s.post("/echo/0/s/xhr_send", "[\"2\",\"3\"]").status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"1\",\"2\",\"3\"]\n");
}

TEST_CASE("what is not an array of strings is 500, and the session goes on") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    for (char const* const body : {"", "\"x\"", "{}", "null", "1"}) {
        auto const r = s.post("/echo/0/s/xhr_send", body);
        CHECK(r.status == 500);
        CHECK(r.body == "Payload expected.");
        CHECK(r["Content-Type"] == "text/plain; charset=UTF-8");
    }
    for (char const* const body : {"[\"x", "[1,null,true,{},[\"b\"]]", "[\"a\",1]", "[\"\xff\"]"}) {
        auto const r = s.post("/echo/0/s/xhr_send", body);
        CHECK(r.status == 500);
        CHECK(r.body == "Broken JSON encoding.");
    }
    CHECK(s.post("/echo/0/s/xhr_send", "[\"a\"]").status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"a\"]\n");
}

TEST_CASE("an empty array is taken") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[]").status == 204);
}

TEST_CASE("which types messages may have") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    for (char const* const type :
         {"text/plain", "T", "application/json", "application/xml", "", "text/xml",
          "application/json; charset=utf-8", "text/xml; charset=utf-8", "TEXT/PLAIN;charset=UTF-8"})
        CHECK(s.ask("POST", "/echo/0/s/xhr_send", {{"Content-Type", type}}, "[\"a\"]").status ==
              204);
    for (char const* const type :
         {"application/x-www-form-urlencoded", "application/octet-stream", "text/plainer"}) {
        auto const r = s.ask("POST", "/echo/0/s/xhr_send", {{"Content-Type", type}}, "[\"a\"]");
        CHECK(r.status == 500);
        CHECK(r.body == "Payload expected.");
    }
}

TEST_CASE("a poll that waits gets a heartbeat, and ends") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 50ms;
    s.echo(o);
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr").body == "h\n");
}

TEST_CASE("strings that hurt come back") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr_send",
                 "[\"\\ud800\",\"\xf0\x9f\x98\x80\",\"\\u0000\xe2\x80\xa8</script>%41\"]")
              .status == 204);
    CHECK(s.post("/echo/0/s/xhr").body ==
          "a[\"\\ud800\",\"\\ud83d\\ude00\",\"\\u0000\\u2028</script>%41\"]\n");
}

TEST_CASE("while the application pauses, xhr_send waits, and much is refused") {
    sockjs_services s;
    auto o = service_options("/paused");
    o.inbound_bytes = 10;
    tally got;
    tally opened;
    std::optional<hh::sockjs::connection> held;
    s.add(o, [&](hh::sockjs::connection c) {
        c.on_message([&](std::string_view) { got.add(); });
        c.pause();
        held = c;
        opened.add();
    });
    CHECK(s.post("/paused/0/s/xhr").body == "o\n");
    CHECK(opened.reaches(1));
    auto first = s.peer();
    first.send("POST", "/paused/0/s/xhr_send", {}, "[\"0123456789\",\"0123456789\"]");
    // a later one is refused as soon as the first waits
    int refused = 0;
    for (int i = 0; i < 100 && refused != 503; ++i) {
        auto later = s.peer();
        later.send("POST", "/paused/0/s/xhr_send", {}, "[\"x\"]");
        refused = later.head().status;
    }
    CHECK(refused == 503);
    CHECK(got.count() == 0);
    held->resume();
    CHECK(first.reply().status == 204);
    CHECK(got.count() == 2);
    held.reset();
}

TEST_CASE("what waits while the application pauses counts, if it has no byte of text") {
    sockjs_services s;
    auto o = service_options("/paused");
    o.inbound_bytes = 20'000;
    auto& server = s.add(o, [](hh::sockjs::connection c) { c.pause(); });
    /// How many requests that are given up at once it takes until one is refused.
    auto const sent = [&](std::string const& session, std::string const& body) {
        CHECK(s.post(session + "/xhr").body == "o\n");
        std::string const before = support::refusals(*server.counters());
        for (int n = 1; n <= 200; ++n) {
            s.peer().send("POST", session + "/xhr_send", {}, body);
            CHECK(s.ask("GET", "/paused").status == 200);
            if (support::refusals(*server.counters()) != before) return n;
        }
        return 0;
    };
    std::string empty_messages = "[\"\"";
    for (int i = 1; i < 1000; ++i) empty_messages += ",\"\"";
    int const with_messages = sent("/paused/0/a", empty_messages + "]");
    CHECK(with_messages > 1);
    CHECK(with_messages < 10);
    int const without = sent("/paused/0/b", "[]");
    CHECK(without > 10);
    CHECK(without < 100);
    CHECK(s.post("/paused/0/b/xhr_send", "[]").status == 503);
}
