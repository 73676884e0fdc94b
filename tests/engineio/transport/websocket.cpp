// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/transport/websocket.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"
#include "support/eventually.hpp"
#include "support/websocket.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace eio = httphooks::engineio;
using eio::revision;
using support::engineio_service;
using support::engineio_socket;
using support::go_on;
using support::polling_peer;
using support::websocket_peer;

namespace {

/// The next frame must close; its code, 0 for none, -1 when it is something else.
int closing(websocket_peer& w) {
    auto const f = w.frame();
    return f.op == 8 ? f.close_code() : -1;
}

/// A WebSocket that has been asked whether it works, and does.
websocket_peer probed(engineio_service& s, std::string const& sid) {
    websocket_peer w = engineio_socket(s, sid);
    w.send("2probe");
    CHECK(w.text() == "3probe");
    return w;
}

}  // namespace

TEST_CASE("a session begins on a WebSocket") {
    engineio_service s;
    auto w = engineio_socket(s, {}, {{"Sec-WebSocket-Extensions", "permessage-deflate"}});
    CHECK(w.reply().status == 101);
    CHECK_FALSE(w.reply().has("Sec-WebSocket-Extensions"));
    std::string const open = w.text();
    CHECK(open == "0{\"sid\":\"" + support::sid_of(open) +
                      R"(","upgrades":[],"pingInterval":25000,"pingTimeout":20000,)"
                      R"("maxPayload":1000000})");
    w.send("4hello €");
    CHECK(w.text() == "4hello €");
    std::string const bytes("\0\1\xff", 3);
    w.send(bytes, 2);
    auto const f = w.frame();
    CHECK(f.op == 2);
    CHECK(f.payload == bytes);
    w.send("", 2);
    CHECK(w.frame().op == 2);
}

TEST_CASE("the first subprotocol that a client offers is chosen, unless a function decides") {
    support::field_list const offers{{"Sec-WebSocket-Protocol", "chat, other"}};
    auto const chosen = [](websocket_peer const& w) {
        CHECK(w.reply().status == 101);
        return w.reply()["Sec-WebSocket-Protocol"];
    };
    {
        engineio_service s;
        CHECK(chosen(engineio_socket(s, {}, offers)) == "chat");
        CHECK(chosen(engineio_socket(s)) == "-");
        polling_peer const p(s);
        CHECK(chosen(engineio_socket(s, p.sid(), offers)) == "chat");
        CHECK(engineio_socket(s, {}, {{"Sec-WebSocket-Protocol", "a b"}}).reply().status == 400);
    }
    eio::options o;
    o.select_subprotocol = [](std::vector<std::string_view> const& offered,
                              httphooks::request const& r) {
        return r.count("X-None") == 0 ? std::string(offered.back()) : std::string();
    };
    engineio_service s(o);
    CHECK(chosen(engineio_socket(s, {}, offers)) == "other");
    CHECK(chosen(engineio_socket(s, {}, {offers.front(), {"X-None", "1"}})) == "-");
}

TEST_CASE("what is behind a handshake and before a FIN waits until the application has decided") {
    engineio_service s;
    std::mutex mutex;
    std::function<void()> allow;
    auto const asked = [&](std::function<void()> f) {
        std::lock_guard const lock(mutex);
        allow = std::move(f);
        s.note("asked");
    };
    s.on_connection(
        [&s](eio::connection c) { c.on_message([&s](std::string_view m) { s.note(m); }); });
    if (GENERATE(true, false))
        s.server().allow_request(
            [&](eio::handshake const&, std::function<void(eio::verdict)> decide) {
                asked([decide] { decide({}); });
            });
    else
        s.server().use([&](httphooks::request const&, httphooks::fields&, eio::next const& then) {
            asked([then] { then(); });
        });
    support::http_peer p(s.port());
    p.send_raw(support::handshake("/engine.io/?transport=websocket&EIO=4"));
    REQUIRE(s.next_note() == "asked");
    p.send_raw(support::client_text("4m1") + support::client_text("4m2") +
               support::client_close(1000));
    p.client().finish();
    // on the same thread, behind what the client has sent
    CHECK(s.peer().ask("GET", "/").status == 404);
    {
        std::lock_guard const lock(mutex);
        std::exchange(allow, nullptr)();
    }
    CHECK(p.head().status == 101);
    for (char const* const expected : {"m1", "m2", "transport close"})
        CHECK(s.next_note() == expected);
}

