// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/server.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"
#include "support/eventually.hpp"
#include "support/refusals.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace eio = httphooks::engineio;
using support::engineio_service;
using support::engineio_socket;
using support::field_list;
using support::http_peer;
using support::polling_peer;
using support::websocket_peer;

namespace {

constexpr char handshake_query[] = "?transport=polling&EIO=4";

std::string body_of(int code, std::string const& text) {
    return "{\"code\":" + std::to_string(code) + ",\"message\":\"" + text + "\"}";
}

}  // namespace

TEST_CASE("requests that make no sense are refused with a number and a text") {
    engineio_service s;
    polling_peer p(s);
    auto const check = [&](std::string const& method, std::string const& query, int code,
                           std::string const& text) {
        auto const r = s.ask(method, query);
        CHECK(r.status == 400);
        CHECK(r["Content-Type"] == "application/json");
        CHECK(r["Content-Length"] == std::to_string(r.body.size()));
        CHECK(r.body == body_of(code, text));
    };
    for (std::string const transport :
         {"", "tobi", "constructor", "__proto__", "hasOwnProperty", "POLLING", "webtransport"})
        check("GET", "?EIO=4&transport=" + transport, 0, "Transport unknown");
    check("GET", "", 0, "Transport unknown");
    check("GET", "?EIO=4&transport=polling&transport=polling", 0, "Transport unknown");
    for (std::string const& sid : {std::string("test"), std::string("__proto__"),
                                   std::string(6000, 'x'), p.sid() + "&sid=" + p.sid()})
        check("GET", "?EIO=4&transport=polling&sid=" + sid, 1, "Session ID unknown");
    check("POST", "?EIO=4&transport=polling&sid=test", 1, "Session ID unknown");
    for (char const* const method : {"POST", "PUT", "OPTIONS"})
        check(method, handshake_query, 2, "Bad handshake method");
    check("GET", "?EIO=4&transport=websocket", 3, "Bad request");
    check("GET", "?EIO=4&transport=websocket&sid=" + p.sid(), 3, "Bad request");
    for (std::string const eio : {"", "&EIO=", "&EIO=2", "&EIO=5", "&EIO=abc", "&EIO=4&EIO=4",
                                  "&EIO=04", "&EIO=3", "&EIO=4.0"})
        check("GET", "?transport=polling" + eio, 5, "Unsupported protocol version");
    CHECK(p.post("4x").body == "ok");
    CHECK(p.get().body == "4x");
}

TEST_CASE("what is no HTTP is refused as a bad request, with the connection") {
    engineio_service s;
    for (std::string const field : {"Origin: http://a\x01", "Origin: a\x7f", "Origin : a", "X"}) {
        http_peer p(s.port());
        p.send_raw("GET /engine.io/" + std::string(handshake_query) + " HTTP/1.1\r\nHost: x\r\n" +
                   field + "\r\n\r\n");
        auto const r = p.reply();
        CHECK(r.status == 400);
        CHECK(r["Content-Type"] == "application/json");
        CHECK(r.body == body_of(3, "Bad request"));
        CHECK(p.ended());
    }
    http_peer p(s.port());
    p.send_raw("GET /other HTTP/1.1\r\nHost: x\r\nOrigin: \x01\r\n\r\n");
    CHECK(p.reply().body == "Bad Request");
}

TEST_CASE("the first thing that is wrong is what is told") {
    engineio_service s;
    s.server().allow_request([](eio::handshake const&) { return false; });
    CHECK(s.ask("POST", "?transport=x&sid=y").body == body_of(0, "Transport unknown"));
    CHECK(s.ask("POST", "?transport=websocket&sid=y").body == body_of(1, "Session ID unknown"));
    CHECK(s.ask("POST", "?transport=websocket").body == body_of(2, "Bad handshake method"));
    CHECK(s.ask("GET", "?transport=websocket").body == body_of(3, "Bad request"));
    auto const r = s.ask("GET", "?transport=polling");
    CHECK(r.status == 403);
    CHECK(r.body == body_of(4, "Forbidden"));
    s.server().allow_request([](eio::handshake const&) { return true; });
    CHECK(s.ask("GET", "?transport=polling").body == body_of(5, "Unsupported protocol version"));
}

