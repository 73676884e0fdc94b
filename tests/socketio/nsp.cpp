// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/nsp.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
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
    for (char const* const packet : {"2/slow,[\"e\"]", "3/slow,1[]"}) {
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

TEST_CASE("who leaves a namespace while a middleware thinks may join it again") {
    sio::options o;
    o.max_namespaces = 3;
    socketio_service s(o);
    std::mutex mutex;
    std::vector<sio::next> waiting;
    auto const slow = s.io().of("/slow");
    slow.use([&](sio::socket k, sio::next go) {
        k.join("waiting room");
        std::lock_guard const lock(mutex);
        waiting.push_back(std::move(go));
    });
    slow.on_connection([&s](sio::socket k) {
        s.note(k.handshake().auth().at("n").dump());
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
    });
    auto const thinking = [&](std::size_t n) {
        return eventually([&] {
            std::lock_guard const lock(mutex);
            return waiting.size() == n;
        });
    };
    socketio_peer p(s);
    CHECK(p.join().size() == 20);
    p.send("0/slow,{\"n\":1}");
    CHECK(thinking(1));
    SECTION("and has said so") {
        p.send("1/slow,");
        p.send("0/slow,{\"n\":2}");
    }
    SECTION("and has said nothing, as clients do") {
        p.send("0/slow,{\"n\":2}");
    }
    CHECK(thinking(2));
    {
        std::lock_guard const lock(mutex);
        waiting[0]();
        waiting[1]();
        waiting.clear();
    }
    CHECK(p.get().starts_with("0/slow,{\"sid\""));
    CHECK(s.next_note() == "2");
    CHECK(slow.size() == 1);
    CHECK(p.ask("0/none,") == "4/none,{\"message\":\"Invalid namespace\"}");
    CHECK(s.note_count() == 0);
    // what is given up counts as long as it goes on
    socketio_peer q(s);
    for (int i = 0; i < 4; ++i) q.send("0/slow,{\"n\":3}");
    CHECK(q.get() == "4/slow,{\"message\":\"Too many namespaces\"}");
    CHECK(thinking(3));
    std::lock_guard const lock(mutex);
    waiting.clear();
}

TEST_CASE("nobody leaves a namespace twice while a middleware thinks") {
    socketio_service s;
    s.io().of("/slow").use([&s](sio::socket, sio::next) { s.note("thinking"); });
    socketio_peer p(s);
    p.send("0/slow,");
    CHECK(s.next_note() == "thinking");
    p.send("1/slow,");
    CHECK(p.ask("1/slow,") == "<end>");
}

TEST_CASE("who leaves a namespace that is being looked for may join it again") {
    socketio_service s;
    std::mutex mutex;
    std::vector<std::function<void(bool)>> undecided;
    s.io().of([&](std::string_view, nlohmann::json const&, std::function<void(bool)> decide) {
        std::lock_guard const lock(mutex);
        undecided.push_back(std::move(decide));
    });
    socketio_peer p(s);
    p.send("0/x,{\"n\":1}");
    p.send("1/x,");
    p.send("0/x,{\"n\":2}");
    CHECK(eventually([&] {
        std::lock_guard const lock(mutex);
        return undecided.size() == 2;
    }));
    std::lock_guard const lock(mutex);
    undecided[1](true);
    CHECK(p.get().starts_with("0/x,{\"sid\""));
    undecided[0](true);
    CHECK(p.join().size() == 20);
}

TEST_CASE("a namespace that the application names is a child of the pattern that takes it") {
    sio::options o;
    o.cleanup_empty_child_namespaces = true;
    socketio_service s(o);
    auto const io = s.io();
    auto const refuse = [&s](sio::socket, sio::next go) {
        s.note("middleware");
        go({"no", {}});
    };
    io.of([](std::string_view, nlohmann::json const&) -> bool { throw std::runtime_error("no"); });
    SECTION("a regular expression") {
        io.of(std::regex("/room-[0-9]+")).use(refuse);
    }
    SECTION("a predicate") {
        io.of([](std::string_view name, nlohmann::json const& auth) {
              return name.starts_with("/room-") && auth == nlohmann::json::object();
          }).use(refuse);
    }
    SECTION("a predicate that answers at once with a function") {
        io.of([](std::string_view name, nlohmann::json const&, std::function<void(bool)> decide) {
              decide(name.starts_with("/room-"));
              decide(!name.starts_with("/room-"));
          }).use(refuse);
    }
    io.of(std::regex("/.*")).use([&s](sio::socket, sio::next go) {
        s.note("another pattern's");
        go();
    });
    io.on_new_namespace([&s](sio::nsp n) { s.note("new " + n.name()); });
    io.of("/room-1").emit("x");
    CHECK(s.next_note() == "new /room-1");
    socketio_peer p(s);
    for (int i = 0; i < 2; ++i) {
        CHECK(p.ask("0/room-1,") == "4/room-1,{\"message\":\"no\"}");
        CHECK(s.next_note() == "middleware");
        // it was empty, and has gone
        CHECK(io.of("/room-1").name() == "/room-1");
        CHECK(s.next_note() == "new /room-1");
    }
    // what the application sets itself comes behind
    io.of("/room-2").use([&s](sio::socket, sio::next go) {
        s.note("own");
        go();
    });
    CHECK(s.next_note() == "new /room-2");
    CHECK(p.ask("0/room-2,") == "4/room-2,{\"message\":\"no\"}");
    CHECK(s.next_note() == "middleware");
    CHECK(s.note_count() == 0);
}

TEST_CASE("clients wait until it is decided what a namespace is that the application names") {
    socketio_service s;
    std::mutex mutex;
    std::function<void(bool)> undecided;
    auto const parent =
        s.io().of([&](std::string_view, nlohmann::json const&, std::function<void(bool)> decide) {
            std::lock_guard const lock(mutex);
            undecided = std::move(decide);
        });
    parent.use([&s](sio::socket, sio::next go) {
        s.note("inherited");
        go();
    });
    auto const n = s.io().of("/x");
    n.use([&s](sio::socket, sio::next go) {
        s.note("own");
        go();
    });
    socketio_peer p(s);
    p.send("0/x,");
    CHECK(p.join().size() == 20);
    CHECK(n.size() == 0);
    {
        std::lock_guard const lock(mutex);
        SECTION("a child") {
            undecided(true);
            CHECK(s.next_note() == "inherited");
        }
        SECTION("a namespace of its own") {
            undecided(false);
        }
        SECTION("so, too, when nobody can decide any more") {
            undecided = nullptr;
        }
        undecided = nullptr;
    }
    CHECK(s.next_note() == "own");
    CHECK(p.get().starts_with("0/x,{\"sid\""));
    CHECK(n.size() == 1);
    CHECK(s.note_count() == 0);
}

TEST_CASE("clients that leave while it is not decided leave nothing behind") {
    sio::options o;
    o.cleanup_empty_child_namespaces = true;
    socketio_service s(o);
    std::mutex mutex;
    std::function<void(bool)> undecided;
    int asked = 0;
    s.io().of([&](std::string_view, nlohmann::json const&, std::function<void(bool)> decide) {
        std::lock_guard const lock(mutex);
        undecided = std::move(decide);
        ++asked;
    });
    s.io().on_connection(
        [&s](sio::socket k) { k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); }); });
    s.io().on_new_namespace([&s](sio::nsp n) { s.note(n.name()); });
    {
        socketio_peer p(s);
        p.send("0/x,");
        CHECK(p.join().size() == 20);
    }
    CHECK(s.next_note() == "gone");
    {
        std::lock_guard const lock(mutex);
        undecided(true);
    }
    CHECK(s.next_note() == "/x");
    // the child is empty, and is made anew
    CHECK(eventually([&] {
        s.io().of("/x");
        std::lock_guard const lock(mutex);
        return asked == 2;
    }));
    std::lock_guard const lock(mutex);
    undecided(true);
    CHECK(s.next_note() == "/x");
}

