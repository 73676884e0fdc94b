// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/websocket.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket.hpp"
#include "support/websocket_peer.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;
using support::service_options;
using support::sockjs_services;
using support::tally;
using support::websocket_peer;
namespace hh = httphooks;

// there is no list of subprotocols: none is chosen
TEST_CASE("the connection is upgraded, and what is offered besides is ignored") {
    sockjs_services s;
    s.echo();
    websocket_peer ws(
        s.port(), "/echo/0/s/websocket",
        {{"Sec-WebSocket-Protocol", "a, b"}, {"Sec-WebSocket-Extensions", "permessage-deflate"}});
    CHECK(ws.reply().status == 101);
    CHECK(ws.reply()["Upgrade"] == "websocket");
    CHECK(ws.reply()["Connection"] == "Upgrade");
    CHECK(ws.reply()["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK_FALSE(ws.reply().has("Content-Length"));
    CHECK_FALSE(ws.reply().has("Sec-WebSocket-Protocol"));
    CHECK_FALSE(ws.reply().has("Sec-WebSocket-Extensions"));
    CHECK(ws.text() == "o");
}

TEST_CASE("arrays and single strings are messages, what is empty is nothing") {
    sockjs_services s;
    s.echo();
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send("");
    ws.send("[]");
    ws.send("[\"a\"]");
    CHECK(ws.text() == "a[\"a\"]");
    ws.send("\"b\"");
    CHECK(ws.text() == "a[\"b\"]");
    ws.send("  [\"c\",\"d\"]");
    CHECK(ws.text() == "a[\"c\"]");
    CHECK(ws.text() == "a[\"d\"]");
}

TEST_CASE("what is broken ends the connection with 3000 and no frame") {
    sockjs_services s;
    tally closed;
    s.add(service_options("/echo"), [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code, std::string_view) { closed.add(); });
    });
    std::size_t n = 0;
    for (char const* const text : {"[\"x", "[\"a\"] x", "1", "{}", "[1]"}) {
        websocket_peer ws(s.port(), "/echo/0/s/websocket");
        CHECK(ws.text() == "o");
        ws.send(text);
        auto const f = ws.frame();
        CHECK(f.op == 8);
        CHECK(f.close_code() == 3000);
        CHECK(f.close_reason() == "Broken framing.");
        CHECK(closed.reaches(++n));
    }
}

TEST_CASE("a binary message with the same text is taken") {
    sockjs_services s;
    s.echo();
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send("[\"a\"]", 2);
    CHECK(ws.text() == "a[\"a\"]");
}

TEST_CASE("large messages are taken up to the limit") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.message_limit = 100'000;
    s.echo(o);
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    std::string const big(70'000, 'x');
    ws.send("[\"" + big + "\"]");
    CHECK(ws.text() == "a[\"" + big + "\"]");
    ws.send("[\"" + big + big + "\"]");
    auto const f = ws.frame();
    CHECK(f.op == 8);
    CHECK(f.close_code() == 1009);
}

TEST_CASE("the server's close is a frame of SockJS, then 1000") {
    sockjs_services s;
    s.close();
    websocket_peer ws(s.port(), "/close/0/s/websocket");
    CHECK(ws.text() == "o");
    CHECK(ws.text() == "c[3000,\"Go away!\"]");
    auto const f = ws.frame();
    CHECK(f.op == 8);
    CHECK(f.close_code() == 1000);
    CHECK(f.close_reason() == "Normal closure");
    ws.send_close(1000);
    CHECK(ws.ended());
}

TEST_CASE("a session's name may be used by several WebSockets, and again") {
    sockjs_services s;
    s.echo();
    websocket_peer one(s.port(), "/echo/0/s/websocket");
    websocket_peer two(s.port(), "/echo/0/s/websocket");
    CHECK(one.text() == "o");
    CHECK(two.text() == "o");
    one.send("[\"1\"]");
    CHECK(one.text() == "a[\"1\"]");
    one.send_close(1000);
    CHECK(one.frame().op == 8);
    two.send("[\"2\"]");
    CHECK(two.text() == "a[\"2\"]");
    CHECK(s.post("/echo/0/s/xhr_send", "[]").status == 404);
}