TEST_CASE("the path ends with a slash, and other parameters do not matter") {
    engineio_service s;
    CHECK(s.peer().ask("GET", "/engine.io?transport=polling&EIO=4").status == 404);
    CHECK(s.peer().ask("GET", "/engine.iox/?transport=polling&EIO=4").body.find("sid") ==
          std::string::npos);
    CHECK(s.ask("GET", "?t=abc&EIO=4&x&y=%20&transport=polling&=z").status == 200);
    CHECK(s.ask("GET", "?t=abc&%45IO=4&transport=p%6flling").status == 200);
    eio::options o;
    o.add_trailing_slash = false;
    engineio_service both(o);
    CHECK(both.peer().ask("GET", "/engine.io?transport=polling&EIO=4").status == 200);
    CHECK(both.peer().ask("GET", "/engine.io/?transport=polling&EIO=4").status == 200);
    CHECK(both.peer().ask("GET", "/engine.iox?transport=polling&EIO=4").status != 200);
}

TEST_CASE("transports can be turned off") {
    eio::options o;
    o.polling = false;
    {
        engineio_service s(o);
        CHECK(s.ask("GET", handshake_query).body == body_of(0, "Transport unknown"));
        CHECK(engineio_socket(s).text().starts_with("0{"));
    }
    o.polling = true;
    o.websocket = false;
    {
        engineio_service s(o);
        polling_peer p(s);
        CHECK(p.opened().body.find("\"upgrades\":[]") != std::string::npos);
        CHECK(engineio_socket(s).reply().status == 400);
        CHECK(engineio_socket(s, p.sid()).reply().status == 400);
    }
    o.websocket = true;
    o.allow_upgrades = false;
    {
        engineio_service s(o);
        polling_peer p(s);
        CHECK(p.opened().body.find("\"upgrades\":[]") != std::string::npos);
        CHECK(engineio_socket(s, p.sid()).reply().status == 400);
        CHECK(engineio_socket(s).reply().status == 101);
    }
    o.websocket = o.polling = false;
    boost::asio::io_context context;
    CHECK_THROWS_AS(eio::server(context.get_executor(), o), std::invalid_argument);
    o.polling = true;
    CHECK_NOTHROW(eio::server(context.get_executor(), o));
    o.select_subprotocol = [](auto const&, auto const&) { return std::string(); };
    CHECK_THROWS_AS(eio::server(context.get_executor(), o), std::invalid_argument);
}

TEST_CASE("options that cannot be meant throw") {
    boost::asio::io_context context;
    for (char const* const path : {"", "x", "/x/", "/"}) {
        eio::options o;
        o.path = path;
        CHECK_THROWS_AS(eio::server(context.get_executor(), o), std::invalid_argument);
    }
    eio::options o;
    o.cookie.emplace();
    o.cookie->path = "/; Secure";
    CHECK_THROWS_AS(eio::server(context.get_executor(), o), std::invalid_argument);
}

TEST_CASE("the handshake's reply sets the cookie, others do not") {
    eio::options o;
    o.cookie.emplace();
    SECTION("as it is by default") {
        engineio_service s(o);
        polling_peer p(s);
        CHECK(p.opened()["Set-Cookie"] == "io=" + p.sid() + "; Path=/; HttpOnly; SameSite=Lax");
        CHECK_FALSE(p.post("4x").has("Set-Cookie"));
        CHECK_FALSE(p.get().has("Set-Cookie"));
        auto w = engineio_socket(s);
        std::string const sid = support::sid_of(w.text());
        CHECK(w.reply()["Set-Cookie"] == "io=" + sid + "; Path=/; HttpOnly; SameSite=Lax");
        CHECK_FALSE(engineio_socket(s, p.sid()).reply().has("Set-Cookie"));
        CHECK_FALSE(s.ask("GET", "?transport=polling").has("Set-Cookie"));
    }
    SECTION("with other attributes") {
        o.cookie->name = "sid";
        o.cookie->path = "";
        o.cookie->http_only = false;
        o.cookie->same_site = "";
        {
            engineio_service s(o);
            polling_peer p(s);
            CHECK(p.opened()["Set-Cookie"] == "sid=" + p.sid());
        }
        o.cookie->path = "/x";
        o.cookie->same_site = "None";
        o.cookie->secure = true;
        o.cookie->domain = "example.org";
        o.cookie->max_age = 60s;
        engineio_service s(o);
        polling_peer p(s);
        CHECK(p.opened()["Set-Cookie"] == "sid=" + p.sid() +
                                              "; Max-Age=60; Domain=example.org; Path=/x; Secure; "
                                              "SameSite=None");
    }
}

