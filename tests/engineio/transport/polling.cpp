// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/transport/polling.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
namespace eio = httphooks::engineio;
using support::engineio_service;
using support::http_peer;
using support::polling_peer;

namespace {

constexpr std::string_view unknown_session = R"({"code":1,"message":"Session ID unknown"})";

/// Whether the session is gone.
bool is_gone(engineio_service& s, polling_peer const& p) {
    auto const r = s.ask("GET", p.query());
    return r.status == 400 && r.body == unknown_session;
}

/// Has the server wait for the five bytes of a post.
void begin_post(http_peer& from, polling_peer const& p) {
    from.send_raw("POST " + p.target() +
                  " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    REQUIRE(from.head().status == 100);
}

}  // namespace

TEST_CASE("the handshake is answered with the packet open") {
    engineio_service s;
    polling_peer p(s);
    auto const& r = p.opened();
    CHECK(r.status == 200);
    CHECK(r["Content-Type"] == "text/plain; charset=UTF-8");
    CHECK(r["Cache-Control"] == "no-store");
    CHECK(r["Content-Length"] == std::to_string(r.body.size()));
    CHECK(p.sid().size() == 20);
    CHECK(r.body == "0{\"sid\":\"" + p.sid() +
                        R"(","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,)"
                        R"("maxPayload":1000000})");
    CHECK_FALSE(r.has("Set-Cookie"));
    CHECK_FALSE(r.has("Access-Control-Allow-Origin"));
}

TEST_CASE("a post is answered with ok, and its packets come back in order") {
    engineio_service s;
    polling_peer p(s);
    auto const r = p.post(
        "4a\x1e"
        "bAQID\x1e"
        "4c€");
    CHECK(r.status == 200);
    CHECK(r["Content-Type"] == "text/html");
    CHECK(r["Content-Length"] == "2");
    CHECK(r["Cache-Control"] == "no-store");
    CHECK(r.body == "ok");
    auto const got = p.get();
    CHECK(got.body ==
          "4a\x1e"
          "bAQID\x1e"
          "4c€");
    CHECK(got["Content-Type"] == "text/plain; charset=UTF-8");
    CHECK(got["Cache-Control"] == "no-store");
}

TEST_CASE("a poll waits for what is sent, and gets all of one go") {
    engineio_service s;
    polling_peer p(s);
    for (int i = 0; i < 3; ++i) {
        p.poll();
        CHECK(p.post("4x\x1e"
                     "4y")
                  .body == "ok");
        CHECK(p.answer().body ==
              "4x\x1e"
              "4y");
    }
}

TEST_CASE("old browsers get no reason to look for scripts") {
    engineio_service s;
    polling_peer p(s);
    for (char const* const agent :
         {"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", "x;MSIE 9.0",
          "Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko"}) {
        CHECK(p.post("6", {{"User-Agent", agent}})["X-XSS-Protection"] == "0");
        p.post("4x");
        CHECK(p.get({{"User-Agent", agent}})["X-XSS-Protection"] == "0");
    }
    CHECK_FALSE(p.post("6", {{"User-Agent", "Mozilla/5.0"}}).has("X-XSS-Protection"));
}

TEST_CASE("other methods are 405 with Allow, and the session goes on") {
    engineio_service s;
    polling_peer p(s);
    for (char const* const method : {"PUT", "DELETE", "PATCH"}) {
        auto const r = s.ask(method, p.query());
        CHECK(r.status == 405);
        CHECK(r["Allow"] == "GET, POST");
    }
    CHECK(p.post("4x").body == "ok");
    CHECK(p.get().body == "4x");
}

TEST_CASE("what is no packet ends the session, behind the packets in front of it") {
    for (char const* const bad : {"", "9", "x", "\x1e", "4a\x1e", "b###", "4\xff", "7"}) {
        engineio_service s;
        polling_peer p(s);
        CHECK(p.post(bad).body == "ok");
        CHECK(s.next_note() == "parse error");
        CHECK(is_gone(s, p));
    }
    engineio_service s;
    s.on_connection([&s](eio::connection c) {
        c.on_message([&s](std::string_view m) { s.note(std::string(m)); });
    });
    polling_peer p(s);
    p.poll();
    CHECK(p.post("4a\x1e"
                 "9\x1e"
                 "4b")
              .status == 200);
    CHECK(s.next_note() == "a");
    CHECK(s.next_note() == "parse error");
    CHECK(p.answer().body == "1");
    CHECK(is_gone(s, p));
}

TEST_CASE("a client that pings or sends bytes ends the session") {
    engineio_service s;
    polling_peer p(s);
    CHECK(p.post("2").body == "ok");
    CHECK(s.next_note() == "transport error");
    polling_peer q(s);
    CHECK(q.post("4x", {{"Content-Type", "application/octet-stream"}}).status == 400);
    CHECK(s.next_note() == "transport error");
    CHECK(is_gone(s, q));
}

TEST_CASE("packets that mean nothing are harmless") {
    engineio_service s;
    polling_peer p(s);
    CHECK(p.post("3\x1e"
                 "6\x1e"
                 "5\x1e"
                 "0\x1e"
                 "4x")
              .body == "ok");
    CHECK(p.get().body == "4x");
}

TEST_CASE("the client closes with a packet in a POST") {
    engineio_service s;
    polling_peer p(s);
    p.poll();
    CHECK(p.post("1").body == "ok");
    CHECK(p.answer().body == "6");
    CHECK(s.next_note() == "transport close");
    CHECK(is_gone(s, p));
}

TEST_CASE("a second poll ends both, and the session") {
    engineio_service s;
    polling_peer p(s);
    p.poll();
    CHECK(p.post("6").status == 200);  // the poll is there by now, on one thread
    auto const second = s.ask("GET", p.query());
    CHECK(second.status == 400);
    CHECK(second.body.empty());
    CHECK(p.answer().body == "1");
    CHECK(s.next_note() == "transport error");
    CHECK(is_gone(s, p));
}

TEST_CASE("a client that polls as soon as it has an answer is no second one") {
    engineio_service s({}, 2);
    polling_peer p(s);
    for (int i = 0; i < 200; ++i) {
        http_peer other(s.port());
        other.send("GET", p.target());
        REQUIRE(p.post("4x").body == "ok");
        REQUIRE(other.reply().body == "4x");
    }
}

TEST_CASE("a poll that is broken off ends the session at once") {
    engineio_service s;
    polling_peer p(s);
    {
        http_peer other(s.port());
        other.send("GET", p.target());
        CHECK(p.post("6").body == "ok");
    }
    CHECK(s.next_note() == "transport error");
    CHECK(is_gone(s, p));
}

TEST_CASE("a session that is closed tells the poll that waits, or the next") {
    engineio_service s;
    s.on_connection([](eio::connection c) {
        c.on_message([c](std::string_view m) mutable {
            if (m == "send") c.send("last");
            c.close();
        });
    });
    SECTION("waiting") {
        polling_peer p(s);
        p.poll();
        p.post("4x");
        CHECK(p.answer().body == "1");
        CHECK(s.next_note() == "forced close");
        CHECK(is_gone(s, p));
    }
    SECTION("next") {
        polling_peer p(s);
        p.post("4x");
        CHECK(p.get().body ==
              "6\x1e"
              "1");
        CHECK(s.next_note() == "forced close");
        CHECK(is_gone(s, p));
    }
    SECTION("with what was sent") {
        polling_peer p(s);
        p.post("4send");
        CHECK(p.get().body == "4last");
        CHECK(p.get().body ==
              "6\x1e"
              "1");
        CHECK(is_gone(s, p));
        polling_peer q(s);
        q.poll();
        q.post("4send");
        CHECK(q.answer().body == "4last");
        CHECK(q.get().body ==
              "6\x1e"
              "1");
        CHECK(is_gone(s, q));
    }
}

TEST_CASE("a body may be as large as the limit, in bytes, and no larger") {
    eio::options o;
    o.max_payload = 100;
    engineio_service s(o);
    polling_peer p(s);
    std::string body = "4";
    while (body.size() < 100) body += "€";
    REQUIRE(body.size() == 100);
    CHECK(p.post(body).body == "ok");
    CHECK(p.get().body == body);
    auto const r = p.post(body + "x");
    CHECK(r.status == 413);
    CHECK(http_peer(s.port()).ask("POST", p.target(), {}, "4x").body == "ok");
    http_peer chunked(s.port());
    chunked.send_raw("POST " + p.target() +
                     " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; ++i) chunked.send_raw("28\r\n" + std::string(40, '4') + "\r\n");
    CHECK(chunked.reply().status == 413);
    CHECK(p.get().body == "4x");
}

TEST_CASE("a body may come in chunks and pieces, and the client may close") {
    engineio_service s;
    polling_peer p(s);
    http_peer slow(s.port());
    slow.send_raw(
        "POST " + p.target() +
        " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    for (char const c : std::string("4a€")) slow.send_raw("1\r\n" + std::string(1, c) + "\r\n");
    slow.send_raw("0\r\n\r\n");
    auto const r = slow.reply();
    CHECK(r.body == "ok");
    CHECK(r["Connection"] == "close");
    CHECK(slow.ended());
    http_peer once(s.port());
    auto const got = once.ask("GET", p.target(), {{"Connection", "close"}});
    CHECK(got.body == "4a€");
    CHECK(once.ended());
    CHECK(p.post("4b").body == "ok");
    CHECK(p.get().body == "4b");
}

TEST_CASE("a second post ends the session although the first one is not whole") {
    engineio_service s;
    polling_peer p(s);
    p.poll();
    http_peer first(s.port());
    begin_post(first, p);
    CHECK(p.post("4a").status == 400);
    CHECK(s.next_note() == "transport error");
    CHECK(p.answer().body == "1");
    first.send_raw("4bcde");
    CHECK(first.reply().status == 400);
    CHECK(is_gone(s, p));
}

TEST_CASE("a post that is broken off ends the session at once") {
    for (bool const reset : {false, true}) {
        engineio_service s;
        polling_peer p(s);
        p.poll();
        http_peer broken(s.port());
        begin_post(broken, p);
        broken.send_raw("4");
        reset ? broken.client().reset() : broken.client().finish();
        CHECK(s.next_note() == "transport error");
        CHECK(p.answer().body == "1");
        CHECK(is_gone(s, p));
    }
}

TEST_CASE("a post that is too large leaves the session as it is") {
    eio::options o;
    o.max_payload = 10;
    engineio_service s(o);
    polling_peer p(s);
    http_peer large(s.port());
    large.send_raw("POST " + p.target() +
                   " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                   "Expect: 100-continue\r\n\r\n");
    CHECK(large.head().status == 100);
    large.send_raw("b\r\n4bcdefghijk\r\n");
    CHECK(large.reply().status == 413);
    CHECK(p.post("4b").body == "ok");
    CHECK(p.get().body == "4b");
}

TEST_CASE("scripts are polls too") {
    engineio_service s;
    polling_peer p(s, "&EIO=4&j=0");
    CHECK(p.opened()["Content-Type"] == "text/javascript; charset=UTF-8");
    CHECK(p.opened()["X-Content-Type-Options"] == "nosniff");
    std::string const& opened = p.opened().body;
    CHECK(opened.starts_with("___eio[0](\"0{\\\"sid\\\":\\\""));
    CHECK(opened.ends_with("}\");"));
    std::string const sid = opened.substr(23, 20);
    auto const target = [&](std::string const& j) {
        return "?transport=polling&EIO=4&sid=" + sid + "&j=" + j;
    };
    CHECK(
        s.ask("POST", target("1"), {}, "d=4%22a%E2%80%A8b%E2%80%A9%20%E2%82%AC%5Cn+%5C%5Cn").body ==
        "ok");
    CHECK(s.ask("GET", target("a1(2")).body == "___eio[0](\"4\\\"a\\u2028b\\u2029 €\\n \\\\n\");");
    CHECK(s.ask("POST", target("1"), {}, "d=bAQID").body == "ok");
    CHECK(s.ask("GET", target("")).body == "___eio[0](\"bAQID\");");
    CHECK(s.ask("POST", target("1"), {}, "x=4a").body == "ok");
    CHECK(s.next_note() == "parse error");
}

TEST_CASE("in revision 3 payloads have lengths, and bytes when the client takes them") {
    eio::options o;
    o.allow_eio3 = true;
    engineio_service s(o);
    polling_peer p(s, "&EIO=3");
    CHECK(p.opened().body.find(":0{\"sid\":\"") < 4);
    CHECK(p.post("5:4a€😀").body == "ok");
    CHECK(p.get().body == "5:4a€😀");
    std::string const bytes("\1\3\xff\4\1\2", 6);
    CHECK(p.post(bytes, {{"Content-Type", "application/octet-stream"}}).body == "ok");
    auto const r = p.get();
    CHECK(r["Content-Type"] == "application/octet-stream");
    CHECK(r.body == bytes);
    CHECK(p.post("1:2").body == "ok");
    CHECK(p.get().body == "1:3");
    CHECK(p.post("9").body == "ok");
    CHECK(s.next_note() == "parse error");
}

TEST_CASE("heartbeats come over polling, and a client without them is given up") {
    eio::options o;
    o.ping_interval = 50ms;
    o.ping_timeout = 1s;
    engineio_service s(o);
    polling_peer p(s);
    for (int i = 0; i < 3; ++i) {
        CHECK(p.get().body == "2");
        CHECK(p.post("3").body == "ok");
    }
    CHECK(s.note_count() == 0);
    CHECK(s.next_note() == "ping timeout");
    CHECK(is_gone(s, p));
    polling_peer q(s);
    CHECK(q.get().body == "2");
    CHECK(q.get().body == "1");
    CHECK(s.next_note() == "ping timeout");
}

TEST_CASE("too much for a client that does not poll ends the session, or is dropped") {
    eio::options o;
    o.queue_bytes = 100;
    SECTION("it ends") {
        engineio_service s(o);
        polling_peer p(s);
        for (int i = 0; i < 3; ++i) CHECK(p.post("4" + std::string(60, 'x')).body == "ok");
        CHECK(s.next_note() == "transport close");
    }
    SECTION("it is dropped") {
        o.overflow = eio::overflow_policy::drop;
        engineio_service s(o);
        polling_peer p(s);
        std::string const large = "4" + std::string(1000, 'x');
        for (int i = 0; i < 3; ++i) CHECK(p.post(large).body == "ok");
        CHECK(p.get().body == large + "\x1e" + large);
    }
}

TEST_CASE("what one turn sends is no backlog, before the first poll and later") {
    engineio_service s;
    auto const flood = [](eio::connection c) {
        for (int i = 0; i < 1'100; ++i) c.send("x");
        c.send(std::string(1'100'000, 'y'));
        c.send("z");
    };
    s.on_connection([flood](eio::connection c) {
        flood(c);
        c.on_message([flood, c](std::string_view) { flood(c); });
    });
    polling_peer p(s);
    auto const whole = [](std::string const& body) {
        return body.size() == 3 * 1'100 + 1'100'001 + 1 + 2 && body.starts_with("4x\x1e") &&
               body.ends_with(
                   "y\x1e"
                   "4z");
    };
    CHECK(whole(p.get().body));
    CHECK(p.post("4go").body == "ok");
    CHECK(whole(p.get().body));
    p.poll();
    CHECK(p.post("4go").body == "ok");
    CHECK(whole(p.answer().body));
    CHECK(s.note_count() == 0);
}

TEST_CASE("a post may have any number of packets, and each is answered") {
    engineio_service s;
    polling_peer p(s);
    std::string body = "4x";
    for (int i = 1; i < 5'000; ++i)
        body +=
            "\x1e"
            "4x";
    for (int round = 0; round < 3; ++round) {
        CHECK(p.post(body).body == "ok");
        CHECK(p.get().body == body);
    }
    CHECK(s.note_count() == 0);
}

TEST_CASE("a post whose answers would be too many is handed on as the client takes them") {
    engineio_service s;
    static constexpr std::size_t size = 600'000;
    s.on_connection([](eio::connection c) {
        c.on_message([c, n = 0](std::string_view) mutable {
            c.send(std::to_string(n++) + std::string(size, 'x'));
        });
    });
    polling_peer p(s);
    std::string body = "4";
    for (int i = 1; i < 10; ++i)
        body +=
            "\x1e"
            "4";
    SECTION("a client that polls gets them all") {
        CHECK(p.post(body).body == "ok");
        for (int i = 0; i < 10; i += 2) {
            auto const got = p.get().body;
            CHECK(got.size() == 2 * size + 5);
            CHECK(got.starts_with("4" + std::to_string(i) + "x"));
        }
        CHECK(s.note_count() == 0);
    }
    SECTION("one that goes on posting meets the limit") {
        CHECK(p.post(body).body == "ok");
        p.post(body);
        CHECK(s.next_note() == "transport close");
    }
}

TEST_CASE("a client that does not take what the server goes on sending is closed") {
    engineio_service s;
    std::atomic<std::size_t> sent{0};
    s.on_connection([&sent](eio::connection c) {
        support::go_on(c, [&sent](eio::connection to) {
            if (!to.send(std::string(100'000, 'x'))) return false;
            sent += 100'000;
            return true;
        });
    });
    polling_peer p(s);
    CHECK(s.next_note() == "transport close");
    CHECK(sent >= 1'000'000);
    CHECK(sent <= 2'200'000);
}

TEST_CASE("what a client says first about bytes and scripts stays for the session") {
    eio::options o;
    o.allow_eio3 = true;
    engineio_service s(o);
    polling_peer text(s, "&EIO=3&b64=1");
    std::string const plain = "?transport=polling&EIO=3&sid=" + text.sid();
    CHECK(text.post("6:b4AQI=").body == "ok");
    CHECK(s.ask("GET", plain).body == "6:b4AQI=");
    polling_peer bytes(s, "&EIO=3");
    CHECK(bytes.post("6:b4AQI=").body == "ok");
    CHECK(s.ask("GET", bytes.query() + "&b64=1")["Content-Type"] == "application/octet-stream");
    polling_peer script(s, "&EIO=4&j=7");
    std::string const opened = script.opened().body;
    std::string const sid = opened.substr(23, 20);
    CHECK(s.ask("POST", "?transport=polling&EIO=4&sid=" + sid, {}, "d=4a").body == "ok");
    CHECK(s.ask("GET", "?transport=polling&EIO=4&sid=" + sid).body == "___eio[7](\"4a\");");
    CHECK(polling_peer(s, "&EIO=4&j=abc%3Cscript%3E").opened().body.starts_with("___eio[](\""));
    CHECK(polling_peer(s, "&EIO=4&j=1%32x3").opened().body.starts_with("___eio[123](\""));
}

TEST_CASE("a close behind messages comes behind them, when they have been taken") {
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
                    "4b\x1e"
                    "1");
    CHECK(s.next_note() == "a");
    held.resume();
    CHECK(s.next_note() == "b");
    CHECK(s.next_note() == "transport close");
    CHECK(p.poster().reply().body == "ok");
}
