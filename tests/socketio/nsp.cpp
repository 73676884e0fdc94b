// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/nsp.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;

TEST_CASE("a namespace has one name, with a slash in front") {
    socketio_service s;
    CHECK(s.io().of("chat").name() == "/chat");
    CHECK(s.io().of("chat") == s.io().of("/chat"));
    CHECK(s.io().of("") == s.io().of("/"));
}

TEST_CASE("new namespaces are told of, but not the main one") {
    socketio_service s;
    s.io().on_new_namespace([&s](sio::nsp n) { s.note(n.name()); });
    s.io().of("/");
    s.io().of("/a");
    s.io().of("/a");
    s.io().of(std::regex("/dyn-\\d+"));
    CHECK(s.next_note() == "/a");
    socketio_peer p(s);
    CHECK(p.join("0/dyn-1,").size() == 20);
    CHECK(s.next_note() == "/dyn-1");
    CHECK(s.note_count() == 0);
}

TEST_CASE("middlewares run in order, and the socket is connected behind the last") {
    socketio_service s;
    auto const n = s.io().of("/mw");
    n.use([&s](sio::socket k, sio::next go) {
        s.note(k.connected() ? "connected" : "first");
        go();
    });
    n.use([&s](sio::socket) -> std::optional<sio::middleware_error> {
        s.note("second");
        return std::nullopt;
    });
    n.use([&s](sio::socket k, sio::next go) {
        s.note("third");
        // from a thread of its own
        std::thread([k, go] {
            go();
            go({"too late", {}});
        }).detach();
    });
    n.on_connection([&s](sio::socket k) { s.note(k.connected() ? "connected" : "not yet"); });
    socketio_peer p(s);
    CHECK(p.join("0/mw,").size() == 20);
    for (char const* const expected : {"first", "second", "third", "connected"})
        CHECK(s.next_note() == expected);
}

TEST_CASE("a middleware refuses with an error that the client is told") {
    socketio_service s;
    auto const n = s.io().of("/mw");
    n.use([](sio::socket k, sio::next go) {
        k.join("waiting room");
        auto const& auth = k.handshake().auth();
        if (auth.contains("throw")) throw std::runtime_error("on purpose");
        if (auth.contains("ok"))
            go();
        else if (auth.contains("plain"))
            go({"plain \"text\"", {}});
        else
            go({"nope", {{{"code", 7}}}});
    });
    std::atomic<int> thrown{0};
    s.io().on_error([&](std::exception_ptr) { ++thrown; });
    socketio_peer p(s);
    CHECK(p.ask("0/mw,") == "4/mw,{\"message\":\"nope\",\"data\":{\"code\":7}}");
    CHECK(p.ask("0/mw,{\"plain\":1}") == "4/mw,{\"message\":\"plain \\\"text\\\"\"}");
    CHECK(p.ask("0/mw,{\"throw\":1}") == "4/mw,{\"message\":\"Internal server error\"}");
    CHECK(thrown == 1);
    CHECK(n.in("waiting room").options().rooms.size() == 1);
    CHECK(p.join("0/mw,{\"ok\":1}").size() == 20);
    CHECK(n.size() == 1);
}

TEST_CASE("what a middleware emits comes before the namespace is joined") {
    socketio_service s;
    s.io().use([](sio::socket k, sio::next go) {
        k.emit("session", 1);
        go();
    });
    s.io().on_connection([](sio::socket k) { k.emit("hello"); });
    socketio_peer p(s);
    CHECK(p.ask("0") == "2[\"session\",1]");
    CHECK(p.get().starts_with("0{\"sid\""));
    CHECK(p.get() == "2[\"hello\"]");
}

TEST_CASE("nothing may be sent to a namespace while a middleware thinks") {
    socketio_service s;
    std::mutex mutex;
    std::optional<sio::next> waiting;
    s.io().of("/slow").use([&](sio::socket, sio::next go) {
        std::lock_guard const lock(mutex);
        waiting.emplace(go);
    });
    s.io().of("/slow").on_connection([&s](sio::socket) { s.note("connected"); });
    for (char const* const packet : {"2/slow,[\"e\"]", "1/slow,", "0/slow,"}) {
        socketio_peer p(s);
        p.send("0/slow,");
        CHECK(p.ask(packet) == "<end>");
        CHECK(eventually([&] {
            std::lock_guard const lock(mutex);
            return waiting.has_value();
        }));
        std::lock_guard const lock(mutex);
        (*waiting)();
        waiting.reset();
    }
    CHECK(s.io().of("/slow").size() == 0);
    CHECK(s.note_count() == 0);
}

TEST_CASE("namespaces whose names match a pattern come into being when they are asked for") {
    socketio_service s;
    auto const parent = s.io().of(std::regex("/dyn-\\d+"));
    parent.use([](sio::socket k, sio::next go) {
        if (k.handshake().auth().contains("no"))
            go({"no", {}});
        else
            go();
    });
    parent.on_connection([](sio::socket k) { k.emit("dyn", k.nsp()); });
    socketio_peer p(s);
    CHECK(p.ask("0/dyn-x,") == "4/dyn-x,{\"message\":\"Invalid namespace\"}");
    CHECK(p.ask("0/dyn-1,{\"no\":1}") == "4/dyn-1,{\"message\":\"no\"}");
    CHECK(p.join("0/dyn-1,").size() == 20);
    CHECK(p.get() == "2/dyn-1,[\"dyn\",\"/dyn-1\"]");
    socketio_peer q(s);
    CHECK(q.join("0/dyn-22,").size() == 20);
    CHECK(q.get() == "2/dyn-22,[\"dyn\",\"/dyn-22\"]");
    parent.emit("to all", 1);
    CHECK(p.get() == "2/dyn-1,[\"to all\",1]");
    CHECK(q.get() == "2/dyn-22,[\"to all\",1]");
    CHECK(parent.size() == 2);
    CHECK(s.io().of("/dyn-1").size() == 1);
}

