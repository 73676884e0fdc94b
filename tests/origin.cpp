// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/origin.hpp>

#include <memory>

#include "support/catch.hpp"

using namespace httphooks;

TEST_CASE("an origin is plain HTTP from an unknown peer when nothing else is said") {
    origin const o;
    CHECK(o.transport() == transport::http);
    CHECK(o.peer() == asio::ip::tcp::endpoint());
    CHECK_FALSE(o.tls());
    CHECK(o.handshake() == nullptr);
}

TEST_CASE("an origin keeps what it is made of") {
    asio::ip::tcp::endpoint const peer(asio::ip::make_address("2001:db8::1"), 443);
    auto const handshake = std::make_shared<request const>(verb::get, "/socket", 11);
    origin const o(transport::websocket, peer, true, handshake);
    CHECK(o.transport() == transport::websocket);
    CHECK(o.peer() == peer);
    CHECK(o.tls());
    CHECK(o.handshake()->target() == "/socket");
}

TEST_CASE("transports have names") {
    CHECK(to_string(transport::http) == "http");
    CHECK(to_string(transport::sockjs) == "sockjs");
    CHECK(to_string(transport::socketio) == "socketio");
    CHECK(to_string(transport::websocket) == "websocket");
    CHECK(to_string(transport::inject) == "inject");
}