TEST_CASE("frames that come with the handshake are read") {
    engineio_service s;
    support::http_peer p(s.port());
    std::string const frame(
        "\x81\x82\0\0\0\0"
        "4x",
        8);
    p.send_raw(
        "GET /engine.io/?transport=websocket&EIO=4 HTTP/1.1\r\nHost: x\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
        frame);
    CHECK(p.head().status == 101);
    std::string const first = p.bytes(2);
    REQUIRE(first.size() == 2);
    auto const size = static_cast<unsigned char>(first[1]);
    CHECK(p.bytes(size).starts_with("0{"));
    CHECK(p.bytes(4) ==
          "\x81\x02"
          "4x");
}

TEST_CASE("packets that mean nothing are ignored, others end the session") {
    engineio_service s;
    {
        auto w = engineio_socket(s);
        w.text();
        for (char const* const p : {"6", "3", "5", "0"}) w.send(p);
        w.send("4x");
        CHECK(w.text() == "4x");
    }
    CHECK(s.next_note() == "transport close");
    for (auto const& [packet, why] :
         std::vector<std::pair<std::string, std::string>>{{"1", "transport close"},
                                                          {"2", "transport error"},
                                                          {"", "parse error"},
                                                          {"9", "parse error"},
                                                          {"x", "parse error"},
                                                          {"b###", "parse error"}}) {
        auto w = engineio_socket(s);
        w.text();
        w.send(packet);
        CHECK(closing(w) == 0);
        CHECK(s.next_note() == why);
    }
}

TEST_CASE("messages that are too large or no text have close codes") {
    eio::options o;
    o.max_payload = 100;
    engineio_service s(o);
    auto large = engineio_socket(s);
    large.text();
    large.send("4" + std::string(99, 'x'));
    CHECK(large.text() == "4" + std::string(99, 'x'));
    large.send("4" + std::string(100, 'x'));
    CHECK(closing(large) == 1009);
    CHECK(s.next_note() == "transport error");
    auto broken = engineio_socket(s);
    broken.text();
    broken.send("4\xff");
    CHECK(closing(broken) == 1007);
    CHECK(s.next_note() == "transport error");
}

TEST_CASE("the server closes behind what it has sent") {
    engineio_service s;
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s, c](std::string_view) mutable {
            c.send("last");
            c.close();
            if (!c.is_open() && !c.send("lost")) s.note("closed");
        });
    });
    auto w = engineio_socket(s);
    w.text();
    w.send("4x");
    CHECK(w.text() == "4last");
    CHECK(closing(w) == 0);
    CHECK(s.next_note() == "closed");
    CHECK(s.next_note() == "forced close");
}

TEST_CASE("heartbeats come over a WebSocket, and a client without them is given up") {
    eio::options o;
    o.ping_interval = 50ms;
    o.ping_timeout = 1s;
    engineio_service s(o);
    auto w = engineio_socket(s);
    w.text();
    for (int i = 0; i < 4; ++i) {
        CHECK(w.text() == "2");
        w.send("3");
    }
    CHECK(s.note_count() == 0);
    CHECK(w.text() == "2");
    CHECK(closing(w) == 0);
    CHECK(s.next_note() == "ping timeout");
}

