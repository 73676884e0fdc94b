// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>
#include <httphooks/socketio/dispatch.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/testing/socketio_client.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using namespace std::chrono_literals;
using hh::testing::socketio_client;

namespace {

/// A server on a clock.
struct socketio_place {
    explicit socketio_place(sio::options o = {}) : io(clock.get_executor(), std::move(o)) {}

    /// Notes why sockets of a namespace leave.
    void note_ends(std::string const& nsp = "/") {
        io.of(nsp).on_connection([this](sio::socket s) {
            s.on_disconnect(
                [this](sio::disconnect_reason why) { ends.emplace_back(to_string(why)); });
        });
    }

    hh::testing::clock clock{};
    sio::server io;
    std::vector<std::string> ends{};
};

std::vector<std::string> texts(socketio_client& c) {
    std::vector<std::string> all;
    for (auto const& e : c.receive_all()) all.push_back(e.text());
    return all;
}

}  // namespace

TEST_CASE("what one client emits is there for the others when the call returns") {
    socketio_place t;
    t.io.on_connection([](sio::socket s) {
        s.join("lobby");
        s.on("say", [s](std::string text, int n) { s.to("lobby").emit("said", text, n); });
    });
    socketio_client alice(t.clock, t.io);
    socketio_client bob(t.clock, t.io);
    REQUIRE(alice.connected());
    CHECK(alice.id() != bob.id());
    alice.emit("say", "one", 1);
    alice.emit("say", "two", 2);
    CHECK(texts(bob) == std::vector<std::string>{R"(["said","one",1])", R"(["said","two",2])"});
    CHECK_FALSE(alice.receive());
    CHECK_FALSE(bob.receive());
}

TEST_CASE("arguments of an event are read as a handler reads them, bytes too") {
    socketio_place t;
    t.io.on_connection(
        [](sio::socket s) { s.on("back", [s](sio::arguments const& a) { s.emit("here", a); }); });
    socketio_client c(t.clock, t.io);
    c.emit("back", 7, sio::bytes{std::string("\0\x01", 2)}, nlohmann::json{{"a", {1, 2}}});
    auto const e = c.receive();
    REQUIRE(e);
    CHECK(e->name == "here");
    CHECK(e->args.get<int>(0).value() == 7);
    CHECK(e->args.get<sio::bytes>(1)->data == std::string("\0\x01", 2));
    CHECK(e->args.json(2) == nlohmann::json{{"a", {1, 2}}});
    CHECK_FALSE(e->ack);
    CHECK_THROWS_AS(c.emit("connect"), hh::system_error);
}

TEST_CASE("an event is acknowledged by the server, now or when time has passed") {
    socketio_place t;
    std::optional<sio::acknowledgement> kept;
    t.io.on_connection([&](sio::socket s) {
        s.on("add", [](int a, int b) { return a + b; });
        s.on("later", [&](sio::acknowledgement ack) { kept = ack; });
    });
    socketio_client c(t.clock, t.io);
    CHECK(c.emit_with_ack("add", 1, 2).text() == "[3]");
    auto const later = c.emit_with_ack("later");
    CHECK_FALSE(later.ready());
    CHECK_THROWS_AS(later.args(), std::logic_error);
    (*kept)("done", sio::bytes{"b"});
    t.clock.run();
    CHECK(later.args().get<std::string>(0).value() == "done");
    CHECK(later.args().get<sio::bytes>(1)->data == "b");
}

TEST_CASE("what the server asks is acknowledged, and what is not in time has timed out") {
    socketio_place t;
    std::vector<std::string> got;
    t.io.on_connection([&](sio::socket s) {
        s.on("ask", [s, &got] {
            s.timeout(5s).emit("question", 1, [&got](hh::error_code ec, int answer) {
                got.push_back(ec ? ec.message() : std::to_string(answer));
            });
        });
    });
    socketio_client c(t.clock, t.io);
    c.emit("ask");
    auto const question = c.receive();
    CHECK(question->text() == R"(["question",1])");
    REQUIRE(question->ack);
    question->ack(42);
    CHECK(got == std::vector<std::string>{"42"});
    c.emit("ask");
    t.clock.advance(4999ms);
    CHECK(got.size() == 1);
    t.clock.advance(1ms);
    REQUIRE(got.size() == 2);
    CHECK(got.back() == hh::error_code(sio::error::ack_timed_out).message());
}

