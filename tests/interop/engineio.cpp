// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The Engine.IO service of the conformance server, from outside.
*/

#include <initializer_list>
#include <string>
#include <string_view>

#include "interop/running_server.hpp"
#include "support/catch.hpp"
#include "support/http_peer.hpp"
#include "support/websocket_peer.hpp"

using support::field_list;
using support::http_peer;
using support::http_reply;
using support::websocket_peer;

namespace {

/// The conformance server, and who asks it.
class service {
public:
    explicit service(std::initializer_list<std::string> options = {}) : server_(nullptr, options) {}

    std::uint16_t port() const { return server_.port(); }
    http_reply ask(std::string_view method, std::string const& query, field_list const& fields = {},
                   std::string_view body = {}) const {
        return http_peer(port()).ask(method, "/engine.io/" + query, fields, body);
    }
    http_reply open(field_list const& fields = {}) const {
        return ask("GET", "?EIO=4&transport=polling", fields);
    }
    websocket_peer socket(field_list const& fields = {}) const {
        return websocket_peer(port(), "/engine.io/?EIO=4&transport=websocket", fields);
    }

private:
    conformance::server server_;
};

/// The query of a session's requests.
std::string of_session(http_reply const& opened) {
    std::size_t const at = opened.body.find("\"sid\":\"");
    REQUIRE(at != std::string::npos);
    return "?EIO=4&transport=polling&sid=" + opened.body.substr(at + 7, 20);
}

}  // namespace

TEST_CASE("the Engine.IO service echoes texts and bytes, over polling and WebSocket") {
    service s({"--ping-interval-ms", "25000"});
    std::string const session = of_session(s.open());
    CHECK(s.ask("POST", session, {},
                "4hello\x1e"
                "bAQID")
              .body == "ok");
    CHECK(s.ask("GET", session).body ==
          "4hello\x1e"
          "bAQID");
    auto w = s.socket();
    CHECK(w.text().starts_with("0{"));
    w.send("4hello");
    CHECK(w.text() == "4hello");
    w.send("bytes", 2);
    CHECK(w.frame().op == 2);
}

TEST_CASE("the Engine.IO service takes both revisions where they are said, and no other") {
    service s;
    CHECK(s.ask("GET", "?EIO=3&transport=polling").status == 200);
    for (char const* const eio : {"", "&EIO=2", "&EIO=5", "&EIO=abc"}) {
        auto const r = s.ask("GET", std::string("?transport=polling") + eio);
        CHECK(r.status == 400);
        CHECK(r.body == R"({"code":5,"message":"Unsupported protocol version"})");
    }
}

TEST_CASE("the Engine.IO service has the delays of the command line") {
    service s;
    CHECK(s.open().body.find(R"("pingInterval":300,"pingTimeout":200,"maxPayload":1000000)") !=
          std::string::npos);
    auto w = s.socket();
    w.text();
    CHECK(w.text() == "2");
    CHECK(w.frame().op == 8);
}

TEST_CASE("the Engine.IO service refuses who asks for it") {
    service s;
    auto const r = s.open({{"x-deny", "1"}});
    CHECK(r.status == 403);
    CHECK(r.body == R"({"code":4,"message":"denied by test"})");
    auto w = s.socket({{"x-deny", "1"}});
    CHECK(w.reply().status == 400);
    CHECK(w.peer().bytes(14) == "denied by test");
}

TEST_CASE("the Engine.IO service has a cookie and a limit when it is told so") {
    service s({"--cookie", "--max-payload", "100"});
    auto const opened = s.open();
    CHECK(opened["Set-Cookie"].starts_with("io="));
    CHECK(opened["Set-Cookie"].ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    CHECK(s.ask("POST", of_session(opened), {}, std::string(101, '4')).status == 413);
    CHECK_FALSE(service().open().has("Set-Cookie"));
}

TEST_CASE("the Engine.IO service names the origins that it is told") {
    field_list const origin{{"Origin", "https://a.example"}};
    {
        service s;
        CHECK_FALSE(s.open(origin).has("Access-Control-Allow-Origin"));
        CHECK(s.socket(origin).reply().status == 101);
    }
    {
        service s({"--cors", "https://a.example", "--cors", "https://b.example"});
        auto const r = s.open(origin);
        CHECK(r["Access-Control-Allow-Origin"] == "https://a.example");
        CHECK(r["Access-Control-Allow-Credentials"] == "true");
        CHECK(r["Vary"] == "Origin");
        CHECK(s.ask("GET", "?transport=x", origin)["Access-Control-Allow-Origin"] ==
              "https://a.example");
        auto const foreign = s.open({{"Origin", "https://c.example"}});
        CHECK(foreign.status == 200);
        CHECK_FALSE(foreign.has("Access-Control-Allow-Origin"));
        CHECK(s.socket({{"Origin", "https://c.example"}}).reply().status == 403);
        CHECK(s.socket(origin).reply().status == 101);
    }
    service s({"--cors", "*"});
    CHECK(s.open(origin)["Access-Control-Allow-Origin"] == "*");
    CHECK(s.socket(origin).reply().status == 101);
}