TEST_CASE("a session goes from polling to WebSocket") {
    engineio_service s;
    polling_peer p(s);
    p.poll();
    auto w = engineio_socket(s, p.sid());
    CHECK(w.reply().status == 101);
    w.send("2probe");
    CHECK(w.text() == "3probe");
    CHECK(p.answer().body == "6");
    CHECK(p.get().body == "6");
    CHECK(p.get().body == "6");
    CHECK(p.post("4before").body == "ok");
    CHECK(p.get().body == "4before");
    CHECK(p.post("4between").body == "ok");
    w.send("5");
    CHECK(w.text() == "4between");
    w.send("4after");
    CHECK(w.text() == "4after");
    for (char const* const method : {"GET", "POST"}) {
        auto const r = s.ask(method, p.query(), {}, "4x");
        CHECK(r.status == 400);
        CHECK(r.body == R"({"code":3,"message":"Bad request"})");
    }
    w.send("4still there");
    CHECK(w.text() == "4still there");
    CHECK(s.note_count() == 0);
}

TEST_CASE("the application is told once that a client has gone over to a WebSocket") {
    engineio_service s;
    s.on_connection([&s](eio::connection c) {
        c.on_upgrade(
            [&s, c] { s.note(std::string("upgrade ") + std::string(to_string(c.transport()))); });
        c.on_message([c](std::string_view m) mutable { c.send(m); });
    });
    polling_peer p(s);
    auto w = engineio_socket(s, p.sid());
    w.send("2probe");
    CHECK(w.text() == "3probe");
    CHECK(s.note_count() == 0);
    w.send("5");
    CHECK(s.next_note() == "upgrade websocket");
    w.send("4x");
    CHECK(w.text() == "4x");
    auto direct = engineio_socket(s);
    direct.text();
    direct.send("4y");
    CHECK(direct.text() == "4y");
    CHECK(s.note_count() == 0);
}

TEST_CASE("an upgrade without a probe is one") {
    engineio_service s;
    polling_peer p(s);
    p.poll();
    CHECK(p.post("6").body == "ok");
    auto w = engineio_socket(s, p.sid());
    w.send("5");
    CHECK(p.answer().body == "6");
    w.send("4x");
    CHECK(w.text() == "4x");
}

TEST_CASE("a probe that fails leaves polling as it was") {
    eio::options o;
    o.upgrade_timeout = 500ms;
    engineio_service s(o);
    polling_peer p(s);
    SECTION("it drops") {
        engineio_socket(s, p.sid());
    }
    SECTION("it drops behind the probe") {
        probed(s, p.sid());
    }
    SECTION("its first packet is another one") {
        auto w = engineio_socket(s, p.sid());
        w.send("4x");
        CHECK(closing(w) == 0);
    }
    SECTION("its first packet is bytes") {
        auto w = engineio_socket(s, p.sid());
        w.send("2probe", 2);
        CHECK(closing(w) == 0);
    }
    SECTION("it takes too long") {
        auto w = engineio_socket(s, p.sid());
        CHECK(closing(w) == 0);
    }
    SECTION("it takes too long behind the probe") {
        auto w = probed(s, p.sid());
        CHECK(closing(w) == 0);
    }
    CHECK(p.post("4x").body == "ok");
    std::string got;
    for (int i = 0; i < 100 && got != "4x"; ++i) got = p.get().body;
    CHECK(got == "4x");
    CHECK(s.note_count() == 0);
}

TEST_CASE("a second WebSocket for a session is accepted and closed") {
    engineio_service s;
    polling_peer p(s);
    auto w = probed(s, p.sid());
    auto second = engineio_socket(s, p.sid());
    CHECK(second.reply().status == 101);
    CHECK(closing(second) == 0);
    w.send("5");
    w.send("4x");
    CHECK(w.text() == "4x");
    auto third = engineio_socket(s, p.sid());
    CHECK(third.reply().status == 101);
    CHECK(closing(third) == 0);
    w.send("4y");
    CHECK(w.text() == "4y");
}