TEST_CASE("a broadcast that asks for answers waits as long as the clock says") {
    socketio_place t;
    socketio_client a(t.clock, t.io);
    socketio_client b(t.clock, t.io);
    std::string got;
    t.io.timeout(2s).emit("who", [&](hh::error_code ec, std::vector<nlohmann::json> const& all) {
        got = std::to_string(all.size()) + (ec ? "!" : "");
    });
    t.clock.run();
    a.receive()->ack("a");
    CHECK(got.empty());
    t.clock.advance(2s);
    CHECK(got == "1!");
}

TEST_CASE("a client joins with auth, query and headers, and the middleware decides") {
    socketio_place t;
    std::string seen;
    t.io.of("/chat").use([&](sio::socket s, sio::next next) {
        seen = s.handshake().auth().dump() + ' ' + s.handshake().query("room").value_or("") + ' ' +
               std::string(s.handshake().headers()["Cookie"]) + ' ' + s.handshake().address();
        if (s.handshake().auth().value("token", "") == "good") return next();
        next(sio::middleware_error{"not you", nlohmann::json{{"why", 1}}});
    });
    socketio_client const in(t.clock, t.io,
                             {.nsp = "/chat",
                              .auth = {{"token", "good"}},
                              .query = "room=1",
                              .headers = {{"Cookie", "a=b"}},
                              .address = "192.0.2.7"});
    CHECK(in.connected());
    CHECK(seen == R"({"token":"good"} 1 a=b 192.0.2.7)");
    socketio_client out(t.clock, t.io, {.nsp = "/chat", .auth = {{"token", "bad"}}});
    CHECK_FALSE(out.connected());
    REQUIRE(out.refused());
    CHECK(out.refused()->message == "not you");
    CHECK(out.refused()->data == nlohmann::json{{"why", 1}});
    CHECK(out.refused()->code == sio::error::refused);
    CHECK_THROWS_AS(out.emit("x"), std::logic_error);
    socketio_client const lost(t.clock, t.io, {.nsp = "/nowhere"});
    CHECK(lost.refused()->code == sio::error::invalid_namespace);
}

TEST_CASE("a handshake that the engine refuses has the refusal for a reply") {
    socketio_place t;
    t.io.engine().allow_request([](hh::engineio::handshake const& h) {
        return h.message->find("X-Key") != h.message->end();
    });
    socketio_client const c(t.clock, t.io);
    CHECK_FALSE(c.connected());
    REQUIRE(c.reply());
    CHECK(c.reply()->result() == hh::status::bad_request);  // as engine.io refuses WebSockets
    CHECK(socketio_client(t.clock, t.io, {.headers = {{"X-Key", "1"}}}).connected());
}

TEST_CASE("either side leaves, and both learn why") {
    socketio_place t;
    t.note_ends();
    socketio_client a(t.clock, t.io);
    a.disconnect();
    CHECK(a.disconnected() == sio::client_disconnect_reason::io_client_disconnect);
    a.join();
    CHECK(a.connected());
    CHECK_FALSE(a.disconnected());
    t.io.in(a.id()).disconnect_sockets();
    t.clock.run();
    CHECK(a.disconnected() == sio::client_disconnect_reason::io_server_disconnect);
    socketio_client b(t.clock, t.io);
    b.close();
    socketio_client c(t.clock, t.io);
    c.drop();
    CHECK(c.disconnected() == sio::client_disconnect_reason::transport_close);
    CHECK(t.ends == std::vector<std::string>{"client namespace disconnect",
                                             "server namespace disconnect",
                                             "client namespace disconnect", "transport close"});
}