TEST_CASE("without options for origins there are no fields for them, and all WebSockets pass") {
    engineio_service s;
    field_list const origin{{"Origin", "https://example.org"}};
    CHECK(s.ask("GET", handshake_query, origin).status == 200);
    CHECK_FALSE(s.ask("GET", handshake_query, origin).has("Access-Control-Allow-Origin"));
    CHECK_FALSE(s.ask("GET", handshake_query, origin).has("Vary"));
    CHECK(engineio_socket(s, {}, origin).reply().status == 101);
}

TEST_CASE("origins that may connect are named in every reply") {
    eio::options o;
    o.cors.emplace();
    o.cors->origins = {"https://a.example"};
    o.cors->credentials = true;
    engineio_service s(o);
    field_list const good{{"Origin", "https://a.example"}};
    field_list const foreign{{"Origin", "https://b.example"}};
    polling_peer p(s);
    auto const named = [](support::http_reply const& r) {
        CHECK(r["Access-Control-Allow-Origin"] == "https://a.example");
        CHECK(r["Access-Control-Allow-Credentials"] == "true");
        CHECK(r["Vary"] == "Origin");
    };
    named(s.ask("GET", handshake_query, good));
    named(s.ask("GET", "?transport=x", good));
    named(s.ask("GET", "?transport=polling&sid=x", good));
    named(p.post("4x", good));
    named(p.get(good));
    named(s.ask("PUT", p.query(), good));
    named(engineio_socket(s, {}, good).reply());
    named(engineio_socket(s, "x", good).reply());

    auto const large = p.post(std::string(1'000'001, '4'), good);
    CHECK(large.status == 413);
    CHECK(large.body.empty());
    CHECK(large["Content-Length"] == "0");
    named(large);

    auto const r = s.ask("GET", handshake_query, foreign);
    CHECK(r.status == 200);
    CHECK_FALSE(r.has("Access-Control-Allow-Origin"));
    CHECK(r["Vary"] == "Origin");
    auto refused = engineio_socket(s, {}, foreign);
    CHECK(refused.reply().status == 403);
    CHECK(engineio_socket(s, p.sid(), foreign).reply().status == 403);
    CHECK(engineio_socket(s, {}, {{"Origin", "null"}}).reply().status == 403);
    CHECK(engineio_socket(s).reply().status == 101);
}

TEST_CASE("a path without its slash is answered with the fields for pages of other origins") {
    eio::options o;
    o.cors.emplace().origins = {"https://a.example"};
    engineio_service s(o);
    std::string const target = std::string("/engine.io") + handshake_query;
    field_list const good{{"Origin", "https://a.example"}};
    auto const r = s.peer().ask("GET", target, good);
    CHECK(r.status == 404);
    CHECK(r["Access-Control-Allow-Origin"] == "https://a.example");
    CHECK(r["Vary"] == "Origin");
    auto const asked = s.peer().ask("OPTIONS", target, good);
    CHECK(asked.status == 204);
    CHECK(asked["Access-Control-Allow-Origin"] == "https://a.example");
    CHECK(s.peer().ask("GET", target, {{"Origin", "https://b.example"}})["Vary"] == "Origin");
}

TEST_CASE("a preflight is answered before anything is looked at") {
    eio::options o;
    o.cors.emplace();
    o.cors->origins = {"https://a.example"};
    o.cors->methods = {"GET", "POST"};
    o.cors->max_age = 60s;
    engineio_service s(o);
    auto const r = s.ask("OPTIONS", "?transport=polling&sid=none",
                         {{"Origin", "https://a.example"},
                          {"Access-Control-Request-Method", "POST"},
                          {"Access-Control-Request-Headers", "X-A"}});
    CHECK(r.status == 204);
    CHECK(r["Access-Control-Allow-Origin"] == "https://a.example");
    CHECK(r["Access-Control-Allow-Methods"] == "GET,POST");
    CHECK(r["Access-Control-Allow-Headers"] == "X-A");
    CHECK(r["Access-Control-Max-Age"] == "60");
    auto const foreign =
        s.ask("OPTIONS", "",
              {{"Origin", "https://b.example"}, {"Access-Control-Request-Method", "POST"}});
    CHECK(foreign.status == 204);
    CHECK_FALSE(foreign.has("Access-Control-Allow-Origin"));
}

