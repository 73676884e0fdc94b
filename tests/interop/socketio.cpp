// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The Socket.IO applications of the conformance server, and hooks over them, from outside.
*/

#include <nlohmann/json.hpp>

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "interop/running_server.hpp"
#include "support/catch.hpp"
#include "support/http_peer.hpp"
#include "support/websocket_peer.hpp"

using namespace conformance;
using support::field_list;
using support::http_peer;
using support::http_reply;
using support::websocket_frame;
using support::websocket_peer;

namespace {

/// A client over WebSocket, in the main namespace.
class namespace_client {
public:
    explicit namespace_client(std::uint16_t port, field_list const& fields = {})
        : peer_(port, "/socket.io/?EIO=4&transport=websocket", fields) {
        REQUIRE(peer_.reply().status == 101);
        REQUIRE(peer_.text().starts_with("0{"));
        peer_.send("40");
        REQUIRE(peer_.text().starts_with("40{"));
    }

    void send(std::string_view packet, int op = 1) { peer_.send(packet, op); }
    void request(std::size_t id, json const& what) {
        peer_.send("42" + std::to_string(id) + json::array({"request", what}).dump());
    }
    /// The next packet; pings are passed over.
    websocket_frame packet() {
        for (;;) {
            websocket_frame f = peer_.frame();
            if (f.op != 1 || f.payload != "2") return f;
            peer_.send("3");
        }
    }
    /// What the next packet acknowledges, and with what.
    std::pair<std::size_t, json> answer() {
        std::string const text = packet().payload;
        REQUIRE(text.starts_with("43"));
        std::size_t const at = text.find('[');
        REQUIRE(at != text.npos);
        return {std::stoul(text.substr(2)), json::parse(text.substr(at)).at(0)};
    }
    json ask(json const& what) {
        request(0, what);
        return answer().second;
    }

private:
    websocket_peer peer_;
};

json responder(json more) {
    json h{{"verb", "*"}, {"pattern", "/*"}, {"type", "responder"}, {"do", "respond"}};
    h.update(std::move(more));
    return h;
}

std::string const calm = "60000";

}  // namespace

TEST_CASE("a hook on every path answers the event request with an acknowledgement") {
    server s(nullptr, {"--ping-interval-ms", calm});
    namespace_client c(s.port());
    CHECK(c.packet().payload == "42[\"auth\",{}]");
    json const reply = c.ask({{"method", "GET"},
                              {"url", "/hook"},
                              {"headers", {{"Content-Type", "application/json"}}},
                              {"content", "{\"message\":\"Hello World\"}"}});
    CHECK(reply.at("statusCode") == 200);
    CHECK(reply.at("headers").at("Content-Type") == "text/html");
    CHECK(reply.at("headers").at("Content-Length") == "37");
    CHECK(reply.at("content") == "Welcome to '/hook'... Hello world! :)");
}

TEST_CASE("a hook sees a request that comes over Socket.IO") {
    server s(json::array({responder({{"pattern", "/a/:x"}, {"do", "echo"}})}),
             {"--app", "full", "--ping-interval-ms", calm});
    namespace_client c(s.port(), {{"X-From", "handshake"}});
    json const reply = c.ask({{"method", "post"},
                              {"url", "/a/b?q=1"},
                              {"headers", {{"X-A", "1"}, {"Host", "fake"}, {"X-HttpHooks-A", "1"}}},
                              {"content", {{"n", 1}}}});
    CHECK(reply.at("statusCode") == 200);
    json const seen = json::parse(reply.at("content").get<std::string>());
    CHECK(seen.at("method") == "POST");
    CHECK(seen.at("path") == "/a/b");
    CHECK(seen.at("params") == json({{"x", "b"}}));
    CHECK(seen.at("query") == json({{"q", "1"}}));
    CHECK(seen.at("headers").at("x-a") == "1");
    CHECK(seen.at("headers").at("content-type") == "application/json");
    CHECK_FALSE(seen.at("headers").contains("host"));
    CHECK_FALSE(seen.at("headers").contains("x-httphooks-a"));
    CHECK(seen.at("content") == "{\"n\":1}");
    CHECK(seen.at("transport") == "socketio");
}

TEST_CASE("requests over Socket.IO overlap, each with its own acknowledgement") {
    json script = json::array();
    for (int const delay : {120, 0, 60, 30, 90})
        script.push_back(responder({{"pattern", "/" + std::to_string(delay) + "/:n"},
                                    {"content", "${n}"},
                                    {"delay_ms", delay}}));
    server s(script, {"--app", "full", "--ping-interval-ms", calm});
    namespace_client c(s.port());
    std::size_t id = 0;
    for (int round = 0; round < 8; ++round)
        for (auto const& h : script) {
            std::string url = h.at("pattern");
            url.replace(url.find(":n"), 2, std::to_string(id));
            c.request(id++, {{"method", "GET"}, {"url", url}});
        }
    std::map<std::size_t, std::string> got;
    for (std::size_t i = 0; i < id; ++i) {
        auto const [which, reply] = c.answer();
        got[which] = reply.at("content");
    }
    CHECK(got.size() == id);
    for (auto const& [which, content] : got) CHECK(content == std::to_string(which));
}