TEST_CASE("a function decides which namespaces there are, now or later") {
    socketio_service s;
    s.io().of(
        [](std::string_view, nlohmann::json const&) -> bool { throw std::runtime_error("a no"); });
    s.io().of([](std::string_view name, nlohmann::json const& auth) {
        return name == "/now" && auth.contains("ok");
    });
    s.io().of([](std::string_view name, nlohmann::json const&, std::function<void(bool)> decide) {
        std::thread([good = name == "/later", decide] {
            decide(good);
            decide(!good);
        }).detach();
    });
    socketio_peer p(s);
    CHECK(p.ask("0/now,") == "4/now,{\"message\":\"Invalid namespace\"}");
    CHECK(p.join("0/now,{\"ok\":1}").size() == 20);
    CHECK(p.join("0/later,").size() == 20);
    CHECK(p.ask("0/never,") == "4/never,{\"message\":\"Invalid namespace\"}");
}

TEST_CASE("two clients that ask for a namespace at once get the same one") {
    socketio_service s({}, 2);
    std::atomic<int> made{0};
    s.io().on_new_namespace([&](sio::nsp) { ++made; });
    s.io().of(std::regex("/race"));
    std::vector<socketio_peer> peers;
    for (int i = 0; i < 8; ++i) peers.emplace_back(s);
    for (auto& p : peers) p.send("0/race,");
    for (auto& p : peers) CHECK(p.get().starts_with("0/race,{"));
    CHECK(made == 1);
    CHECK(s.io().of("/race").size() == 8);
}

TEST_CASE("a child goes when it is empty, if the option says so") {
    sio::options o;
    SECTION("it does") {
        o.cleanup_empty_child_namespaces = true;
    }
    SECTION("it does not") {}
    bool const clean = o.cleanup_empty_child_namespaces;
    socketio_service s(o);
    std::atomic<int> made{0};
    s.io().on_new_namespace([&](sio::nsp) { ++made; });
    s.io().of(std::regex("/dyn-\\d+")).use([](sio::socket k, sio::next go) {
        if (k.handshake().auth().contains("no"))
            go({"no", {}});
        else
            go();
    });
    socketio_peer p(s);
    socketio_peer q(s);
    CHECK(p.join("0/dyn-1,").size() == 20);
    CHECK(q.join("0/dyn-1,").size() == 20);
    CHECK(made == 1);
    p.send("1/dyn-1,");
    CHECK(p.join("0/dyn-1,").size() == 20);
    CHECK(made == 1);
    p.send("1/dyn-1,");
    q.send("1/dyn-1,");
    CHECK(p.join("0/dyn-2,").size() == 20);
    CHECK(q.join("0/dyn-2,").size() == 20);
    CHECK(made == 2);
    CHECK(p.join("0/dyn-1,").size() == 20);
    CHECK(made == (clean ? 3 : 2));
    CHECK(p.ask("0/dyn-3,{\"no\":1}") == "4/dyn-3,{\"message\":\"no\"}");
    CHECK(p.join("0/dyn-3,").size() == 20);
    CHECK(made == (clean ? 5 : 3));
}

TEST_CASE("rooms are told of") {
    socketio_service s;
    s.io().of("/").on_room_event(
        [&s](sio::room_event what, std::string_view room, std::string_view id) {
            constexpr char const* names[] = {"create", "join", "leave", "remove"};
            s.note(std::string(names[static_cast<int>(what)]) + ' ' +
                   std::string(room == id ? "own" : room));
        });
    s.io().on_connection([](sio::socket k) {
        k.on("join", [k](std::string room) { k.join(room); });
        k.on("leave", [k](std::string room) { k.leave(room); });
    });
    socketio_peer p(s);
    p.join();
    p.send("2[\"join\",\"a\"]");
    p.send("2[\"join\",\"a\"]");
    p.send("2[\"leave\",\"a\"]");
    p.send("2[\"leave\",\"a\"]");
    p.send("2[\"join\",\"b\"]");
    p.send("1");
    for (char const* const expected : {"create own", "join own", "create a", "join a", "leave a",
                                       "remove a", "create b", "join b"})
        CHECK(s.next_note() == expected);
    std::set<std::string> rest;
    for (int i = 0; i < 4; ++i) rest.insert(s.next_note());
    CHECK(rest == std::set<std::string>{"leave b", "remove b", "leave own", "remove own"});
}

TEST_CASE("sockets of a namespace are found by their ids") {
    socketio_service s;
    socketio_peer p(s);
    std::string const id = p.join();
    auto const n = s.io().of("/");
    CHECK(n.size() == 1);
    REQUIRE(n.sockets().size() == 1);
    CHECK(n.sockets()[0].id() == id);
    REQUIRE(n.find(id));
    CHECK(*n.find(id) == n.sockets()[0]);
    CHECK_FALSE(n.find("x"));
    CHECK_FALSE(*n.find(id) < *n.find(id));
}

TEST_CASE("a server that is alone has no other servers to emit to") {
    socketio_service s;
    std::atomic<int> answers{-1};
    s.io().server_side_emit("hello", 1);
    s.io().server_side_emit("hello", 1, [&](hh::error_code ec, std::vector<nlohmann::json> all) {
        if (!ec) answers = static_cast<int>(all.size());
    });
    CHECK(answers == 0);
}
