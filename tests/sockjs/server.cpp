// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/server.hpp>

#include "support/busy_loop.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/refusals.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket_peer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
namespace hh = httphooks;
using support::http_peer;
using support::service_options;
using support::sockjs_services;
using support::tally;

namespace {

std::string repeat(std::string_view s, std::size_t n) {
    std::string all;
    while (n-- > 0) all += s;
    return all;
}

}  // namespace

TEST_CASE("the prefix and the prefix with a slash greet") {
    sockjs_services s;
    s.echo();
    for (char const* const target : {"/echo", "/echo/", "/echo?x=1"}) {
        auto const r = s.ask("GET", target);
        CHECK(r.status == 200);
        CHECK(r["Content-Type"] == "text/plain; charset=UTF-8");
        CHECK(r["Content-Length"] == "19");
        CHECK(r.body == "Welcome to SockJS!\n");
        CHECK_FALSE(r.has("Set-Cookie"));
    }
}

TEST_CASE("paths that mean nothing are 404 with a text") {
    sockjs_services s;
    s.echo();
    for (char const* const path : {"/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a//", "/a/b/c",
                                   "/a/b/xhr/x", "/a/b/XHR", "/info2", "/a/b/"}) {
        auto const r = s.ask("GET", std::string("/echo") + path);
        CHECK(r.status == 404);
        CHECK(r["Content-Type"] == "text/plain; charset=UTF-8");
        CHECK(r.body == "404 Error: Page not found\n");
    }
}

TEST_CASE("any name without a dot and a slash is a session's, and is not decoded") {
    sockjs_services s;
    s.echo();
    for (char const* const session :
         {"/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20", "/x/a%2Fb", "/x/a%2Eb"})
        CHECK(s.post(std::string("/echo") + session + "/xhr").body == "o\n");
}

TEST_CASE("empty names and names with dots are 404, for GET and POST") {
    sockjs_services s;
    s.echo();
    for (char const* const session : {"//", "/a./a", "/a/a.", "/./.", "/", "///", "/a//", "//a"}) {
        CHECK(s.ask("GET", std::string("/echo") + session + "/xhr").status == 404);
        CHECK(s.post(std::string("/echo") + session + "/xhr").status == 404);
    }
}

TEST_CASE("the server's name in the path is ignored") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/000/s/xhr").body == "o\n");
    CHECK(s.post("/echo/999/s/xhr_send", "[\"a\"]").status == 204);
    CHECK(s.post("/echo/111/s/xhr").body == "a[\"a\"]\n");
}

TEST_CASE("every path may end with a slash") {
    sockjs_services s;
    s.echo();
    CHECK(s.ask("GET", "/echo/info/").status == 200);
    CHECK(s.ask("GET", "/echo/iframe.html/").status == 200);
    CHECK(s.post("/echo/0/s/xhr/").body == "o\n");
    CHECK(s.ask("GET", "/echo/websocket/").status == 400);
}

TEST_CASE("the iframe page has many names") {
    sockjs_services s;
    s.echo();
    for (char const* const name :
         {"/iframe.html", "/iframe-a.html", "/iframe-.html", "/iframe-0.1.2.html",
          "/iframe-0.1.2abc-dirty.2144.html", "/iframe.html?t=1234"}) {
        auto const r = s.ask("GET", std::string("/echo") + name);
        CHECK(r.status == 200);
        CHECK(r["Content-Type"] == "text/html; charset=UTF-8");
        CHECK_FALSE(r.has("Set-Cookie"));
        auto const again =
            s.ask("GET", std::string("/echo") + name, {{"If-None-Match", r["ETag"]}});
        CHECK(again.status == 304);
        CHECK_FALSE(again.has("Content-Type"));
        CHECK_FALSE(again.has("Content-Length"));
    }
    for (char const* const name : {"/iframe.htm", "/iframe", "/IFRAME.HTML", "/iframe.HTML",
                                   "/iframe.xml", "/iframe-/.html"})
        CHECK(s.ask("GET", std::string("/echo") + name).status == 404);
}

TEST_CASE("POST to the WebSocket transport is 405 with Allow and nothing else") {
    sockjs_services s;
    s.echo();
    for (auto const& fields :
         {support::field_list{},
          support::field_list{{"Upgrade", "WebSocket"}, {"Connection", "Upgrade"}}}) {
        auto const r = s.ask("POST", "/echo/0/0/websocket", fields, "x");
        CHECK(r.status == 405);
        CHECK(r["Allow"] == "GET");
        CHECK_FALSE(r.has("Content-Type"));
        CHECK(r.body.empty());
    }
}

TEST_CASE("other methods are 405, and Allow says which there are") {
    sockjs_services s;
    s.echo();
    CHECK(s.ask("GET", "/echo/0/0/xhr")["Allow"] == "POST, OPTIONS");
    CHECK(s.ask("GET", "/echo/0/0/xhr").status == 405);
    CHECK(s.ask("PUT", "/echo/info")["Allow"] == "OPTIONS, GET, HEAD");
    CHECK(s.ask("POST", "/echo")["Allow"] == "GET, HEAD");
    CHECK(s.ask("POST", "/echo/0/0/eventsource")["Allow"] == "GET");
    CHECK(s.ask("GET", "/echo/0/0/jsonp_send")["Allow"] == "POST");
    CHECK(s.ask("HEAD", "/echo/0/0/eventsource").status == 405);
    CHECK(s.ask("HEAD", "/echo/0/0/xhr").status == 405);
    for (char const* const target : {"/echo", "/echo/info", "/echo/iframe.html"}) {
        auto const r = s.ask("HEAD", target);
        CHECK(r.status == 200);
        CHECK(r.has("Content-Length"));
    }
}