TEST_CASE("what is no request is acknowledged with 400, and the socket goes on") {
    server s(nullptr, {"--app", "full", "--ping-interval-ms", calm});
    namespace_client c(s.port());
    for (char const* const bad :
         {"", ",1", ",null", ",{}", ",[]", R"(,{"method":"GET"})", R"(,{"url":"/"})",
          R"(,{"method":"GET","url":"x"})", R"(,{"method":1,"url":"/"})",
          R"(,{"method":"GET","url":"/","headers":{"a":{}}})"}) {
        c.send("427[\"request\"" + std::string(bad) + "]");
        auto const [id, reply] = c.answer();
        CHECK(id == 7);
        CHECK(reply.at("statusCode") == 400);
    }
    CHECK(c.ask({{"method", "BREW"}, {"url", "/"}}).at("statusCode") == 501);
    CHECK(c.ask({{"method", "GET"}, {"url", "/"}}).at("statusCode") == 200);
    c.send(R"(42["request",{"method":"GET","url":"/"}])");
    c.send(R"(42["request",7])");
    c.send(R"(428["echo","no answer came before this one"])");
    CHECK(c.packet().payload == R"(438["no answer came before this one"])");
}

TEST_CASE("bytes of requests and replies over Socket.IO are attachments") {
    temporary_folder www;
    std::string const bytes("\xff\x00\xfe", 3);
    www.write("bytes.bin", bytes);
    server s(json::array({responder({{"do", "echo"}})}),
             {"--app", "full", "--ping-interval-ms", calm, "--www", www.path().string()});
    namespace_client c(s.port());

    c.request(3, {{"method", "GET"}, {"url", "/bytes.bin"}});
    websocket_frame const head = c.packet();
    REQUIRE(head.payload.starts_with("461-3["));
    json const reply = json::parse(head.payload.substr(5)).at(0);
    CHECK(reply.at("statusCode") == 200);
    CHECK(reply.at("headers").at("Content-Length") == "3");
    CHECK(reply.at("content") == json({{"_placeholder", true}, {"num", 0}}));
    websocket_frame const attachment = c.packet();
    CHECK(attachment.op == 2);
    CHECK(attachment.payload == bytes);

    c.send(
        R"(451-4["request",{"method":"POST","url":"/x","content":{"_placeholder":true,"num":0}}])");
    c.send("hello", 2);
    auto const [id, seen] = c.answer();
    CHECK(id == 4);
    CHECK(json::parse(seen.at("content").get<std::string>()).at("content") == "hello");
}

TEST_CASE("the Socket.IO service has the limits of the command line") {
    server s(nullptr, {"--ping-interval-ms", calm, "--connect-timeout-ms", "1000", "--max-payload",
                       "500", "--cookie"});
    websocket_peer idle(s.port(), "/socket.io/?EIO=4&transport=websocket");
    std::string const greeting = idle.text();
    CHECK(greeting.find(R"("pingInterval":60000,"pingTimeout":200,"maxPayload":500)") !=
          std::string::npos);
    CHECK(idle.frame().op == 8);
    namespace_client big(s.port());
    CHECK(big.packet().payload == "42[\"auth\",{}]");
    big.send(std::string(501, '4'));
    websocket_frame const closed = big.packet();
    CHECK(closed.op == 8);
    CHECK(closed.close_code() == 1009);
    auto const opened = http_peer(s.port()).ask("GET", "/socket.io/?EIO=4&transport=polling");
    CHECK(opened["Set-Cookie"].starts_with("io="));
}

TEST_CASE("the basic application has two namespaces") {
    server s(nullptr, {"--ping-interval-ms", calm});
    namespace_client c(s.port());
    CHECK(c.packet().payload == "42[\"auth\",{}]");
    c.send("40/custom,{\"a\":1}");
    CHECK(c.packet().payload.starts_with("40/custom,{"));
    CHECK(c.packet().payload == "42/custom,[\"auth\",{\"a\":1}]");
    c.send("40/mw,");
    CHECK(c.packet().payload == R"(44/mw,{"message":"Invalid namespace"})");
    c.send(R"(42["message",1,{"a":"b"}])");
    CHECK(c.packet().payload == R"(42["message-back",1,{"a":"b"}])");
    c.send(R"(42123["message-with-ack",1,{"a":"b"}])");
    CHECK(c.packet().payload == R"(43123[1,{"a":"b"}])");
}

TEST_CASE("the Socket.IO service names the origins that it is told") {
    field_list const foreign{{"Origin", "https://b.example"}};
    server s(nullptr, {"--cors", "https://a.example"});
    auto const r = http_peer(s.port()).ask("GET", "/socket.io/?EIO=4&transport=polling",
                                           {{"Origin", "https://a.example"}});
    CHECK(r["Access-Control-Allow-Origin"] == "https://a.example");
    CHECK(r["Access-Control-Allow-Credentials"] == "true");
    websocket_peer w(s.port(), "/socket.io/?EIO=4&transport=websocket", foreign);
    CHECK(w.reply().status == 403);
}

TEST_CASE("SIGTERM tells the clients of Socket.IO, and exits with 0") {
    server s(nullptr, {"--threads", "2", "--ping-interval-ms", calm});
    namespace_client c(s.port());
    CHECK(c.packet().payload == "42[\"auth\",{}]");
    s.running().terminate();
    for (int i = 0; i < 4; ++i) {
        websocket_frame const f = c.packet();
        if (f.op != 1) break;
    }
    CHECK(s.running().wait() == 0);
}