TEST_CASE("the application decides who may connect") {
    engineio_service s;
    s.server().allow_request([](eio::handshake const& h) {
        bool const denied = h.message->contains("x-deny");
        return eio::verdict{!denied, denied ? "denied by test" : ""};
    });
    field_list const deny{{"x-deny", "1"}};
    auto const r = s.ask("GET", handshake_query, deny);
    CHECK(r.status == 403);
    CHECK(r.body == body_of(4, "denied by test"));
    auto w = engineio_socket(s, {}, deny);
    CHECK(w.reply().status == 400);
    CHECK(w.peer().bytes(14) == "denied by test");
    polling_peer p(s);
    CHECK(p.post("4x", deny).body == "ok");
    CHECK(engineio_socket(s, p.sid(), deny).reply().status == 101);
    CHECK(s.server().size() == 1);
}

TEST_CASE("the application may decide later, on any thread, once") {
    engineio_service s;
    std::mutex mutex;
    std::vector<std::function<void(eio::verdict)>> waiting;
    s.server().allow_request([&](eio::handshake const&, std::function<void(eio::verdict)> decide) {
        std::lock_guard const lock(mutex);
        waiting.push_back(std::move(decide));
    });
    auto const taken = [&] {
        std::lock_guard const lock(mutex);
        return waiting.empty() ? nullptr : std::exchange(waiting, {}).front();
    };
    auto const decide = [&](eio::verdict v) {
        std::function<void(eio::verdict)> f;
        REQUIRE(support::eventually([&] { return static_cast<bool>(f = taken()); }));
        f(v);
        f({!v.allowed, "again"});
    };
    for (bool const allowed : {true, false}) {
        http_peer p(s.port());
        p.send("GET", std::string("/engine.io/") + handshake_query);
        decide({allowed, "no"});
        auto const r = p.reply();
        CHECK(r.status == (allowed ? 200 : 403));
        std::promise<int> status;
        std::thread client([&] { status.set_value(engineio_socket(s).reply().status); });
        decide({allowed, "no"});
        client.join();
        CHECK(status.get_future().get() == (allowed ? 101 : 400));
    }
    {
        http_peer gone(s.port());
        gone.send("GET", std::string("/engine.io/") + handshake_query);
        std::function<void(eio::verdict)> f;
        REQUIRE(support::eventually([&] { return static_cast<bool>(f = taken()); }));
        waiting.push_back(f);
    }
    std::size_t const before = s.server().size();
    taken()({});
    CHECK(s.server().size() <= before + 1);
}

TEST_CASE("who decides may throw, which refuses") {
    engineio_service s;
    std::atomic<int> errors{0};
    s.server().on_error([&](std::exception_ptr) { ++errors; });
    s.server().allow_request(
        [](eio::handshake const&) -> bool { throw std::runtime_error("broken"); });
    CHECK(s.ask("GET", handshake_query).status == 403);
    CHECK(errors == 1);
}

