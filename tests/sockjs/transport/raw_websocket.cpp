// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/raw_websocket.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket_peer.hpp"

#include <string>

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