TEST_CASE("what is not an opening handshake is 400") {
    sockjs_services s;
    s.echo();
    support::field_list const good{{"Upgrade", "websocket"},
                                   {"Connection", "Upgrade"},
                                   {"Sec-WebSocket-Version", "13"},
                                   {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    for (char const* const target : {"/echo/0/0/websocket", "/echo/websocket"}) {
        auto const plain = s.ask("GET", target);
        CHECK(plain.status == 400);
        CHECK(plain.body == "Not a valid websocket request");
        auto fields = good;
        fields[1].second = "close";
        auto const closing = s.ask("GET", target, fields);
        CHECK(closing.status == 400);
        CHECK(closing.body == "\"Connection\" must be \"Upgrade\".");
        fields = good;
        fields[0].second = "h2c";
        CHECK(s.ask("GET", target, fields).body == "Can \"Upgrade\" only to \"WebSocket\".");
        fields = good;
        fields[2].second = "12";
        auto const old = s.ask("GET", target, fields);
        CHECK(old.status == 400);
        CHECK(old["Sec-WebSocket-Version"] == "13");
        fields = good;
        fields.pop_back();
        CHECK(s.ask("GET", target, fields).status == 400);
    }
}

TEST_CASE("a WebSocket transport that is switched off is 404 in every form") {
    sockjs_services s;
    auto o = service_options("/off");
    o.websocket = false;
    o.raw_websocket = false;
    s.echo(o);
    support::field_list const good{{"Upgrade", "websocket"},
                                   {"Connection", "Upgrade"},
                                   {"Sec-WebSocket-Version", "13"},
                                   {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    for (char const* const target : {"/off/0/0/websocket", "/off/websocket"}) {
        CHECK(s.ask("GET", target).status == 404);
        CHECK(s.ask("GET", target, good).status == 404);
    }
    CHECK(s.ask("GET", "/off/info").body.find("\"websocket\":false") != std::string::npos);
}

TEST_CASE("the greeting over HTTP/1.0 has a length and keeps the connection if asked to") {
    sockjs_services s;
    s.echo();
    auto peer = s.peer();
    for (int i = 0; i < 2; ++i) {
        peer.send_raw("GET /echo HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
        auto const r = peer.reply();
        CHECK(r.status == 200);
        CHECK_FALSE(r.has("Transfer-Encoding"));
        CHECK(r["Content-Length"] == "19");
        CHECK(r["Connection"] == "keep-alive");
    }
    peer.send_raw("GET /echo HTTP/1.0\r\nHost: a\r\n\r\n");
    CHECK(peer.reply()["Connection"] == "close");
    CHECK(peer.ended());
}

TEST_CASE("a connection serves one request after another, in order") {
    sockjs_services s;
    s.echo();
    auto peer = s.peer();
    CHECK(peer.ask("GET", "/echo").status == 200);
    CHECK(peer.ask("GET", "/echo/info").status == 200);
    peer.send_raw(
        "GET /echo HTTP/1.1\r\nHost: a\r\n\r\nGET /echo/nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.reply().status == 200);
    CHECK(peer.reply().status == 404);
}

TEST_CASE("a POST without a length has no body and opens a session") {
    sockjs_services s;
    s.echo();
    auto peer = s.peer();
    peer.send_raw("POST /echo/0/s/xhr HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(peer.reply().body == "o\n");
}

TEST_CASE("a request behind a poll that waits is kept and answered later") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    auto peer = s.peer();
    peer.send("POST", "/echo/0/s/xhr");
    peer.send("GET", "/echo");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(peer.reply().body == "a[\"x\"]\n");
    CHECK(peer.reply().body == "Welcome to SockJS!\n");
}

TEST_CASE("a connection goes on after a streaming response") {
    sockjs_services s;
    s.echo();
    s.close();
    auto peer = s.peer();
    auto const r = peer.ask("POST", "/close/0/s/xhr_streaming");
    CHECK(r.chunks.size() == 4);
    CHECK(peer.ask("GET", "/echo").status == 200);
}

TEST_CASE("pages of other origins can read why a request is refused") {
    sockjs_services s;
    hh::sockjs::options o = support::service_options("/echo");
    o.message_limit = 1000;
    s.echo(o);
    o.prefix = "/closed";
    o.origins = {"https://app.example"};
    s.echo(o);
    auto const refused = [&](std::string const& path, std::string const& origin, int status,
                             support::field_list fields = {}, std::size_t size = 0) {
        fields.insert(fields.begin(), {"Origin", origin});
        auto const r = s.ask("POST", path, fields, std::string(size, 'x'));
        CHECK(r.status == status);
        return r;
    };
    for (std::string const transport : {"xhr_send", "xhr", "xhr_streaming"}) {
        auto const r = refused("/echo/0/s/" + transport, "https://page.example", 413, {}, 1001);
        CHECK(r["Access-Control-Allow-Origin"] == "https://page.example");
        CHECK(r["Access-Control-Allow-Credentials"] == "true");
        CHECK(r["Vary"] == "Origin");
        CHECK(r["Cache-Control"] == support::no_cache);
    }
    CHECK(refused("/echo/0/s/xhr_send", "https://a", 431,
                  {{"X", std::string(17'000, 'x')}})["Access-Control-Allow-Origin"] == "https://a");
    CHECK(refused("/echo/0/s/xhr_send", "https://a", 417,
                  {{"Expect", "more"}})["Access-Control-Allow-Origin"] == "https://a");
    CHECK(refused("/echo/0/s/eventsource", "https://a", 405)["Access-Control-Allow-Origin"] ==
          "https://a");
    CHECK_FALSE(refused("/echo/0/s/jsonp_send", "https://a", 413, {}, 1001)
                    .has("Access-Control-Allow-Origin"));
    CHECK(refused("/closed/0/s/xhr_send", "https://app.example", 413, {},
                  1001)["Access-Control-Allow-Origin"] == "https://app.example");
    CHECK_FALSE(refused("/closed/0/s/xhr_send", "https://page.example", 413, {}, 1001)
                    .has("Access-Control-Allow-Origin"));
}

TEST_CASE("a body over the limit is 413, a header over the limit 431") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.message_limit = 1000;
    s.echo(o);
    CHECK(s.post("/echo/0/s/xhr_send", std::string(1001, 'x')).status == 413);
    CHECK(s.ask("GET", "/echo", {{"X", std::string(17'000, 'x')}}).status == 431);
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    auto peer = s.peer();
    peer.send_raw(
        "POST /echo/0/s/xhr_send HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\n[\"a\r\n2\r\n\"]\r\n0\r\n\r\n");
    CHECK(peer.reply().status == 204);
    peer.send_raw(
        "POST /echo/0/s/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(peer.head().status == 100);
    peer.send_raw("[\"b\"]");
    CHECK(peer.reply().status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"a\",\"b\"]\n");
}

TEST_CASE("info is JSON, new each time, and never kept") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.jsessionid = true;
    s.echo(o);
    auto const a = s.ask("GET", "/echo/info");
    auto const b = s.ask("GET", "/echo/info");
    CHECK(a.status == 200);
    CHECK(a["Content-Type"] == "application/json; charset=UTF-8");
    CHECK(a["Cache-Control"] == support::no_cache);
    CHECK_FALSE(a.has("Expires"));
    CHECK_FALSE(a.has("Last-Modified"));
    CHECK_FALSE(a.has("Set-Cookie"));
    auto const json = nlohmann::json::parse(a.body);
    CHECK(json["cookie_needed"] == true);
    CHECK(json["entropy"] != nlohmann::json::parse(b.body)["entropy"]);
}

TEST_CASE("preflight requests may be kept for long") {
    sockjs_services s;
    s.echo();
    for (char const* const target :
         {"/echo/info", "/echo/0/0/xhr", "/echo/0/0/xhr_send", "/echo/0/0/xhr_streaming"}) {
        auto const r = s.ask("OPTIONS", target, {{"Origin", "test"}});
        CHECK(r.status == 204);
        CHECK(r["Cache-Control"] == "public, max-age=31536000");
        CHECK(r.has("Expires"));
        CHECK(r["Access-Control-Max-Age"] == "31536000");
        CHECK(r["Access-Control-Allow-Methods"] ==
              (std::string(target) == "/echo/info" ? "OPTIONS, GET" : "OPTIONS, POST"));
        CHECK(r["Access-Control-Allow-Origin"] == "test");
        CHECK(r["Access-Control-Allow-Credentials"] == "true");
        CHECK_FALSE(r.has("Content-Length"));
    }
}

TEST_CASE("an origin is echoed with credentials, without one it is any without") {
    sockjs_services s;
    s.echo();
    for (char const* const origin : {"test", "null", "https://example.org"}) {
        auto const r = s.ask("GET", "/echo/info", {{"Origin", origin}});
        CHECK(r["Access-Control-Allow-Origin"] == origin);
        CHECK(r["Access-Control-Allow-Credentials"] == "true");
        CHECK(r["Vary"] == "Origin");
    }
    auto const r = s.ask("GET", "/echo/info");
    CHECK(r["Access-Control-Allow-Origin"] == "*");
    CHECK_FALSE(r.has("Access-Control-Allow-Credentials"));
    CHECK(r["Vary"] == "Origin");
}

TEST_CASE("the fields that a browser asks for are allowed as it says") {
    sockjs_services s;
    s.echo();
    auto const asked = [&](support::field_list fields) {
        fields.emplace_back("Origin", "test");
        return s.ask("OPTIONS", "/echo/0/0/xhr", fields)["Access-Control-Allow-Headers"];
    };
    CHECK(asked({{"Access-Control-Request-Headers", "a, b, c"}}) == "a, b, c");
    CHECK(asked({{"Access-Control-Request-Headers", ""}}) == "-");
    CHECK(asked({}) == "-");
}

TEST_CASE("eventsource takes the origin null for any, script transports have no CORS") {
    sockjs_services s;
    s.close();
    auto const get = [&](std::string const& target, std::string const& origin) {
        auto peer = s.peer();
        peer.send("GET", target, {{"Origin", origin}});
        return peer.head();
    };
    CHECK(get("/close/0/1/eventsource", "null")["Access-Control-Allow-Origin"] == "*");
    CHECK(get("/close/0/2/eventsource", "test")["Access-Control-Allow-Origin"] == "test");
    CHECK_FALSE(get("/close/0/3/htmlfile?c=f", "test").has("Access-Control-Allow-Origin"));
    CHECK_FALSE(get("/close/0/4/jsonp?c=f", "test").has("Access-Control-Allow-Origin"));
}

TEST_CASE("errors of xhr_send can be read by other origins") {
    sockjs_services s;
    s.echo();
    auto const r = s.ask("POST", "/echo/0/0/xhr_send", {{"Origin", "test"}}, "[\"x");
    CHECK(r.status == 500);
    CHECK(r["Access-Control-Allow-Origin"] == "test");
    auto const unknown = s.ask("POST", "/echo/0/0/xhr_send", {{"Origin", "test"}}, "[]");
    CHECK(unknown.status == 404);
    CHECK(unknown["Access-Control-Allow-Origin"] == "test");
}

TEST_CASE("an origin of unreasonable length is refused") {
    sockjs_services s;
    s.echo();
    support::field_list const unreasonable{{"Origin", std::string(2000, 'x')}};
    CHECK(s.ask("POST", "/echo/0/0/xhr", unreasonable).status == 403);
    CHECK_FALSE(s.ask("GET", "/echo/info", unreasonable).has("Access-Control-Allow-Origin"));
}

TEST_CASE("pages of other origins may not connect when origins are named") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.origins = {"https://good.example"};
    s.echo(o);
    support::field_list const bad{{"Origin", "https://bad.example"}};
    support::field_list const good{{"Origin", "https://good.example"}};
    for (char const* const t : {"xhr", "xhr_send", "xhr_streaming"})
        CHECK(s.ask("POST", std::string("/echo/0/0/") + t, bad, "[]").status == 403);
    for (char const* const t : {"/0/0/eventsource", "/0/0/websocket", "/websocket"}) {
        auto const r = s.ask("GET", std::string("/echo") + t, bad);
        CHECK(r.status == 403);
        CHECK_FALSE(r.has("Access-Control-Allow-Origin"));
    }
    for (char const* const t : {"/0/0/jsonp?c=f", "/0/0/htmlfile?c=f", "/iframe.html"})
        CHECK(s.ask("GET", std::string("/echo") + t, good).status == 404);
    CHECK(s.ask("POST", "/echo/0/0/jsonp_send", good, "[]").status == 404);
    auto const r = s.ask("POST", "/echo/0/a/xhr", good);
    CHECK(r.body == "o\n");
    CHECK(r["Access-Control-Allow-Origin"] == "https://good.example");
    CHECK(r["Access-Control-Allow-Credentials"] == "true");
    CHECK(s.post("/echo/0/b/xhr").body == "o\n");
    CHECK_FALSE(s.ask("GET", "/echo/info").has("Access-Control-Allow-Origin"));
    auto const info = s.ask("GET", "/echo/info", bad);
    CHECK(info.status == 200);
    CHECK_FALSE(info.has("Access-Control-Allow-Origin"));
    CHECK_FALSE(info.has("Access-Control-Allow-Credentials"));
    CHECK(info["Vary"] == "Origin");
    CHECK_FALSE(s.ask("OPTIONS", "/echo/info", bad).has("Access-Control-Allow-Origin"));
}

TEST_CASE("the application can judge origins itself, or leave CORS to others") {
    sockjs_services s;
    auto o = service_options("/judged");
    o.allow_origin = [](std::string_view origin) { return origin.ends_with(".example"); };
    s.echo(o);
    auto without = service_options("/without");
    without.cors = false;
    s.echo(without);
    CHECK(s.ask("POST", "/judged/0/a/xhr", {{"Origin", "https://a.example"}}).status == 200);
    CHECK(s.ask("POST", "/judged/0/a/xhr", {{"Origin", "https://a.test"}}).status == 403);
    auto const r = s.ask("GET", "/without/info", {{"Origin", "https://a.test"}});
    CHECK(r.status == 200);
    CHECK_FALSE(r.has("Access-Control-Allow-Origin"));
    CHECK_FALSE(r.has("Vary"));
}

TEST_CASE("every session has the cookie, which keeps the value that the client has") {
    sockjs_services s;
    auto o = service_options("/cookie");
    o.jsessionid = true;
    s.add(o, [](hh::sockjs::connection c) { c.close(); });
    auto special = service_options("/special");
    special.jsessionid = true;
    special.jsessionid_attributes = "SameSite=None; Secure";
    special.jsessionid_value = [](hh::request const&) { return std::string("node-7"); };
    s.echo(special);
    s.echo("/plain");
    auto const cookie = [&](std::string method, std::string target, std::string sent = {}) {
        auto peer = s.peer();
        support::field_list fields;
        if (!sent.empty()) fields.emplace_back("Cookie", sent);
        peer.send(method, target, fields, method == "POST" ? "[]" : "");
        return peer.head()["Set-Cookie"];
    };
    int n = 0;
    for (auto const& [method, transport] : support::field_list{{"POST", "xhr"},
                                                               {"POST", "xhr_streaming"},
                                                               {"GET", "eventsource"},
                                                               {"GET", "htmlfile?c=f"},
                                                               {"GET", "jsonp?c=f"},
                                                               {"POST", "jsonp_send"},
                                                               {"POST", "xhr_send"},
                                                               {"OPTIONS", "xhr"}}) {
        std::string const target = "/cookie/0/" + std::to_string(++n) + "/" + transport;
        CHECK(cookie(method, target) == "JSESSIONID=dummy; path=/");
        CHECK(cookie(method, target, "a=b; JSESSIONID=abcdef; c=d") == "JSESSIONID=abcdef; path=/");
    }
    CHECK(cookie("POST", "/cookie/0/x/xhr", "XJSESSIONID=a") == "JSESSIONID=dummy; path=/");
    CHECK(cookie("POST", "/cookie/0/y/xhr", "JSESSIONID=a b") == "JSESSIONID=dummy; path=/");
    CHECK(cookie("POST", "/special/0/x/xhr") == "JSESSIONID=node-7; path=/; SameSite=None; Secure");
    CHECK(cookie("POST", "/plain/0/x/xhr", "JSESSIONID=a") == "-");
}

TEST_CASE("an application can ask who connects, before anything is sent") {
    sockjs_services s;
    auto& now = s.echo("/now");
    now.authorize([](hh::sockjs::handshake const& h) {
        auto const target = h.message->target();
        return std::string_view(target.data(), target.size()).ends_with("?token=7")
                   ? hh::status::ok
                   : hh::status::unauthorized;
    });
    auto& later = s.echo("/later");
    later.authorize([](hh::sockjs::handshake const& h, std::function<void(hh::status)> decide) {
        bool const good = (*h.message)[hh::field::authorization] == "Bearer 7";
        decide(good ? hh::status::ok : hh::status::forbidden);
    });
    auto& broken = s.echo("/broken");
    broken.authorize(
        [](hh::sockjs::handshake const&) -> hh::status { throw std::runtime_error("no"); });
    support::field_list const from{{"Origin", "test"}};
    auto r = s.ask("POST", "/now/0/a/xhr", from);
    CHECK(r.status == 401);
    CHECK(r["Access-Control-Allow-Origin"] == "test");
    CHECK(s.post("/now/0/a/xhr?token=7").body == "o\n");
    CHECK(s.post("/now/0/a/xhr_send", "[\"x\"]").status == 204);
    CHECK(s.post("/now/0/a/xhr").body == "a[\"x\"]\n");
    CHECK(s.post("/later/0/a/xhr").status == 403);
    CHECK(s.post("/later/0/a/xhr_streaming").status == 403);
    CHECK(s.ask("POST", "/later/0/a/xhr", {{"Authorization", "Bearer 7"}}).body == "o\n");
    CHECK(s.post("/broken/0/a/xhr").status == 500);
    CHECK(now.size() == 1);
    CHECK(later.size() == 1);
}

TEST_CASE("a stream that has begun is told within it that it may not connect") {
    sockjs_services s;
    tally asked;
    std::optional<hh::sockjs::connection> held;
    tally opened;
    auto& server = s.add(service_options("/once"), [&](hh::sockjs::connection c) {
        held = c;
        opened.add();
    });
    server.authorize([&](hh::sockjs::handshake const&) {
        asked.add();
        return asked.count() == 1 ? hh::status::ok : hh::status::unauthorized;
    });
    auto stream = s.peer();
    stream.send("POST", "/once/0/s/xhr_streaming");
    REQUIRE(opened.reaches(1));
    auto next = s.peer();
    CHECK(next.ask("GET", "/once").status == 200);
    {
        // it comes before the end of the other, as it may
        support::busy_loop const busy(held->get_executor());
        next.send("POST", "/once/0/s/xhr_streaming");
        stream.client().reset();
    }
    held.reset();
    auto const r = next.reply();
    CHECK(asked.count() == 2);
    CHECK(r.status == 200);
    REQUIRE(r.chunks.size() == 3);
    CHECK(r.chunks[0].size() == 2049);
    CHECK(r.chunks[1] == "c[1001,\"Unauthorized\"]\n");
    CHECK(server.size() == 0);
    CHECK(support::refusals(*server.counters()) == "Not authorized: 1");
    CHECK(next.ask("POST", "/once/0/s/xhr").status == 401);
}

TEST_CASE("a client that goes while the application thinks about it leaves no session") {
    sockjs_services s;
    std::optional<boost::asio::any_io_executor> loop;
    std::function<void(hh::status)> decide;
    tally opened;
    tally asked;
    auto& server = s.add(service_options("/slow"), [&](hh::sockjs::connection c) {
        loop = c.get_executor();
        opened.add();
    });
    server.authorize([&](hh::sockjs::handshake const&, std::function<void(hh::status)> d) {
        if (!loop) return d(hh::status::ok);
        decide = std::move(d);
        asked.add();
    });
    CHECK(s.post("/slow/0/first/xhr").body == "o\n");
    REQUIRE(opened.reaches(1));
    std::size_t n = 0;
    for (std::string const transport : {"xhr", "xhr_streaming", "websocket"}) {
        auto client = s.peer();
        support::field_list fields;
        if (transport == "websocket")
            fields = {{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Version", "13"},
                      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
        client.send(transport == "websocket" ? "GET" : "POST",
                    "/slow/0/" + transport + "/" + transport, fields);
        REQUIRE(asked.reaches(++n));
        support::busy_loop busy(*loop);
        client.client().reset();
        // it has seen that, and is about to handle it, when the decision comes
        busy.turn();
        busy.turn();
        decide(hh::status::ok);
    }
    CHECK(s.post("/slow/0/first/xhr_send", "[]").status == 204);
    CHECK(server.size() == 1);
    CHECK(opened.count() == 1);
}

TEST_CASE("a session can be bound to the address that opened it") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.bind_to_address = true;
    s.echo(o);
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"x\"]\n");

    in_addr_t const elsewhere = INADDR_LOOPBACK + 1;
    auto const from_elsewhere = [&](std::string const& target, std::string_view body) {
        return http_peer(s.port(), elsewhere).ask("POST", target, {}, body);
    };
    CHECK(s.post("/echo/0/s/xhr_send", "[\"y\"]").status == 204);
    CHECK(from_elsewhere("/echo/0/s/xhr_send", "[\"z\"]").status == 404);
    CHECK(from_elsewhere("/echo/0/s/xhr", "").status == 404);
    CHECK(from_elsewhere("/echo/0/s/xhr_streaming", "").status == 404);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"y\"]\n");
    CHECK(from_elsewhere("/echo/0/other/xhr", "").body == "o\n");
    CHECK(s.post("/echo/0/other/xhr_send", "[\"z\"]").status == 404);
}

TEST_CASE("a session that is not bound to an address is used from all") {
    sockjs_services s;
    s.echo("/echo");
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    http_peer elsewhere(s.port(), INADDR_LOOPBACK + 1);
    CHECK(elsewhere.ask("POST", "/echo/0/s/xhr_send", {}, "[\"x\"]").status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"x\"]\n");
}

TEST_CASE("sessions belong to one server") {
    sockjs_services s;
    s.echo("/one");
    s.echo("/two");
    CHECK(s.post("/one/0/s/xhr").body == "o\n");
    CHECK(s.post("/two/0/s/xhr_send", "[\"x\"]").status == 404);
    CHECK(s.post("/two/0/s/xhr").body == "o\n");
}

TEST_CASE("more sessions than allowed are 503") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.max_sessions = 2;
    auto& server = s.echo(o);
    CHECK(s.post("/echo/0/a/xhr").body == "o\n");
    CHECK(s.post("/echo/0/b/xhr").body == "o\n");
    CHECK(s.ask("POST", "/echo/0/c/xhr", {{"Origin", "x"}})["Access-Control-Allow-Origin"] == "x");
    CHECK(s.post("/echo/0/c/xhr").status == 503);
    CHECK(s.post("/echo/0/c/xhr_streaming").status == 503);
    CHECK(s.post("/echo/0/a/xhr_send", "[\"x\"]").status == 204);
    CHECK(server.size() == 2);
}

TEST_CASE("a server that is drained says goodbye to all and takes nobody") {
    sockjs_services s;
    auto& server = s.echo();
    auto stream = s.peer();
    stream.send("POST", "/echo/0/a/xhr_streaming");
    CHECK(stream.head().status == 200);
    CHECK(stream.chunk().size() == 2049);
    CHECK(stream.chunk() == "o\n");
    CHECK(s.post("/echo/0/b/xhr").body == "o\n");
    auto poll = s.peer();
    poll.send("POST", "/echo/0/b/xhr");
    CHECK(s.post("/echo/0/c/xhr").body == "o\n");
    CHECK(server.size() == 3);
    server.drain();
    CHECK(stream.chunk() == "c[3000,\"Go away!\"]\n");
    CHECK(stream.chunk() == "");
    CHECK(poll.reply().body == "c[3000,\"Go away!\"]\n");
    CHECK(s.post("/echo/0/d/xhr").status == 503);
    auto const report = s.drain(5s);
    CHECK(report.connections == 0);
    CHECK(server.size() == 0);
}

TEST_CASE("options that cannot be meant are refused") {
    boost::asio::io_context context;
    auto const refused = [&](hh::sockjs::options o) {
        CHECK_THROWS_AS(hh::sockjs::server(context.get_executor(), std::move(o)),
                        std::invalid_argument);
    };
    refused(service_options("echo"));
    refused(service_options("/echo/"));
    auto o = service_options("/echo");
    o.jsessionid = true;
    o.jsessionid_attributes = "a\r\nX: y";
    refused(o);
}

TEST_CASE("options of SockJS that have no effect with others are refused") {
    boost::asio::io_context context;
    using options = hh::sockjs::options;
    auto const check = [&](std::function<void(options&)> const& set,
                           std::function<void(options&)> const& mend) {
        options o = service_options("/echo");
        set(o);
        CHECK_THROWS_AS(hh::sockjs::server(context.get_executor(), o), std::invalid_argument);
        mend(o);
        CHECK_NOTHROW(hh::sockjs::server(context.get_executor(), o));
    };
    auto const with_cookie = [](options& o) { o.jsessionid = true; };
    check([](options& o) { o.jsessionid_attributes = "Secure"; }, with_cookie);
    check([](options& o) { o.jsessionid_value = [](hh::request const&) { return "x"; }; },
          with_cookie);
    check(
        [](options& o) {
            o.origins = {"https://a.example"};
            o.allow_origin = [](std::string_view) { return true; };
        },
        [](options& o) { o.origins.clear(); });
    check(
        [](options& o) {
            o.heartbeat_delay = 0ms;
            o.messages_delay_heartbeat = true;
        },
        [](options& o) { o.heartbeat_delay = 1s; });
    check(
        [](options& o) {
            o.websocket = false;
            o.websocket_heartbeat_frames = true;
        },
        [](options& o) { o.websocket = true; });
    check(
        [](options& o) {
            o.raw_websocket = false;
            o.raw_websocket_pings = true;
        },
        [](options& o) { o.raw_websocket = true; });
}

TEST_CASE("long names and targets do no harm") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/" + repeat("a", 100) + "/" + repeat("b", 1000) + "/xhr").body == "o\n");
    CHECK(s.ask("GET", "/echo/" + repeat("/", 2000)).status == 404);
}

TEST_CASE("replies with 204 and 304 have no length") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    auto const sent = s.post("/echo/0/s/xhr_send", "[]");
    CHECK(sent.status == 204);
    CHECK(sent.has("Content-Type"));
    CHECK_FALSE(sent.has("Content-Length"));
    CHECK_FALSE(s.ask("OPTIONS", "/echo/0/s/xhr").has("Content-Length"));
    auto const page = s.ask("GET", "/echo/iframe.html", {{"If-None-Match", "*"}});
    CHECK(page.status == 304);
    CHECK_FALSE(page.has("Content-Length"));
}

TEST_CASE("streams are to pass proxies unbuffered, and are not compressed") {
    sockjs_services s;
    s.close();
    for (auto const& [method, transport] : support::field_list{
             {"POST", "xhr_streaming"}, {"GET", "eventsource"}, {"GET", "htmlfile?c=f"}}) {
        auto const r =
            s.ask(method, "/close/0/s/" + transport, {{"Accept-Encoding", "gzip, deflate, br"}});
        CHECK(r["X-Accel-Buffering"] == "no");
        CHECK_FALSE(r.has("Content-Encoding"));
    }
}

TEST_CASE("ten thousand idle sessions are held, and end together") {
    sockjs_services s;
    auto o = service_options("/idle");
    o.disconnect_delay = 10min;
    auto& server = s.echo(o);
    auto peer = s.peer();
    std::size_t opened = 0;
    for (int i = 0; i < 10'000; ++i) {
        peer.send("POST", "/idle/0/s" + std::to_string(i) + "/xhr");
        if (peer.reply().body == "o\n") ++opened;
    }
    CHECK(opened == 10'000);
    CHECK(server.size() == 10'000);
    CHECK(s.post("/idle/0/s9999/xhr_send", "[\"x\"]").status == 204);
    CHECK(s.post("/idle/0/s9999/xhr").body == "a[\"x\"]\n");
    server.drain();
    for (int i = 0; i < 100'000 && server.size() > 0; ++i) peer.ask("GET", "/idle");
    CHECK(server.size() == 0);
}

TEST_CASE("no session outlives its timers") {
    sockjs_services s;
    auto o = service_options("/short");
    o.disconnect_delay = 50ms;
    tally closed;
    auto& server = s.add(o, [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code, std::string_view) { closed.add(); });
    });
    for (int i = 0; i < 200; ++i) s.post("/short/0/s" + std::to_string(i) + "/xhr");
    CHECK(closed.reaches(200));
    for (int i = 0; i < 100'000 && server.size() > 0; ++i) s.ask("GET", "/short");
    CHECK(server.size() == 0);
    CHECK(closed.count() == 200);
}

TEST_CASE("a thousand aborted streams leave no descriptor and no session") {
    auto const descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    sockjs_services s;
    tally opened;
    tally closed;
    auto& server = s.add(service_options("/aborted"), [&](hh::sockjs::connection c) {
        c.on_close([&](hh::sockjs::close_code, std::string_view) { closed.add(); });
        opened.add();
    });
    CHECK(s.ask("GET", "/aborted").status == 200);
    auto const before = descriptors();
    for (int i = 0; i < 1000; ++i) {
        auto stream = s.peer();
        stream.send("POST", "/aborted/0/s" + std::to_string(i) + "/xhr_streaming");
        CHECK(stream.head().status == 200);
        if (i % 4 < 2) {  // the others go before there is a session, perhaps
            CHECK(stream.chunk().size() == 2049);
            CHECK(stream.chunk() == "o\n");
        }
        if (i % 2) stream.client().reset();
    }
    auto after = descriptors();
    for (int i = 0; i < 10'000 && (after > before || server.size() > 0); ++i) {
        s.ask("GET", "/aborted");
        after = descriptors();
    }
    CHECK(after <= before);
    CHECK(server.size() == 0);
    CHECK(opened.count() >= 500);
    CHECK(closed.reaches(opened.count()));
    CHECK(closed.count() == opened.count());
}

TEST_CASE("what one turn sends shuts no client out, over every transport") {
    sockjs_services s;
    auto o = support::service_options("/much");
    o.queue_bytes = 1000;
    o.queue_messages = 10;
    s.add(o, [](hh::sockjs::connection c) {
        auto much = [c]() mutable {
            for (int i = 0; i < 1'100; ++i) c.send("small");
            for (int i = 0; i < 3; ++i) c.send(std::string(1'100'000, 'x'));
        };
        much();
        c.on_message([much](std::string_view) mutable { much(); });
    });
    std::string const all = [] {
        std::string text;
        for (int i = 0; i < 1'100; ++i) text += "\"small\",";
        for (int i = 0; i < 3; ++i) text += '"' + std::string(1'100'000, 'x') + "\",";
        text.pop_back();
        return text;
    }();
    /// The messages of some frames, without how they are framed.
    auto const messages = [](std::string_view frames) {
        std::string text;
        while (!frames.empty()) {
            std::size_t const end = frames.find('\n');
            if (frames.starts_with("a[")) {
                if (!text.empty()) text += ',';
                text += frames.substr(2, end - 3);
            }
            frames.remove_prefix(end + 1);
        }
        return text;
    };
    SECTION("polling") {
        CHECK(s.post("/much/0/a/xhr").body == "o\n");
        for (int round = 0; round < 2; ++round) {
            std::string got;
            while (messages(got).size() < all.size()) {
                auto const r = s.post("/much/0/a/xhr");
                REQUIRE(r.status == 200);
                REQUIRE(r.body.starts_with("a["));
                got += r.body;
            }
            CHECK((messages(got) == all));
            if (round > 0) break;
            auto poll = s.peer();
            poll.send("POST", "/much/0/a/xhr");
            CHECK(s.post("/much/0/a/xhr_send", "[\"x\"]").status == 204);
            got = poll.reply().body;
            CHECK(got.starts_with("a["));
            while (messages(got).size() < all.size()) {
                auto const r = s.post("/much/0/a/xhr");
                REQUIRE(r.body.starts_with("a["));
                got += r.body;
            }
            CHECK((messages(got) == all));
            CHECK(s.post("/much/0/a/xhr_send", "[\"x\"]").status == 204);
        }
    }
    SECTION("streaming") {
        std::string got;
        while (messages(got).size() < all.size()) {
            auto const r = s.post("/much/0/a/xhr_streaming");
            REQUIRE(r.status == 200);
            got += r.body.substr(2049);
        }
        CHECK((messages(got) == all));
    }
    SECTION("WebSocket") {
        support::websocket_peer ws(s.port(), "/much/0/a/websocket");
        CHECK(ws.text() == "o");
        std::string got;
        while (messages(got).size() < all.size()) {
            std::string const frame = ws.text();
            REQUIRE(frame.starts_with("a["));
            got += frame + '\n';
        }
        CHECK((messages(got) == all));
    }
}

TEST_CASE("what a client sent before it went is handed on when the application wants it") {
    sockjs_services s;
    std::mutex mutex;
    std::optional<hh::sockjs::connection> paused;
    support::tally opened;
    auto& server = s.add(support::service_options("/slow"), [&](hh::sockjs::connection c) {
        c.pause();
        c.on_message([&, c](std::string_view m) mutable {
            s.note(m);
            if (m == "pause") c.pause();
            if (m == "throw") throw std::runtime_error("no");
        });
        c.on_close([&](hh::sockjs::close_code code, std::string_view) {
            s.note(std::to_string(static_cast<int>(code)));
        });
        std::lock_guard const lock(mutex);
        paused = c;
        opened.add();
    });
    server.on_error([](std::exception_ptr) {});
    std::optional<support::http_peer> stream(s.peer());
    stream->send("POST", "/slow/0/a/xhr_streaming");
    REQUIRE(opened.reaches(1));
    auto sender = s.peer();
    auto const send_and_leave = [&](std::string_view messages) {
        sender.send("POST", "/slow/0/a/xhr_send", {}, messages);
        // on the same thread, and behind it
        CHECK(s.post("/slow/0/other/xhr_send", "[]").status == 404);
        stream.reset();
        CHECK(sender.reply().status == 204);
        CHECK(support::eventually([&] { return server.size() == 0; }));
        CHECK(s.note_count() == 0);
        CHECK_FALSE(paused->is_open());
        CHECK_FALSE(paused->send("x"));
    };
    SECTION("in order, then its end") {
        send_and_leave("[\"1\",\"pause\",\"3\"]");
        paused->resume();
        CHECK(s.next_note() == "1");
        CHECK(s.next_note() == "pause");
        paused->resume();
        CHECK(s.next_note() == "3");
        CHECK(s.next_note() == "1002");
    }
    SECTION("unless it closes the connection") {
        send_and_leave("[\"1\",\"2\"]");
        CHECK_FALSE(paused->close());
        CHECK(s.next_note() == "1002");
        paused->resume();
    }
    SECTION("unless a handler throws") {
        send_and_leave("[\"throw\",\"2\"]");
        paused->resume();
        CHECK(s.next_note() == "throw");
        CHECK(s.next_note() == "1002");
    }
    CHECK(s.post("/slow/0/a/xhr_send", "[]").status == 404);
    CHECK(s.note_count() == 0);
    paused.reset();
}

TEST_CASE("sessions, what waits for clients, and what is dropped or refused are counted") {
    sockjs_services s;
    auto o = support::service_options("/flood");
    o.queue_bytes = 1000;
    o.overflow = hh::sockjs::overflow_policy::drop;
    o.max_sessions = 2;
    o.disconnect_delay = 2s;
    auto& server = s.add(o, [](hh::sockjs::connection c) {
        c.on_message([c](std::string_view) mutable {
            c.send(std::string(600, 'x'));
            boost::asio::post(c.get_executor(), [c]() mutable {
                for (int i = 0; i < 3; ++i) c.send(std::string(600, 'x'));
            });
        });
    });
    auto const counted = server.counters();
    CHECK(s.post("/flood/000/a/xhr").body == "o\n");
    CHECK(s.post("/flood/000/b/xhr").body == "o\n");
    CHECK(counted->sessions() == 2);
    CHECK(s.post("/flood/000/c/xhr").status == 503);
    CHECK(s.post("/flood/000/c/xhr_send", "[\"x\"]").status == 404);
    CHECK(s.post("/flood/000/a/xhr_send", "[\"x").status == 500);
    CHECK(s.ask("GET", "/flood/000/d/websocket").status == 400);
    CHECK(support::refusals(*counted) ==
          "Broken messages: 1; Not a WebSocket handshake: 1; Too many sessions: 1; "
          "Unknown session: 1");
    CHECK(s.post("/flood/000/a/xhr_send", "[\"x\"]").status == 204);
    CHECK(support::eventually([&] { return counted->dropped() == 2; }));
    CHECK(counted->waiting_bytes() > 1200);
    CHECK(s.post("/flood/000/a/xhr").body.size() > 1200);
    CHECK(support::eventually([&] { return counted->waiting_bytes() == 0; }));
    CHECK(support::eventually([&] { return counted->sessions() == 0; }));
    CHECK(counted->opened() == 2);
}