TEST_CASE("threads that name a namespace at once get one child of its pattern") {
    socketio_service s({}, 2);
    std::atomic<int> made{0};
    std::atomic<int> asked{0};
    s.io().on_new_namespace([&](sio::nsp) { ++made; });
    s.io()
        .of([&](std::string_view, nlohmann::json const&) { return ++asked != 0; })
        .use([&s](sio::socket, sio::next go) {
            s.note("middleware");
            go();
        });
    std::vector<socketio_peer> peers;
    for (int i = 0; i < 4; ++i) peers.emplace_back(s);
    std::vector<sio::nsp> got(3, s.io().of("/"));
    std::vector<std::thread> threads;
    for (auto& n : got) threads.emplace_back([&n, &s] { n = s.io().of("/race"); });
    for (auto& p : peers) p.send("0/race,");
    for (auto& t : threads) t.join();
    for (auto& p : peers) CHECK(p.get().starts_with("0/race,{"));
    for (auto const& n : got) CHECK(n == s.io().of("/race"));
    CHECK(made == 1);
    for (int i = 0; i < 4; ++i) CHECK(s.next_note() == "middleware");
    CHECK(s.io().of("/race").size() == 4);
}

TEST_CASE("clients join a namespace behind those who are told of it") {
    socketio_service s;
    std::promise<void> asked;
    std::promise<void> told;
    s.io().on_new_namespace([&](sio::nsp n) {
        asked.set_value();
        told.get_future().wait_for(std::chrono::seconds(20));
        n.use([](sio::socket, sio::next go) { go({"no", {}}); });
    });
    std::thread other([&] { s.io().of("/x"); });
    asked.get_future().wait_for(std::chrono::seconds(20));
    socketio_peer p(s);
    p.send("0/x,");
    CHECK(p.join().size() == 20);
    told.set_value();
    CHECK(p.get() == "4/x,{\"message\":\"no\"}");
    other.join();
}