TEST_CASE("a session that ends during an upgrade closes the probe too") {
    eio::options o;
    o.upgrade_poll_interval = 10s;
    engineio_service s(o);
    s.on_connection(
        [](eio::connection c) { c.on_message([c](std::string_view) mutable { c.close(); }); });
    polling_peer p(s);
    auto w = probed(s, p.sid());
    SECTION("a poll waits") {
        p.poll();
        p.post("4x");
        CHECK(p.answer().body == "1");
        CHECK(closing(w) == 0);
    }
    SECTION("the client ends it") {
        p.post("1");
        CHECK(closing(w) == 0);
    }
    SECTION("no poll waits, and the upgrade goes on") {
        p.post("4x");
        w.send("5");
        CHECK(closing(w) == 0);
    }
    CHECK_FALSE(s.next_note().empty());
}

TEST_CASE("refused upgrades are answered in text, and the connection closes") {
    eio::options o;
    engineio_service s(o);
    auto const refused = [&](std::string const& query, std::string const& text) {
        websocket_peer w(s.port(), "/engine.io/" + query);
        auto const r = w.peer().bytes(text.size());
        CHECK(w.reply().status == 400);
        CHECK(w.reply()["Content-Type"] == "text/html");
        CHECK(w.reply()["Connection"] == "close");
        CHECK(w.reply()["Content-Length"] == std::to_string(text.size()));
        CHECK(r == text);
        CHECK(w.ended());
    };
    refused("?transport=websocket&EIO=4&sid=none", "Session ID unknown");
    refused("?transport=constructor&EIO=4", "Transport unknown");
    refused("?transport=websocket", "Unsupported protocol version");
    refused("?transport=websocket&EIO=3", "Unsupported protocol version");
    refused("?transport=polling&EIO=4", "Bad request");
}

TEST_CASE("in revision 3 the client pings, and bytes begin with their type") {
    eio::options o;
    o.allow_eio3 = true;
    engineio_service s(o);
    auto w = engineio_socket(s, {}, {}, "3");
    CHECK(w.text().starts_with("0{"));
    w.send("2");
    CHECK(w.text() == "3");
    w.send("4x");
    CHECK(w.text() == "4x");
    w.send("\4\1\2", 2);
    auto const f = w.frame();
    CHECK(f.op == 2);
    CHECK(f.payload == "\4\1\2");
    w.send("3");
    CHECK(closing(w) == 0);
}

TEST_CASE("too much for a client that does not read ends the session") {
    eio::options o;
    o.queue_bytes = 1000;
    engineio_service s(o);
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s, c](std::string_view) {
            go_on(c, [&s](eio::connection to) {
                if (to.send(std::string(100'000, 'x'))) return true;
                s.note(to.is_open() ? "open" : "not open");
                return false;
            });
        });
    });
    auto w = engineio_socket(s);
    w.send("4x");
    CHECK(s.next_note() == "not open");
    CHECK(s.next_note() == "transport close");
}

TEST_CASE("what one turn sends over a WebSocket is no backlog") {
    engineio_service s;
    s.on_connection([](eio::connection c) {
        c.on_message([c](std::string_view) {
            // more than sockets take, and behind it as much again
            go_on(c, [turn = 0](eio::connection to) mutable {
                for (int i = 0; i < 40; ++i) to.send(std::string(1'000'000, 'x'));
                return ++turn < 2;
            });
        });
    });
    auto w = engineio_socket(s);
    w.text();
    w.send("4x");
    for (int i = 0; i < 80; ++i) REQUIRE(w.text().size() == 1'000'001);
    CHECK(s.note_count() == 0);
}