TEST_CASE("the application learns once that a WebSocket has gone") {
    sockjs_services s;
    tally closed;
    auto& server = s.add(service_options("/echo"), [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code, std::string_view) { closed.add(); });
    });
    {
        websocket_peer ws(s.port(), "/echo/0/s/websocket");
        CHECK(ws.text() == "o");
    }
    CHECK(closed.reaches(1));
    {
        websocket_peer ws(s.port(), "/echo/0/s/websocket");
        CHECK(ws.text() == "o");
        ws.peer().client().reset();
    }
    CHECK(closed.reaches(2));
    for (int i = 0; i < 1000 && server.size() > 0; ++i) s.ask("GET", "/echo");
    CHECK(server.size() == 0);
    CHECK(closed.count() == 2);
}

TEST_CASE("a WebSocket gets pings, and frames besides if the option says so") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 60ms;
    s.echo(o);
    auto with = service_options("/frames");
    with.heartbeat_delay = 60ms;
    with.websocket_heartbeat_frames = true;
    s.echo(with);
    {
        websocket_peer ws(s.port(), "/echo/0/s/websocket");
        CHECK(ws.text() == "o");
        auto const f = ws.frame();
        CHECK(f.op == 9);
        CHECK(f.payload.empty());
        ws.send("", 10);
        CHECK(ws.frame().op == 9);
    }
    {
        websocket_peer ws(s.port(), "/echo/0/s/websocket");
        CHECK(ws.text() == "o");
        for (int i = 0; i < 3; ++i) CHECK(ws.frame().op == 9);
    }
    websocket_peer ws(s.port(), "/frames/0/s/websocket");
    CHECK(ws.text() == "o");
    CHECK(ws.text() == "h");
}

TEST_CASE("messages do not delay the pings of a WebSocket") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 100ms;
    s.echo(o);
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    bool pinged = false;
    for (int i = 0; i < 1'000'000 && !pinged; ++i) {
        ws.send("[\"m\"]");
        pinged = ws.frame().op == 9;
    }
    CHECK(pinged);
}

TEST_CASE("a WebSocket that answers no ping is closed with 3000, and the application knows") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 60ms;
    o.pong_timeout = 200ms;
    o.raw_websocket_pings = true;
    s.add(o, [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code code, std::string_view reason) {
            s.note(std::to_string(static_cast<int>(code)) + " " + std::string(reason));
        });
    });
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    CHECK(ws.text() == "c[3000,\"No response from heartbeat\"]");
    auto f = ws.frame();
    CHECK(f.op == 8);
    CHECK(f.close_code() == 1000);
    CHECK(f.close_reason() == "Normal closure");
    CHECK(s.next_note() == "3000 No response from heartbeat");
    ws.send_close(1000);
    CHECK(ws.ended());

    websocket_peer raw(s.port(), "/echo/websocket");
    do f = raw.frame();
    while (f.op == 9);
    CHECK(f.op == 8);
    CHECK(f.close_code() == 3000);
    CHECK(f.close_reason() == "No response from heartbeat");
    CHECK(s.next_note() == "3000 No response from heartbeat");
}

TEST_CASE("a WebSocket of a page that may not connect is refused before it is opened") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.origins = {"https://good.example"};
    auto& server = s.echo(o);
    CHECK(websocket_peer(s.port(), "/echo/0/s/websocket", {{"Origin", "https://bad.example"}})
              .reply()
              .status == 403);
    CHECK(websocket_peer(s.port(), "/echo/0/s/websocket", {{"Origin", "https://good.example"}})
              .text() == "o");
    server.authorize([](hh::sockjs::handshake const& h, std::function<void(hh::status)> decide) {
        bool const good = (*h.message)["X-Token"] == "7";
        boost::asio::post(boost::asio::system_executor(), [decide, good] {
            decide(good ? hh::status::ok : hh::status::unauthorized);
        });
    });
    CHECK(websocket_peer(s.port(), "/echo/0/s/websocket").reply().status == 401);
    websocket_peer ws(s.port(), "/echo/0/s/websocket", {{"X-Token", "7"}});
    CHECK(ws.text() == "o");
    ws.send("[\"a\"]");
    CHECK(ws.text() == "a[\"a\"]");
}

