// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The SockJS services of the conformance server, from outside.
*/

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interop/running_server.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/http_peer.hpp"
#include "support/websocket_peer.hpp"

using namespace conformance;
using support::field_list;
using support::http_peer;
using support::http_reply;
using support::websocket_peer;

namespace {

/// The conformance server, and who asks it.
class services {
public:
    explicit services(std::initializer_list<std::string> options = {})
        : server_(nullptr, options) {}

    std::uint16_t port() const { return server_.port(); }
    http_reply ask(std::string_view method, std::string_view target, field_list const& fields = {},
                   std::string_view body = {}) const {
        return http_peer(port()).ask(method, target, fields, body);
    }
    http_reply post(std::string_view target, std::string_view body = {}) const {
        return ask("POST", target, {}, body);
    }
    json info(std::string const& prefix) const {
        return json::parse(ask("GET", prefix + "/info").body);
    }
    process& running() { return server_.running(); }

private:
    server server_;
};

/// The first message of a frame.
std::string first_message(std::string const& frame) {
    REQUIRE(frame.starts_with("a["));
    return json::parse(frame.substr(1)).at(0);
}

constexpr char seed_request[] =
    R"({"method":"GET","url":"/hook","headers":{"Content-Type":"application/json"},)"
    R"("content":"{\"message\":\"Hello World\"}"})";

}  // namespace

TEST_CASE("each service of SockJS greets and says what it has") {
    services s;
    for (char const* const prefix : {"/echo", "/disabled_websocket_echo", "/cookie_needed_echo",
                                     "/close", "/ticker", "/amplify", "/broadcast", "/hooks"}) {
        CHECK(s.ask("GET", prefix).body == "Welcome to SockJS!\n");
        json const info = s.info(prefix);
        CHECK(info.at("websocket") == (prefix != std::string_view("/disabled_websocket_echo")));
        CHECK(info.at("cookie_needed") == (prefix == std::string_view("/cookie_needed_echo")));
    }
}

TEST_CASE("the echo service echoes, and its streams end after 4096 bytes") {
    services s;
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr_send", R"(["a","b"])").status == 204);
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"a\",\"b\"]\n");
    std::string const message(4096, 'x');
    CHECK(s.post("/echo/0/s/xhr_send", "[\"" + message + "\"]").status == 204);
    auto const r = s.post("/echo/0/s/xhr_streaming");
    CHECK(r.chunks.size() == 3);
    CHECK(r.body.ends_with("\na[\"" + message + "\"]\n"));

    websocket_peer framed(s.port(), "/echo/0/s/websocket");
    CHECK(framed.text() == "o");
    framed.send(R"(["c"])");
    CHECK(framed.text() == R"(a["c"])");
    websocket_peer raw(s.port(), "/echo/websocket");
    raw.send("d");
    CHECK(raw.text() == "d");
}

TEST_CASE("the services without WebSocket and with the cookie echo over the rest") {
    services s;
    CHECK(websocket_peer(s.port(), "/disabled_websocket_echo/0/s/websocket").reply().status == 404);
    CHECK(websocket_peer(s.port(), "/disabled_websocket_echo/websocket").reply().status == 404);
    for (char const* const prefix : {"/disabled_websocket_echo", "/cookie_needed_echo"}) {
        std::string const session = std::string(prefix) + "/0/s";
        auto const opened = s.post(session + "/xhr");
        CHECK(opened.body == "o\n");
        CHECK(
            opened["Set-Cookie"] ==
            (prefix == std::string_view("/cookie_needed_echo") ? "JSESSIONID=dummy; path=/" : "-"));
        CHECK(s.post(session + "/xhr_send", R"(["a"])").status == 204);
        CHECK(s.post(session + "/xhr").body == "a[\"a\"]\n");
    }
}

TEST_CASE("the close service closes with 3000") {
    services s;
    CHECK(s.post("/close/0/s/xhr").body == "o\n");
    CHECK(s.post("/close/0/s/xhr").body == "c[3000,\"Go away!\"]\n");
    websocket_peer ws(s.port(), "/close/websocket");
    auto const f = ws.frame();
    CHECK(f.close_code() == 3000);
    CHECK(f.close_reason() == "Go away!");
}

TEST_CASE("the ticker service ticks until its client goes") {
    services s;
    websocket_peer ws(s.port(), "/ticker/0/s/websocket");
    CHECK(ws.text() == "o");
    CHECK(ws.text() == "a[\"tick!\"]");
    CHECK(ws.text() == "a[\"tick!\"]");
    ws.send_close(1000);
    CHECK(ws.frame().op == 8);
    CHECK(ws.ended());
}

