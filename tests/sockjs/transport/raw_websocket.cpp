// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/raw_websocket.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket_peer.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using support::service_options;
using support::sockjs_services;
using support::websocket_peer;
namespace hh = httphooks;

TEST_CASE("messages are as they come, empty and binary ones too") {
    sockjs_services s;
    s.add(service_options("/echo"), [](hh::sockjs::connection c) {
        c.on_message([c](std::string_view m, bool binary) mutable {
            c.send(std::string(binary ? "binary " : "text ") + std::string(m));
        });
    });
    websocket_peer ws(s.port(), "/echo/websocket");
    CHECK(ws.reply().status == 101);
    ws.send("a\xef\xbf\xbf");
    CHECK(ws.text() == "text a\xef\xbf\xbf");
    ws.send("");
    CHECK(ws.text() == "text ");
    ws.send("\xff", 2);
    auto const f = ws.frame();
    CHECK(f.op == 2);
    CHECK(f.payload == "binary \xff");
}

TEST_CASE("bytes are sent as a binary message, and as a text where there is none") {
    sockjs_services s;
    s.add(service_options("/echo"), [](hh::sockjs::connection c) {
        c.on_message([c](std::string_view m) mutable { c.send_binary(m); });
    });
    websocket_peer raw(s.port(), "/echo/websocket");
    raw.send("abc", 2);
    auto f = raw.frame();
    CHECK(f.op == 2);
    CHECK(f.payload == "abc");
    raw.send("", 2);
    f = raw.frame();
    CHECK(f.op == 2);
    CHECK(f.payload.empty());
    websocket_peer framed(s.port(), "/echo/0/s/websocket");
    CHECK(framed.text() == "o");
    framed.send("[\"a\"]");
    CHECK(framed.text() == "a[\"a\"]");
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"b\"]").status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"b\"]\n");
}

TEST_CASE("a raw WebSocket gets no pings, unless the option says so") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 60ms;
    s.echo(o);
    o.prefix = "/pings";
    o.raw_websocket_pings = true;
    s.echo(o);
    websocket_peer without(s.port(), "/echo/websocket");
    websocket_peer with(s.port(), "/pings/websocket");
    for (int i = 0; i < 3; ++i) {
        CHECK(with.frame().op == 9);
        with.send("", 10);
    }
    without.send("m");
    auto const f = without.frame();
    CHECK(f.op == 1);
    CHECK(f.payload == "m");
}

TEST_CASE("the server's close is the close of the WebSocket") {
    sockjs_services s;
    s.close();
    websocket_peer ws(s.port(), "/close/websocket");
    auto const f = ws.frame();
    CHECK(f.op == 8);
    CHECK(f.close_code() == 3000);
    CHECK(f.close_reason() == "Go away!");
}

TEST_CASE("a broadcast reaches WebSockets with and without frames") {
    sockjs_services s;
    auto& server = s.echo();
    websocket_peer raw(s.port(), "/echo/websocket");
    websocket_peer framed(s.port(), "/echo/0/s/websocket");
    CHECK(framed.text() == "o");
    framed.send("[\"a\"]");
    CHECK(framed.text() == "a[\"a\"]");
    raw.send("b");
    CHECK(raw.text() == "b");
    server.broadcast("to \"all\"");
    CHECK(raw.text() == "to \"all\"");
    CHECK(framed.text() == "a[\"to \\\"all\\\"\"]");
}
