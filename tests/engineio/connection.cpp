// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/connection.hpp>

#include <boost/asio/post.hpp>

#include "support/busy_loop.hpp"
#include "support/catch.hpp"
#include "support/engineio_service.hpp"
#include "support/eventually.hpp"

#include <any>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace eio = httphooks::engineio;
using support::engineio_service;
using support::engineio_socket;
using support::polling_peer;
using support::websocket_peer;
using namespace std::chrono_literals;

namespace {

/// Notes each message, and pauses then.
void pause_at_messages(engineio_service& s) {
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s, c](std::string_view m) mutable {
            s.note(std::string(m));
            c.pause();
        });
    });
}

}  // namespace

TEST_CASE("a connection tells what it is") {
    engineio_service s;
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s, c](std::string_view) {
            s.note(std::string(to_string(c.transport())) + " " + c.id() + " " +
                   c.peer().address().to_string() + " " +
                   std::string(c.handshake().message->target()) + " " +
                   std::to_string(static_cast<int>(c.protocol())));
        });
    });
    polling_peer p(s, "&EIO=4&token=a%20b");
    p.post("4x");
    std::string const rest =
        " " + p.sid() + " 127.0.0.1 /engine.io/?transport=polling&EIO=4&token=a%20b 4";
    CHECK(s.next_note() == "polling" + rest);
    auto w = engineio_socket(s, p.sid());
    w.send("5");
    w.send("4x");
    CHECK(s.next_note() == "websocket" + rest);
}

TEST_CASE("whether a message would leave at once") {
    engineio_service s;
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s, c](std::string_view) mutable {
            std::string seen = c.writable() ? "1" : "0";
            c.send("a");
            seen += c.writable() ? "1" : "0";
            seen += c.buffered_amount() > 0 ? " waits" : "";
            s.note(seen);
        });
    });
    polling_peer p(s);
    p.post("4x");
    CHECK(s.next_note() == "00 waits");
    CHECK(p.get().body == "4a");
    p.poll();
    p.post("4x");
    CHECK(s.next_note() == "10 waits");
    CHECK(p.answer().body == "4a");
    auto w = engineio_socket(s);
    w.text();
    w.send("4x");
    CHECK(s.next_note() == "10 waits");
}

TEST_CASE("a handler that throws closes the connection, and is told of") {
    engineio_service s;
    s.server().on_error([&s](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (std::exception const& x) {
            s.note(x.what());
        }
    });
    s.on_connection([](eio::connection c) {
        c.on_message([](std::string_view) { throw std::runtime_error("broken"); });
    });
    auto w = engineio_socket(s);
    w.text();
    w.send("4x");
    CHECK(w.frame().op == 8);
    CHECK(s.next_note() == "broken");
    CHECK(s.next_note() == "forced close");
    polling_peer p(s);
    CHECK(p.post("4x\x1e"
                 "4y")
              .body == "ok");
    CHECK(s.next_note() == "broken");
    CHECK(p.get().body ==
          "6\x1e"
          "1");
}

TEST_CASE("handlers and data go with the connection") {
    engineio_service s;
    auto const token = std::make_shared<int>(1);
    s.on_connection([token](eio::connection c) {
        c.data() = token;
        c.on_message([c, token](std::string_view) mutable {});
        c.on_drain([c, token]() mutable {});
    });
    long const before = token.use_count();
    {
        polling_peer p(s);
        CHECK(support::eventually([&] { return token.use_count() > before + 1; }));
        p.post("1");
        CHECK(s.next_note() == "transport close");
    }
    // on_connection's own copy is the one that is left
    CHECK(support::eventually([&] { return token.use_count() <= before; }));
}

TEST_CASE("a connection is used from other threads") {
    engineio_service s({}, 2);
    std::vector<std::thread> threads;
    s.on_connection([&threads](eio::connection c) {
        threads.emplace_back([c]() mutable {
            for (int i = 0; i < 1000; ++i) c.send(std::to_string(i));
            c.close();
            while (c.is_open()) std::this_thread::yield();
            c.send("lost");
        });
    });
    {
        auto w = engineio_socket(s);
        w.text();
        for (int i = 0; i < 1000; ++i) REQUIRE(w.text() == "4" + std::to_string(i));
        CHECK(w.frame().op == 8);
        CHECK(s.next_note() == "forced close");
    }
    for (auto& t : threads) t.join();
    threads.clear();
    polling_peer p(s);
    std::string all;
    for (int i = 0; i < 2000 && !all.ends_with("\x1e"
                                               "1\x1e");
         ++i)
        all += p.get().body + "\x1e";
    std::string expected;
    for (int i = 0; i < 1000; ++i) expected += "4" + std::to_string(i) + "\x1e";
    CHECK(all.starts_with(expected));
    for (auto& t : threads) t.join();
}