TEST_CASE("the amplify service sends two to the power of what it gets") {
    services s;
    websocket_peer ws(s.port(), "/amplify/0/s/websocket");
    CHECK(ws.text() == "o");
    for (auto const& [message, size] : std::vector<std::pair<std::string, std::size_t>>{
             {"1", 2}, {"2.9", 4}, {"18", 262'144}, {"0", 2}, {"19", 2}, {"-3", 2}, {"x", 2}}) {
        ws.send("[\"" + message + "\"]");
        CHECK(first_message(ws.text()) == std::string(size, 'x'));
    }
    for (std::string const none : {"5x", "5 6", ""}) {
        ws.send("[\"" + none + "\"]");
        CHECK(first_message(ws.text()) == "xx");
    }
}

TEST_CASE("the broadcast service sends to all its sessions, of every transport") {
    services s({"--threads", "2"});
    websocket_peer one(s.port(), "/broadcast/0/s/websocket");
    websocket_peer two(s.port(), "/broadcast/websocket");
    http_peer stream(s.port());
    stream.send("POST", "/broadcast/0/t/xhr_streaming");
    CHECK(stream.head().status == 200);
    CHECK(stream.chunk().size() == 2049);
    CHECK(stream.chunk() == "o\n");
    CHECK(one.text() == "o");
    CHECK(two.reply().status == 101);
    one.send(R"(["all"])");
    CHECK(one.text() == R"(a["all"])");
    CHECK(two.text() == "all");
    CHECK(stream.chunk() == "a[\"all\"]\n");
}

TEST_CASE("a hook on every path welcomes a request that comes over SockJS") {
    services s;
    std::string const sent = json::array({seed_request}).dump();
    std::string const expected = "Welcome to '/hook'... Hello world! :)";
    auto const check = [&](std::string const& frame) {
        json const reply = json::parse(first_message(frame));
        CHECK(reply.at("statusCode") == 200);
        CHECK(reply.at("headers").at("Content-Type") == "text/html");
        CHECK(reply.at("content") == expected);
    };

    websocket_peer framed(s.port(), "/hooks/0/s/websocket");
    CHECK(framed.text() == "o");
    framed.send(sent);
    check(framed.text());

    websocket_peer raw(s.port(), "/hooks/websocket");
    raw.send(seed_request);
    CHECK(json::parse(raw.text()).at("content") == expected);

    CHECK(s.post("/hooks/0/s/xhr").body == "o\n");
    CHECK(s.post("/hooks/0/s/xhr_send", sent).status == 204);
    check(s.post("/hooks/0/s/xhr").body);

    CHECK(s.post("/hooks/0/s/xhr_send", sent).status == 204);
    http_peer events(s.port());
    events.send("GET", "/hooks/0/s/eventsource");
    CHECK(events.head().status == 200);
    CHECK(events.chunk() == "\r\n");
    std::string event = events.chunk();
    REQUIRE(event.starts_with("data: "));
    check(event.substr(6, event.size() - 10));

    CHECK(s.ask("GET", "/hook").body == expected);
}

TEST_CASE("options set the delays, the iframe's script and the origins") {
    services s({"--heartbeat-ms", "50", "--disconnect-ms", "1000", "--sockjs-client-url",
                "https://cdn.example/sockjs.js", "--cors", "https://good.example"});
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.post("/echo/0/s/xhr").body == "h\n");
    http_peer sender(s.port());
    auto const begin = std::chrono::steady_clock::now();
    CHECK(support::eventually(
        [&] { return sender.ask("POST", "/echo/0/s/xhr_send", {}, "[]").status == 404; }));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(4));  // 5 by default
    support::field_list const bad{{"Origin", "https://bad.example"}};
    CHECK(s.ask("POST", "/echo/0/a/xhr", bad).status == 403);
    CHECK(s.ask("GET", "/echo/info", bad).status == 200);
    CHECK_FALSE(s.ask("GET", "/echo/info", bad).has("Access-Control-Allow-Origin"));
    CHECK(s.ask("GET", "/echo/info",
                {{"Origin", "https://good.example"}})["Access-Control-Allow-Origin"] ==
          "https://good.example");
    CHECK(s.ask("GET", "/echo/iframe.html").status == 404);

    services any({"--sockjs-client-url", "https://cdn.example/sockjs.js"});
    CHECK(any.ask("GET", "/echo/iframe.html").body.find("src=\"https://cdn.example/sockjs.js\"") !=
          std::string::npos);
}

TEST_CASE("SIGTERM says goodbye to the clients of SockJS, and exits with 0") {
    services s({"--threads", "2"});
    websocket_peer ws(s.port(), "/echo/0/s/websocket");
    CHECK(ws.text() == "o");
    http_peer stream(s.port());
    stream.send("POST", "/echo/0/t/xhr_streaming");
    CHECK(stream.head().status == 200);
    CHECK(stream.chunk().size() == 2049);
    CHECK(stream.chunk() == "o\n");
    s.running().terminate();
    CHECK(ws.text() == "c[3000,\"Go away!\"]");
    CHECK(ws.frame().op == 8);
    ws.send_close(1000);
    CHECK(stream.chunk() == "c[3000,\"Go away!\"]\n");
    CHECK(stream.chunk().empty());
    CHECK(s.running().wait() == 0);
}