TEST_CASE("middlewares of a namespace are one closure, whatever is set after them") {
    socketio_service s;
    auto const parent = s.io().of(std::regex("/dyn-[0-9]"));
    auto const bucket = [left = 2](sio::socket, sio::next go) mutable {
        left-- > 0 ? go() : go({"too many", {}});
    };
    parent.use(bucket);
    // one that can only be moved
    parent.on_connection([n = std::make_unique<int>(0)](sio::socket k) { k.emit("n", ++*n); });
    s.io().of("/dyn-1").on_connection([](sio::socket) {});
    s.io().of("/dyn-2").on_connection([](sio::socket) {});
    socketio_peer p(s);
    CHECK(p.join("0/dyn-1,").size() == 20);
    CHECK(p.get() == "2/dyn-1,[\"n\",1]");
    CHECK(p.join("0/dyn-2,").size() == 20);
    CHECK(p.get() == "2/dyn-2,[\"n\",2]");
    parent.on_connection([](sio::socket) {});
    CHECK(p.ask("0/dyn-3,") == "4/dyn-3,{\"message\":\"too many\"}");
}

TEST_CASE("whatever is told of namespaces remembers what it has seen") {
    socketio_service s;
    s.io().on_new_namespace([&s, n = 0](sio::nsp) mutable { s.note(std::to_string(++n)); });
    s.io().of("/").on_room_event(
        [&s, n = 0](sio::room_event, std::string_view, std::string_view) mutable {
            s.note("room " + std::to_string(++n));
        });
    s.io().of("/a");
    s.io().of("/b");
    CHECK(s.next_note() == "1");
    CHECK(s.next_note() == "2");
    s.io().on_connection([](sio::socket) {});
    socketio_peer p(s);
    CHECK(p.join().size() == 20);
    CHECK(s.next_note() == "room 1");
    s.io().on_connection([](sio::socket) {});
    CHECK(s.next_note() == "room 2");
    p.send("1");
    CHECK(s.next_note() == "room 3");
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