TEST_CASE("what is behind a handshake and before a FIN waits for the application's consent") {
    sockjs_services s;
    std::mutex mutex;
    std::function<void(hh::status)> decide;
    tally asked;
    auto& server = s.add(service_options("/echo"), [&](hh::sockjs::connection c) {
        c.on_message([&](std::string_view m) { s.note(m); });
        c.on_close([&](hh::sockjs::close_code code, std::string_view reason) {
            s.note(std::to_string(static_cast<int>(code)) + " " + std::string(reason));
        });
    });
    server.authorize([&](hh::sockjs::handshake const&, std::function<void(hh::status)> d) {
        std::lock_guard const lock(mutex);
        decide = std::move(d);
        asked.add();
    });
    s.echo("/other");
    bool const raw = GENERATE(false, true);
    auto peer = s.peer();
    peer.send_raw(support::handshake(raw ? "/echo/websocket" : "/echo/0/s/websocket"));
    REQUIRE(asked.reaches(1));
    std::string const frames =
        raw ? support::client_text("m1") + support::client_text("m2") + support::client_text("m3")
            : support::client_text("[\"m1\",\"m2\"]") + support::client_text("[\"m3\"]");
    auto const answer = [&](hh::status says) {
        // on the same thread, behind what the client has sent
        CHECK(s.ask("GET", "/other").status == 200);
        std::lock_guard const lock(mutex);
        decide(says);
    };
    SECTION("all of it is handed on") {
        peer.send_raw(frames + support::client_close(1000, "bye"));
        peer.client().finish();
        answer(hh::status::ok);
        CHECK(peer.head().status == 101);
        for (char const* const expected : {"m1", "m2", "m3", "1000 bye"})
            CHECK(s.next_note() == expected);
    }
    SECTION("but for a client that is refused") {
        peer.send_raw(frames);
        peer.client().finish();
        answer(hh::status::forbidden);
        CHECK(peer.head().status == 403);
        CHECK(server.size() == 0);
    }
    SECTION("a client that is reset meanwhile has gone") {
        peer.send_raw(frames);
        peer.client().finish();
        CHECK(s.ask("GET", "/other").status == 200);
        peer.client().reset();
        answer(hh::status::ok);
        CHECK(s.ask("GET", "/other").status == 200);
        CHECK(s.note_count() == 0);
        CHECK(server.counters()->opened() == 0);
    }
    SECTION("and one that has sent nothing else has, too") {
        peer.client().finish();
        CHECK(peer.ended());
        answer(hh::status::ok);
        CHECK(server.counters()->opened() == 0);
    }
}

TEST_CASE("a lone surrogate over WebSocket comes back as an escape") {
    sockjs_services s;
    s.echo();
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send("[\"\\ud800 \xf0\x9f\x98\x80 \\u2028\"]");
    CHECK(ws.text() == "a[\"\\ud800 \\ud83d\\ude00 \\u2028\"]");
}

TEST_CASE("WebSockets are said goodbye when the server is drained") {
    sockjs_services s;
    auto& server = s.echo();
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    server.drain();
    CHECK(ws.text() == "c[3000,\"Go away!\"]");
    CHECK(ws.frame().op == 8);
    ws.send_close(1000);
    CHECK(ws.ended());
    CHECK(websocket_peer(s.port(), "/echo/0/s/websocket").reply().status == 503);
}

namespace {

/// Sends, a piece at each turn of the event loop, until something waits for the client.
void fill(hh::sockjs::connection c, tally& sent, tally& full) {
    if (c.buffered_amount() > 0) return full.add();
    c.send(std::string(32 * 1024, 'x'));
    sent.add();
    boost::asio::post(c.get_executor(), [c, &sent, &full] { fill(c, sent, full); });
}

}  // namespace

TEST_CASE("a WebSocket that is still being written to is not closed for want of a pong") {
    sockjs_services s;
    auto o = service_options("/full");
    o.heartbeat_delay = 60ms;
    o.pong_timeout = 3s;
    tally sent;
    tally full;
    s.add(o, [&](hh::sockjs::connection c) {
        c.on_message([c](std::string_view m) mutable { c.send(m); });
        boost::asio::post(c.get_executor(), [c, &sent, &full] { fill(c, sent, full); });
    });
    auto clock = service_options("/clock");
    clock.heartbeat_delay = 60ms;
    s.echo(clock);
    websocket_peer ws(s.port(), "/full/0/s/websocket");
    REQUIRE(full.reaches(1));
    websocket_peer beats(s.port(), "/clock/0/s/websocket");
    CHECK(beats.text() == "o");
    for (int i = 0; i < 75; ++i) {
        REQUIRE(beats.frame().op == 9);
        beats.send("", 10);
    }
    CHECK(ws.text() == "o");
    std::size_t whole = 0;
    for (std::size_t i = 0; i < sent.count(); ++i)
        if (ws.text().size() == 32 * 1024 + 5) ++whole;
    CHECK(whole == sent.count());
    ws.send("", 10);
    ws.send("[\"y\"]");
    CHECK(ws.text() == "a[\"y\"]");
}
