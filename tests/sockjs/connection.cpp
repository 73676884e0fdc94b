// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/connection.hpp>

#include "support/busy_loop.hpp"
#include "support/catch.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket_peer.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using support::service_options;
using support::sockjs_services;
using support::tally;
using support::websocket_peer;
namespace sockjs = httphooks::sockjs;
using sockjs::close_code;

TEST_CASE("an application closes with 1000 or 3000 to 4999 and a reason of 123 bytes of UTF-8") {
    for (int const code : {1000, 3000, 4999})
        CHECK(sockjs::may_close_with(static_cast<close_code>(code), std::string(123, 'x')));
    for (int const code : {0, 999, 1001, 1005, 1006, 1015, 2999, 5000})
        CHECK_FALSE(sockjs::may_close_with(static_cast<close_code>(code), ""));
    CHECK_FALSE(sockjs::may_close_with(close_code::go_away, std::string(124, 'x')));
    CHECK_FALSE(sockjs::may_close_with(close_code::go_away, "\xff"));
}

TEST_CASE("a close with a code that cannot be sent changes nothing") {
    sockjs_services s;
    s.add(service_options("/echo"), [](sockjs::connection c) {
        c.on_message([c](std::string_view) mutable {
            c.send(c.close(close_code{1005}, "") ? "closed" : "open");
        });
    });
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send("[\"x\"]");
    CHECK(ws.text() == "a[\"open\"]");
}

TEST_CASE("what is told that all is sent is one closure") {
    sockjs_services s;
    s.add(service_options("/echo"), [&s](sockjs::connection c) {
        c.on_message([c](std::string_view) mutable { c.send("x"); });
        c.on_drain([&s, n = 0]() mutable { s.note(std::to_string(++n)); });
    });
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    for (char const* const drained : {"1", "2"}) {
        CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
        CHECK(s.post("/echo/0/s/xhr").body == "a[\"x\"]\n");
        CHECK(s.next_note() == drained);
    }
}

TEST_CASE("a connection can be closed in each handler, and what comes behind is refused") {
    sockjs_services s;
    tally refused;
    auto const close_twice = [&](sockjs::connection c) {
        c.send("last");
        if (c.close() && !c.close() && !c.send("x") && !c.is_open()) refused.add();
    };
    s.add(service_options("/open"), close_twice);
    s.add(service_options("/message"), [&](sockjs::connection c) {
        c.on_message([c, close_twice](std::string_view) { close_twice(c); });
        c.on_close([c, &refused](close_code, std::string_view) mutable {
            if (!c.send("x") && !c.close()) refused.add();
        });
    });

    CHECK(s.post("/open/0/s/xhr").body == "o\n");
    CHECK(s.post("/open/0/s/xhr").body == "a[\"last\"]\n");
    CHECK(s.post("/open/0/s/xhr").body == "c[3000,\"Go away!\"]\n");
    websocket_peer opened(s.port(), "/open/0/s/websocket");
    for (char const* const f : {"o", "a[\"last\"]", "c[3000,\"Go away!\"]"})
        CHECK(opened.text() == f);
    CHECK(refused.reaches(2));

    CHECK(s.post("/message/0/s/xhr").body == "o\n");
    CHECK(s.post("/message/0/s/xhr_send", "[\"1\",\"2\"]").status == 204);
    CHECK(s.post("/message/0/s/xhr").body == "a[\"last\"]\n");
    CHECK(s.post("/message/0/s/xhr").body == "c[3000,\"Go away!\"]\n");
    websocket_peer later(s.port(), "/message/0/s/websocket");
    CHECK(later.text() == "o");
    later.send("[\"1\",\"2\"]");
    CHECK(later.text() == "a[\"last\"]");
    CHECK(later.text() == "c[3000,\"Go away!\"]");
    later.send_close(1000);
    CHECK(refused.reaches(5));
}