TEST_CASE("the application makes ids") {
    eio::options o;
    std::atomic<int> next{0};
    o.generate_id = [&](httphooks::request const& r) -> std::string {
        if (r.contains("x-fail")) throw std::runtime_error("no id");
        if (r.contains("x-empty")) return {};
        return r.contains("x-same") ? "same" : "id \"" + std::to_string(++next);
    };
    o.cookie.emplace();
    engineio_service s(o);
    auto const r = s.ask("GET", handshake_query);
    CHECK(r.body.starts_with(R"(0{"sid":"id \"1",)"));
    CHECK(r["Set-Cookie"].starts_with("io=id%20%221; "));
    CHECK(s.ask("POST", "?transport=polling&sid=id+%221", {}, "4x").body == "ok");
    for (char const* const how : {"x-fail", "x-empty"}) {
        auto const bad = s.ask("GET", handshake_query, {{how, "1"}});
        CHECK(bad.status == 400);
        CHECK(bad.body == body_of(3, "Bad request"));
        CHECK(engineio_socket(s, {}, {{how, "1"}}).reply().status == 400);
    }
    CHECK(s.ask("GET", handshake_query, {{"x-same", "1"}}).status == 200);
    CHECK(s.ask("GET", handshake_query, {{"x-same", "1"}}).status == 400);
}

TEST_CASE("an initial packet comes in the same payload as the packet open") {
    eio::options o;
    o.initial_packet = "welcome";
    engineio_service s(o);
    polling_peer p(s);
    CHECK(
        p.opened().body.ends_with("}\x1e"
                                  "4welcome"));
    auto w = engineio_socket(s);
    w.text();
    CHECK(w.text() == "4welcome");
}

TEST_CASE("the application is told what is refused, and why") {
    engineio_service s;
    s.server().on_connection_error([&s](eio::connection_error const& e) {
        s.note(std::to_string(static_cast<int>(e.code)) + " " + std::string(e.text) + " " +
               std::string(e.context));
    });
    s.server().allow_request([](eio::handshake const& h) {
        return eio::verdict{!h.message->contains("x-deny"), "no"};
    });
    polling_peer p(s);
    s.ask("GET", "?transport=x");
    CHECK(s.next_note() == "0 Transport unknown x");
    s.ask("GET", "?transport=polling&sid=y");
    CHECK(s.next_note() == "1 Session ID unknown y");
    s.ask("PUT", "?transport=polling");
    CHECK(s.next_note() == "2 Bad handshake method PUT");
    s.ask("GET", "?transport=websocket&sid=" + p.sid());
    CHECK(s.next_note() == "3 Bad request TRANSPORT_MISMATCH");
    s.ask("GET", "?transport=websocket");
    CHECK(s.next_note() == "3 Bad request TRANSPORT_HANDSHAKE_ERROR");
    s.ask("GET", handshake_query, {{"x-deny", "1"}});
    CHECK(s.next_note() == "4 no ");
    engineio_socket(s, {}, {{"x-deny", "1"}});
    CHECK(s.next_note() == "4 no ");
    s.ask("GET", "?transport=polling&EIO=9");
    CHECK(s.next_note() == "5 Unsupported protocol version 9");
    s.ask("GET", "?transport=websocket&EIO=4",
          {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}});
    CHECK(s.next_note() == "3 Bad request WEBSOCKET_HANDSHAKE_ERROR");
    eio::options full;
    full.max_sessions = 0;
    engineio_service none(full);
    none.server().on_connection_error([&none](eio::connection_error const& e) {
        none.note(std::string(e.text) + " " + std::string(e.context));
    });
    none.ask("GET", handshake_query);
    CHECK(none.next_note() == "Service Unavailable NO_ROOM");
}

TEST_CASE("the application adds fields to replies") {
    engineio_service s;
    s.server().on_headers([](httphooks::fields& f, httphooks::request const&, bool initial) {
        f.set("X-Initial", initial ? "yes" : "no");
    });
    polling_peer p(s);
    CHECK(p.opened()["X-Initial"] == "yes");
    CHECK(p.post("4x")["X-Initial"] == "no");
    CHECK(p.get()["X-Initial"] == "no");
    CHECK(engineio_socket(s).reply()["X-Initial"] == "yes");
    CHECK(engineio_socket(s, p.sid()).reply()["X-Initial"] == "no");
}

TEST_CASE("what the application's functions throw is told, and does no harm") {
    eio::options o;
    o.cors.emplace();
    o.cors->allow = [](std::string_view) -> bool { throw std::runtime_error("broken"); };
    engineio_service s(o);
    std::atomic<int> errors{0};
    s.server().on_error([&](std::exception_ptr) { ++errors; });
    s.server().on_headers([](httphooks::fields&, httphooks::request const&, bool) {
        throw std::runtime_error("broken");
    });
    s.server().on_connection_error(
        [](eio::connection_error const&) { throw std::runtime_error("broken"); });
    field_list const origin{{"Origin", "https://a.example"}};
    CHECK(s.ask("GET", handshake_query, origin).status == 200);
    CHECK(errors == 2);
    CHECK(s.ask("GET", "?transport=x").status == 400);
    CHECK(engineio_socket(s, {}, origin).reply().status == 403);
    CHECK(engineio_socket(s).reply().status == 101);
}

TEST_CASE("there is room for so many sessions") {
    eio::options o;
    o.max_sessions = 1;
    engineio_service s(o);
    polling_peer p(s);
    CHECK(s.ask("GET", handshake_query).status == 503);
    CHECK(engineio_socket(s).reply().status == 503);
    p.post("1");
    CHECK(s.next_note() == "transport close");
    CHECK(s.ask("GET", handshake_query).status == 200);
}