TEST_CASE("what another thread broadcasts before it closes comes before the close") {
    engineio_service s;
    auto const last_words = [&s] {
        std::vector<eio::connection> open = s.server().connections();
        REQUIRE(open.size() == 1);
        support::busy_loop const busy(open[0].get_executor());
        eio::broadcast(open, eio::prepared_message("x"));
        open[0].close();
        CHECK_FALSE(open[0].send("late"));
        eio::broadcast(open, eio::prepared_message("late"));
    };
    {
        auto w = engineio_socket(s);
        w.text();
        last_words();
        CHECK(w.text() == "4x");
        CHECK(w.frame().op == 8);
        CHECK(s.next_note() == "forced close");
    }
    CHECK(support::eventually([&] { return s.server().size() == 0; }));
    polling_peer p(s);
    last_words();
    std::string all;
    for (int i = 0; i < 3 && !all.ends_with("1\x1e"); ++i) all += p.get().body + "\x1e";
    CHECK(all.starts_with("4x\x1e"));
    CHECK(all.ends_with("1\x1e"));
    CHECK(all.find("late") == all.npos);
}

TEST_CASE("on_drain follows what waited") {
    engineio_service s;
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s, c](std::string_view) mutable {
            c.send(std::string(20'000'000, 'x'));
            // comes when the system has taken what it takes of a client that does not read
            boost::asio::post(c.get_executor(), [&s] { s.note("sent"); });
        });
        // it is one closure
        c.on_drain([&s, n = 0]() mutable { s.note("drained " + std::to_string(++n)); });
    });
    polling_peer p(s);
    for (char const* const drained : {"drained 1", "drained 2"}) {
        p.post("4x");
        CHECK(s.next_note() == "sent");
        CHECK(p.get().body.size() == 20'000'001);
        CHECK(s.next_note() == drained);
    }
    auto w = engineio_socket(s);
    w.text();
    w.send("4x");
    CHECK(s.next_note() == "sent");
    CHECK(w.text().size() == 20'000'001);
    CHECK(s.next_note() == "drained 1");
}

TEST_CASE("a connection that is paused takes no messages until it is resumed as often") {
    for (unsigned const threads : {1u, 2u}) {
        engineio_service s({}, threads);
        eio::connection held(nullptr);
        s.on_connection([&](eio::connection c) {
            held = c;
            c.on_message([&s, c](std::string_view m) mutable {
                s.note(std::string(m));
                if (m != "a" && m != "c") return;
                c.pause();
                c.pause();
            });
        });
        auto w = engineio_socket(s);
        for (auto const text : {"4a", "4b", "4c", "4d"}) w.send(text);
        CHECK(s.next_note() == "a");
        held.resume();
        CHECK(s.note_count() == 0);
        held.resume();
        CHECK(s.next_note() == "b");
        CHECK(s.next_note() == "c");
        w.send("4e");
        held.resume();
        held.resume();
        CHECK(s.next_note() == "d");
        CHECK(s.next_note() == "e");
    }
}

TEST_CASE("a post is answered when its messages are taken") {
    engineio_service s;
    eio::connection held(nullptr);
    s.on_connection([&](eio::connection c) {
        held = c;
        c.on_message([&s, c](std::string_view m) mutable {
            s.note(std::string(m));
            if (m == "a") c.pause();
        });
    });
    polling_peer p(s);
    p.poster().send("POST", p.target(), {},
                    "4a\x1e"
                    "4b");
    CHECK(s.next_note() == "a");
    CHECK(s.note_count() == 0);
    held.resume();
    CHECK(p.poster().reply().body == "ok");
    CHECK(s.next_note() == "b");
}

TEST_CASE("a second post while one waits ends the session") {
    engineio_service s;
    pause_at_messages(s);
    polling_peer p(s);
    p.poster().send("POST", p.target(), {}, "4a");
    CHECK(s.next_note() == "a");
    CHECK(s.ask("POST", "?EIO=4&transport=polling&sid=" + p.sid(), {}, "4b").status == 400);
    CHECK(s.next_note() == "transport error");
    CHECK(p.poster().reply().body == "ok");
}

TEST_CASE("a post that is broken off while it waits ends the session") {
    for (unsigned const threads : {1u, 2u}) {
        engineio_service s({}, threads);
        pause_at_messages(s);
        polling_peer p(s);
        p.poster().send("POST", p.target(), {}, "4a");
        CHECK(s.next_note() == "a");
        p.poster().client().reset();
        CHECK(s.next_note() == "transport error");
        CHECK(s.ask("POST", p.query(), {}, "4b").status == 400);
        CHECK(s.note_count() == 0);
    }
}

TEST_CASE("a client that never polls again times out although not all that it posted is taken") {
    eio::options o;
    o.ping_interval = 50ms;
    o.ping_timeout = 200ms;
    engineio_service s(o);
    eio::connection held(nullptr);
    s.on_connection([&](eio::connection c) {
        held = c;
        c.on_message([&s, c](std::string_view m) mutable {
            if (m == "a") {
                c.pause();
                c.send(std::string(2'000'000, 'x'));
            }
            s.note(std::string(m));
        });
    });
    polling_peer p(s);
    p.poster().send("POST", p.target(), {},
                    "4a\x1e"
                    "4b\x1e"
                    "4c\x1e"
                    "4d");
    CHECK(s.next_note() == "a");
    held.resume();
    CHECK(p.poster().reply().body == "ok");
    CHECK(s.next_note() == "b");
    CHECK(s.next_note() == "ping timeout");
}
