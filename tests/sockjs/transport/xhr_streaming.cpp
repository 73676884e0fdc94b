// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/xhr_streaming.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using support::service_options;
using support::sockjs_services;
using support::tally;
namespace hh = httphooks;

namespace {

std::string const prelude = std::string(2048, 'h') + '\n';

/// Opens a stream and reads up to the open frame.
void open_stream(support::http_peer& p, std::string const& target) {
    p.send("POST", target, {{"Origin", "test"}});
    auto const head = p.head();
    CHECK(head.status == 200);
    CHECK(head["Content-Type"] == "application/javascript; charset=UTF-8");
    CHECK(head["Cache-Control"] == support::no_cache);
    CHECK(head["Access-Control-Allow-Origin"] == "test");
    CHECK(head["X-Accel-Buffering"] == "no");
    CHECK_FALSE(head.has("Content-Length"));
    CHECK(head.chunked());
    CHECK(p.chunk() == prelude);
    CHECK(p.chunk() == "o\n");
}

}  // namespace

TEST_CASE("a stream begins with 2048 h, then frames come, each a chunk") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_stream(p, "/echo/0/s/xhr_streaming");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(p.chunk() == "a[\"x\"]\n");
}

TEST_CASE("over HTTP/1.0 a stream has no framing and ends with the connection") {
    sockjs_services s;
    s.close();
    auto p = s.peer();
    p.send_raw("POST /close/0/s/xhr_streaming HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    auto const r = p.reply();
    CHECK(r.status == 200);
    CHECK_FALSE(r.has("Transfer-Encoding"));
    CHECK_FALSE(r.has("Content-Length"));
    CHECK(r.body == prelude + "o\nc[3000,\"Go away!\"]\n");
    CHECK(p.ended());
}

TEST_CASE("over HTTP/1.1 a stream that is closed at once is four chunks") {
    sockjs_services s;
    s.close();
    auto const r = s.post("/close/0/s/xhr_streaming");
    CHECK(r.chunks ==
          std::vector<std::string>{prelude, "o\n", "c[3000,\"Go away!\"]\n", std::string()});
}

TEST_CASE("the response limit counts frames, not the prelude") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_stream(p, "/echo/0/s/xhr_streaming");
    std::string const message(128, 'x');
    for (int i = 0; i < 31; ++i) {
        CHECK(s.post("/echo/0/s/xhr_send", "[\"" + message + "\"]").status == 204);
        CHECK(p.chunk() == "a[\"" + message + "\"]\n");
    }
    CHECK(p.chunk() == "");
    CHECK(p.ask("GET", "/echo").status == 200);
}

TEST_CASE("a message as large as the limit is delivered, and ends the stream") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_stream(p, "/echo/0/s/xhr_streaming");
    std::string const message(4096, 'x');
    CHECK(s.post("/echo/0/s/xhr_send", "[\"" + message + "\"]").status == 204);
    CHECK(p.chunk() == "a[\"" + message + "\"]\n");
    CHECK(p.chunk() == "");
    p.send("POST", "/echo/0/s/xhr_streaming");
    CHECK(p.head().status == 200);
    CHECK(p.chunk() == prelude);
    CHECK(s.post("/echo/0/s/xhr_send", "[\"y\"]").status == 204);
    CHECK(p.chunk() == "a[\"y\"]\n");
}

TEST_CASE("a stream gets what was sent before the close, then the close frame") {
    sockjs_services s;
    s.add(service_options("/last"), [](hh::sockjs::connection c) {
        c.send("last");
        c.close();
    });
    auto const r = s.post("/last/0/s/xhr_streaming");
    CHECK(r.body == prelude + "o\na[\"last\"]\nc[3000,\"Go away!\"]\n");
    CHECK(s.post("/last/0/s/xhr_streaming").body == prelude + "c[3000,\"Go away!\"]\n");
}

TEST_CASE("a client that drops its stream loses its session") {
    sockjs_services s;
    tally closed;
    auto& server = s.add(service_options("/echo"), [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code, std::string_view) { closed.add(); });
    });
    {
        auto p = s.peer();
        open_stream(p, "/echo/0/s/xhr_streaming");
    }
    CHECK(closed.reaches(1));
    CHECK(server.size() == 0);
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 404);
}

TEST_CASE("a session changes its transport from request to request") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send",
                {{"Content-Type", "application/x-www-form-urlencoded"}}, "d=%5B%22a%22%5D")
              .body == "ok");
    auto p = s.peer();
    p.send("GET", "/echo/0/s/eventsource");
    CHECK(p.head().status == 200);
    CHECK(p.chunk() == "\r\n");
    CHECK(p.chunk() == "data: a[\"a\"]\r\n\r\n");
}

TEST_CASE("a stream gets heartbeats, and goes on") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 50ms;
    s.echo(o);
    auto p = s.peer();
    open_stream(p, "/echo/0/s/xhr_streaming");
    CHECK(p.chunk() == "h\n");
    CHECK(p.chunk() == "h\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
    std::string frame = p.chunk();
    for (int i = 0; i < 100 && frame == "h\n"; ++i) frame = p.chunk();
    CHECK(frame == "a[\"x\"]\n");
}

TEST_CASE("a message that comes while the session is being opened is not lost") {
    sockjs_services s(2);
    s.echo();
    auto sender = s.peer();
    char const* const bodies[] = {"[\"early\"]", "[]"};
    for (int round = 0; round < 200; ++round) {
        std::string const session = "/echo/0/s" + std::to_string(round);
        auto stream = s.peer();
        stream.send("POST", session + "/xhr_streaming");
        int status = 404;
        for (int tries = 0; status == 404 && tries < 10'000; ++tries)
            status = sender.ask("POST", session + "/xhr_send", {}, bodies[round % 2]).status;
        REQUIRE(status == 204);
        REQUIRE(stream.head().status == 200);
        stream.chunk();
        REQUIRE(stream.chunk() == "o\n");
        if (round % 2 == 0) REQUIRE(stream.chunk() == "a[\"early\"]\n");
    }
}