TEST_CASE("messages that stay together are all sent, or none, when a client is slow") {
    eio::options o;
    o.queue_bytes = 1'000'000;
    o.overflow = eio::overflow_policy::drop;
    for (revision const r : {revision::v4, revision::v3}) {
        o.allow_eio3 = r == revision::v3;
        engineio_service s(o);
        s.on_connection([&s](eio::connection c) {
            c.on_message([&s, c](std::string_view) {
                go_on(c, [&s, left = 20](eio::connection to) mutable {
                    eio::prepared_message const pair(
                        {{eio::packet_type::message, false, "head"},
                         {eio::packet_type::message, true, std::string(400'000, 'x')}});
                    if (!to.send(pair)) --left;
                    if (left == 0) s.note("dropped");
                    return left != 0;
                });
            });
            c.on_drain([c]() mutable { c.send("end"); });
        });
        auto w = engineio_socket(s, {}, {}, r == revision::v3 ? "3" : "4");
        w.text();
        w.send("4x");
        REQUIRE(s.next_note() == "dropped");
        int pairs = 0;
        for (std::string first = w.text(); first != "4end"; first = w.text()) {
            REQUIRE(first == "4head");
            REQUIRE(w.frame().payload.size() >= 400'000);
            ++pairs;
        }
        CHECK(pairs >= 3);
    }
}

TEST_CASE("bytes come as base64 in texts too, and go so when the client asks for it") {
    eio::options o;
    o.allow_eio3 = true;
    engineio_service s(o);
    auto w = engineio_socket(s);
    w.text();
    w.send("bAQID");
    auto const f = w.frame();
    CHECK(f.op == 2);
    CHECK(f.payload == "\1\2\3");
    auto text = engineio_socket(s, {}, {}, "4&b64=1");
    text.text();
    text.send("bAQID");
    CHECK(text.text() == "bAQID");
    text.send("\1\2\3", 2);
    CHECK(text.text() == "bAQID");
    text.send("4a");
    CHECK(text.text() == "4a");
    auto old = engineio_socket(s, {}, {}, "3&b64=1");
    old.text();
    old.send("b4AQID");
    CHECK(old.text() == "b4AQID");
    polling_peer p(s, "&EIO=4&b64=1");
    auto upgraded = probed(s, p.sid());
    upgraded.send("5");
    upgraded.send("\1\2\3", 2);
    CHECK(upgraded.text() == "bAQID");
    w.send("b###");
    CHECK(closing(w) == 0);
    CHECK(s.next_note() == "parse error");
}

TEST_CASE("sessions that are left in the middle of an upgrade are gone before long") {
    eio::options o;
    o.ping_interval = 100ms;
    o.ping_timeout = 50ms;
    o.upgrade_timeout = 50ms;
    engineio_service s(o, 2);
    {
        std::vector<websocket_peer> half;
        for (int i = 0; i < 100; ++i) {
            polling_peer const p(s);
            half.push_back(engineio_socket(s, p.sid()));
            if (i % 2 == 0) half.back().send("2probe");
        }
    }
    CHECK(support::eventually([&] { return s.server().size() == 0; }));
    for (int i = 0; i < 100; ++i) CHECK(s.next_note() == "ping timeout");
}

TEST_CASE("a WebSocket of another thread serves a session as well") {
    engineio_service s({}, 3);
    for (int i = 0; i < 20; ++i) {
        polling_peer p(s);
        auto w = probed(s, p.sid());
        w.send("5");
        for (int k = 0; k < 20; ++k) w.send("4" + std::to_string(k));
        w.send(std::string(100'000, 'x'), 2);
        w.send("4end");
        for (int k = 0; k < 20; ++k) REQUIRE(w.text() == "4" + std::to_string(k));
        REQUIRE(w.frame().payload.size() == 100'000);
        REQUIRE(w.text() == "4end");
        CHECK(support::eventually([&] {
            auto const all = s.server().connections();
            std::promise<bool> idle;
            auto told = idle.get_future();
            boost::asio::post(all.front().get_executor(),
                              [&, c = all.front()] { idle.set_value(c.writable()); });
            return told.wait_for(10s) == std::future_status::ready && told.get();
        }));
        w.send("1");
        CHECK(closing(w) == 0);
        CHECK(s.next_note() == "transport close");
    }
}