TEST_CASE("WebSocket handshakes that are none are refused as such") {
    engineio_service s;
    auto const ask = [&](field_list const& fields) {
        return s.ask("GET", "?transport=websocket&EIO=4", fields);
    };
    CHECK(ask({{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}).status == 400);
    CHECK(ask({{"Upgrade", "websocket"},
               {"Connection", "Upgrade"},
               {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
               {"Sec-WebSocket-Version", "12"}})
              .status == 426);
}

TEST_CASE("drain closes every session, and opens none") {
    eio::options o;
    o.drain_timeout = 30s;
    engineio_service s(o);
    polling_peer waiting(s);
    waiting.poll();
    CHECK(waiting.post("6").body == "ok");
    polling_peer idle(s);
    auto w = engineio_socket(s);
    w.text();
    s.server().drain();
    CHECK(waiting.answer().body == "1");
    auto const f = w.frame();
    CHECK(f.op == 8);
    CHECK(idle.get().body ==
          "6\x1e"
          "1");
    for (int i = 0; i < 3; ++i) CHECK(s.next_note() == "server shutting down");
    CHECK(s.ask("GET", handshake_query).status == 503);
    CHECK(support::eventually([&] { return s.server().size() == 0; }));
}

TEST_CASE("drain does not wait long for clients that do not poll") {
    eio::options o;
    o.close_timeout = 10min;
    o.drain_timeout = 50ms;
    engineio_service s(o);
    polling_peer const silent(s);
    s.server().drain();
    CHECK(s.next_note() == "server shutting down");
    CHECK(support::eventually([&] { return s.server().size() == 0; }));
}

TEST_CASE("a broadcast reaches clients of every transport and thread") {
    engineio_service s({}, 3);
    std::vector<polling_peer> pollers;
    std::vector<websocket_peer> sockets;
    for (int i = 0; i < 5; ++i) {
        pollers.emplace_back(s);
        sockets.push_back(engineio_socket(s));
        sockets.back().text();
    }
    for (auto& p : pollers) p.poll();
    std::vector<eio::packet> const both{{eio::packet_type::message, false, "a"},
                                        {eio::packet_type::message, true, "b"}};
    s.server().broadcast(eio::prepared_message(both));
    for (auto& p : pollers) {
        std::string got = p.answer().body;
        if (got == "4a") got += "\x1e" + p.get().body;
        CHECK(got ==
              "4a\x1e"
              "bYg==");
    }
    for (auto& w : sockets) {
        CHECK(w.text() == "4a");
        CHECK(w.frame().payload == "b");
    }
    CHECK(s.server().connections().size() == 10);
}

TEST_CASE("a server may go while clients wait") {
    engineio_service s({}, 2);
    polling_peer p(s);
    p.poll();
    auto w = engineio_socket(s);
    auto probe = engineio_socket(s, p.sid());
    probe.send("2probe");
    CHECK(probe.text() == "3probe");
}

TEST_CASE("sessions, what waits for clients, and what is dropped or refused are counted") {
    eio::options o;
    o.queue_bytes = 1000;
    o.overflow = eio::overflow_policy::drop;
    o.max_sessions = 2;
    engineio_service s(o);
    s.on_connection([](eio::connection c) {
        c.on_message([c](std::string_view, bool) mutable { c.send(std::string(600, 'x')); });
    });
    auto const counted = s.server().counters();
    polling_peer slow(s);
    polling_peer wrong(s);
    CHECK(counted->sessions() == 2);
    CHECK(s.ask("GET", handshake_query).status == 503);
    CHECK(s.ask("GET", "?EIO=4&transport=tobi").status == 400);
    CHECK(wrong.post("x").body == "ok");
    CHECK(s.next_note() == "parse error");
    CHECK(support::refusals(*counted) ==
          "Parse error: 1; Too many sessions: 1; Transport unknown: 1");
    for (int i = 0; i < 4; ++i) CHECK(slow.post("4x").body == "ok");
    CHECK(support::eventually([&] { return counted->dropped() == 2; }));
    CHECK(counted->waiting_bytes() == 1202);
    CHECK(slow.get().body.size() > 600);
    CHECK(support::eventually([&] { return counted->waiting_bytes() == 0; }));
    CHECK(slow.post("1").body == "ok");
    CHECK(support::eventually([&] { return counted->sessions() == 0; }));
    CHECK(counted->opened() == 2);
}