TEST_CASE("heartbeats keep a client for hours, and one that does not answer is given up in time") {
    socketio_place t;
    t.note_ends();
    socketio_client c(t.clock, t.io);
    t.clock.advance(1h);
    CHECK(c.connected());
    CHECK(c.pings() == 144);
    c.answer_pings(false);
    t.clock.advance(25s + 19'999ms);
    CHECK(t.ends.empty());
    t.clock.advance(1ms);
    CHECK(t.ends == std::vector<std::string>{"ping timeout"});
    CHECK(c.disconnected() == sio::client_disconnect_reason::transport_close);
}

TEST_CASE("a client that joins no namespace is closed when the connect timeout is over") {
    socketio_place t({.connect_timeout = 45s});
    socketio_client c(t.clock, t.io, {.join = false});
    CHECK(c.reply()->result() == hh::status::switching_protocols);
    t.clock.advance(44'999ms);
    c.join();
    CHECK(c.connected());
    socketio_client late(t.clock, t.io, {.join = false});
    t.clock.advance(45s);
    CHECK_THROWS_AS(late.join(), std::logic_error);
    CHECK(c.connected());
}

TEST_CASE("the state of a client that comes back is restored as long as the clock allows") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->max_disconnection = 2min;
    socketio_place t(std::move(o));
    std::vector<bool> recovered;
    t.io.on_connection([&](sio::socket s) {
        recovered.push_back(s.recovered());
        s.emit("hello");
    });
    socketio_client c(t.clock, t.io);
    auto const comes_back = [&](std::chrono::seconds away) {
        auto const hello = c.receive();
        std::string const offset = hello->args.get<std::string>(hello->args.size() - 1).value();
        std::string const pid = c.pid();
        c.drop();
        t.clock.advance(away);
        c = socketio_client(t.clock, t.io, {.auth = {{"pid", pid}, {"offset", offset}}});
        return recovered.back();
    };
    CHECK(comes_back(119s));
    CHECK_FALSE(comes_back(121s));
}

TEST_CASE("packets against the protocol end the connection, and are not sent by accident") {
    socketio_place t;
    t.note_ends();
    socketio_client c(t.clock, t.io);
    c.send_raw("9");
    CHECK_FALSE(c.connected());
    CHECK(t.ends == std::vector<std::string>{"parse error"});
    CHECK_THROWS_AS(c.send_raw("2[\"x\"]"), std::logic_error);
}

TEST_CASE("a parser of msgpack is spoken with, too") {
    socketio_place t({.parser = sio::parser::msgpack});
    t.io.on_connection([](sio::socket s) { s.on("back", [](sio::bytes b) { return b; }); });
    socketio_client c(t.clock, t.io, {.parser = sio::parser::msgpack});
    CHECK(c.emit_with_ack("back", sio::bytes{"\xff"}).args().get<sio::bytes>(0)->data == "\xff");
}

TEST_CASE("hooks answer events of a client, in the time of the clock") {
    socketio_place t;
    hh::registry_options quiet;
    quiet.error_handler = [](hh::hook_error const&) {};
    hh::registry hooks(quiet);
    hooks.get("/hello", [](auto&) { return "hi"; });
    std::optional<hh::hook_done> kept;
    hooks.get("/slow", [&](auto&, hh::hook_done done) { kept = std::move(done); },
              {.time_limit = 3s});
    sio::dispatch(t.io.of("/"), hooks);
    socketio_client c(t.clock, t.io);
    auto const hello =
        c.emit_with_ack("request", nlohmann::json{{"method", "GET"}, {"url", "/hello"}});
    CHECK(hello.args().json(0).at("content") == "hi");
    auto const slow =
        c.emit_with_ack("request", nlohmann::json{{"method", "GET"}, {"url", "/slow"}});
    CHECK_FALSE(slow.ready());
    t.clock.advance(3s);
    CHECK(slow.args().json(0).at("statusCode") == 504);
}

TEST_CASE("a client outlives what its events are acknowledged by, and an event its client") {
    socketio_place t;
    t.io.on_connection([](sio::socket s) { s.emit("q", [](hh::error_code) {}); });
    std::optional<hh::testing::socketio_event> e;
    {
        socketio_client c(t.clock, t.io);
        e = c.receive();
        REQUIRE(e->ack);
    }
    e->ack("late");
    t.clock.run();
    CHECK(e->text() == R"(["q"])");
}