TEST_CASE("several threads may send while others close") {
    sockjs_services s(2);
    std::mutex mutex;
    std::vector<sockjs::connection> open;
    tally opened;
    tally closed;
    s.add(service_options("/many"), [&](sockjs::connection c) {
        c.on_close([&](close_code, std::string_view) { closed.add(); });
        std::lock_guard const lock(mutex);
        open.push_back(c);
        opened.add();
    });
    std::size_t const n = 20;
    std::vector<support::http_peer> streams;
    std::vector<websocket_peer> sockets;
    for (std::size_t i = 0; i < n; ++i) {
        streams.push_back(s.peer());
        streams.back().send("POST", "/many/0/s" + std::to_string(i) + "/xhr_streaming");
        sockets.emplace_back(s.port(), "/many/0/s/websocket");
    }
    REQUIRE(opened.reaches(2 * n));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&open, t] {
            for (sockjs::connection c : open)
                if (t == 3)
                    c.close();
                else
                    for (int i = 0; i < 10; ++i) c.send("x");
        });
    for (std::thread& t : threads) t.join();
    for (websocket_peer& ws : sockets) {
        std::string last;
        for (std::string f = ws.text(); f != "<end>"; f = ws.text()) last = f;
        CHECK(last == "c[3000,\"Go away!\"]");
    }
    for (auto& stream : streams) CHECK(stream.reply().body.ends_with("c[3000,\"Go away!\"]\n"));
    streams.clear();
    sockets.clear();
    CHECK(closed.reaches(2 * n));
    open.clear();
}

TEST_CASE("what another thread sends before it closes comes before the close") {
    sockjs_services s;
    std::optional<sockjs::connection> held;
    tally opened;
    auto& server = s.add(service_options("/last"), [&](sockjs::connection c) {
        held = c;
        opened.add();
    });
    /// Has somebody send and close while the connection's thread is busy.
    auto const last_words = [&](std::size_t n, auto const& send) {
        REQUIRE(opened.reaches(n));
        sockjs::connection c = *held;
        support::busy_loop const busy(c.get_executor());
        send(c);
        CHECK(c.close());
        CHECK_FALSE(c.is_open());
        CHECK_FALSE(c.send("late"));
        CHECK_FALSE(c.close());
        sockjs::broadcast(std::vector<sockjs::connection>{c}, sockjs::prepared_message("late"));
    };
    std::size_t n = 0;
    for (auto const& send : std::vector<std::function<void(sockjs::connection&)>>{
             [](sockjs::connection& c) { CHECK(c.send("x")); },
             [](sockjs::connection& c) { CHECK(c.send_binary("x")); },
             [](sockjs::connection& c) { CHECK(c.send(sockjs::prepared_message("x"))); },
             [](sockjs::connection& c) {
                 sockjs::broadcast(std::vector<sockjs::connection>{c},
                                   sockjs::prepared_message("x"));
             },
             [&server](sockjs::connection&) { server.broadcast("x"); }}) {
        websocket_peer framed(s.port(), "/last/0/s/websocket");
        CHECK(framed.text() == "o");
        last_words(++n, send);
        CHECK(framed.text() == "a[\"x\"]");
        CHECK(framed.text() == "c[3000,\"Go away!\"]");
        framed.send_close(1000);

        websocket_peer raw(s.port(), "/last/websocket");
        last_words(++n, send);
        CHECK(raw.frame().payload == "x");
        CHECK(raw.frame().close_code() == 3000);
        raw.send_close(3000);

        std::string const session = "/last/0/" + std::to_string(++n);
        CHECK(s.post(session + "/xhr").body == "o\n");
        last_words(n, send);
        CHECK(s.post(session + "/xhr").body == "a[\"x\"]\n");
        CHECK(s.post(session + "/xhr").body == "c[3000,\"Go away!\"]\n");
    }
    held.reset();
}

TEST_CASE("a client that does not read is closed, and others are not delayed") {
    sockjs_services s;
    auto o = service_options("/slow");
    o.queue_bytes = 64 * 1024;
    tally opened;
    tally closed;
    std::optional<sockjs::connection> slow;
    s.add(o, [&](sockjs::connection c) {
        c.on_close([&](close_code, std::string_view) { closed.add(); });
        slow = c;
        opened.add();
    });
    s.add(service_options("/fast"), [&](sockjs::connection c) {
        c.on_message([&, c](std::string_view) mutable {
            std::string const much(1024 * 1024, 'x');
            c.send(slow->send(much) ? "taken" : "refused");
        });
    });
    websocket_peer sleeper(s.port(), "/slow/0/s/websocket");
    REQUIRE(opened.reaches(1));
    websocket_peer fast(s.port(), "/fast/0/s/websocket");
    CHECK(fast.text() == "o");
    std::string answer = "a[\"taken\"]";
    for (int i = 0; i < 1000 && answer == "a[\"taken\"]"; ++i) {
        fast.send("[\"x\"]");
        answer = fast.text();
    }
    CHECK(answer == "a[\"refused\"]");
    CHECK(closed.reaches(1));
    slow.reset();
}
