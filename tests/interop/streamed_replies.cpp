// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The streamed replies of the conformance server, from outside.
*/

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>

#include <sys/resource.h>

#include "interop/running_server.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/http_peer.hpp"
#include "support/sanitizers.hpp"
#include "support/websocket_peer.hpp"

using conformance::json;
using support::http_peer;
using support::http_reply;
using support::websocket_peer;

namespace {

class streams {
public:
    std::uint16_t port() const { return server_.port(); }
    http_peer peer() const { return http_peer(port()); }
    http_reply get(std::string_view target, support::field_list const& fields = {}) const {
        return peer().ask("GET", target, fields);
    }
    json seen() const { return json::parse(get("/stream/seen").body); }
    conformance::process& running() { return server_.running(); }

private:
    conformance::server server_{nullptr, {"--streams"}};
};

json counts(int started, int ended, int cancelled) {
    return {{"started", started}, {"ended", ended}, {"cancelled", cancelled}};
}

}  // namespace

TEST_CASE("lines are written one after another, in chunks") {
    streams s;
    http_reply const r = s.get("/stream/lines?n=3&ms=5");
    CHECK(r["Content-Type"] == "application/x-ndjson");
    CHECK(r.chunked());
    CHECK(r.chunks.size() == 4);
    CHECK(r.body == "{\"i\":0}\n{\"i\":1}\n{\"i\":2}\n");
    CHECK(s.get("/stream/lines?n=0").body.empty());
    CHECK(s.get("/stream/lines?n=many").status == 400);
    CHECK(s.seen() == counts(2, 2, 0));
}

TEST_CASE("bytes are written with their length") {
    streams s;
    for (std::size_t const n : {0u, 1u, 251u, 65'536u, 1'000'003u}) {
        http_reply const r = s.get("/stream/bytes?n=" + std::to_string(n));
        CHECK(r["Content-Length"] == std::to_string(n));
        REQUIRE(r.body.size() == n);
        bool same = true;
        for (std::size_t i = 0; i < n; ++i)
            same = same && static_cast<unsigned char>(r.body[i]) == i % 251;
        CHECK(same);
    }
    http_peer p = s.peer();
    CHECK(p.ask("HEAD", "/stream/bytes?n=1000")["Content-Length"] == "1000");
    CHECK(p.ask("GET", "/stream/bytes?n=3").body == std::string("\0\1\2", 3));
}

TEST_CASE("a stream that fails breaks the connection off behind what was written") {
    streams s;
    http_peer p = s.peer();
    p.send("GET", "/stream/broken");
    CHECK(p.head().status == 200);
    CHECK(p.chunk().size() == 1000);
    CHECK(p.chunk() == "<end>");
}

TEST_CASE("events go on behind the last that the client has") {
    streams s;
    CHECK(s.get("/stream/sse?n=2").body == "id: 0\ndata: tick 0\n\nid: 1\ndata: tick 1\n\n");
    http_reply const r = s.get("/stream/sse?n=1", {{"Last-Event-ID", "41"}});
    CHECK(r["Content-Type"] == "text/event-stream");
    CHECK(r.body == "id: 42\ndata: tick 42\n\n");
    auto const behind = [&s](std::string const& last) {
        std::string const all = s.get("/stream/sse?n=1", {{"Last-Event-ID", last}}).body;
        return all.substr(0, all.find('\n'));
    };
    CHECK(behind("18446744073709551614") == "id: 18446744073709551615");
    for (auto const* none : {"12abc", "abc", "-1", "1.5", "18446744073709551615",
                             "18446744073709551616", "99999999999999999999"})
        CHECK(behind(none) == "id: 0");
}

TEST_CASE("clients that leave in the middle leave nothing") {
    constexpr int clients = 1000;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    streams s;
    {
        std::deque<http_peer> all;
        for (int i = 0; i < clients; ++i) {
            http_peer& p = all.emplace_back(s.port());
            // some are silent when the client leaves, some write all the time
            p.send("GET", i % 20 ? "/stream/sse?n=2&ms=3600000" : "/stream/bytes?n=1000000000");
            CHECK(p.head().status == 200);
        }
        CHECK(s.seen() == counts(clients, 0, 0));
    }
    CHECK(support::eventually([&] { return s.seen() == counts(clients, 0, clients); }));
    s.running().terminate();
    auto const began = std::chrono::steady_clock::now();
    CHECK(s.running().wait() == 0);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3));
}

TEST_CASE("a client that has ended its half gets the whole stream") {
    streams s;
    http_peer p = s.peer();
    p.send("GET", "/stream/lines?n=50&ms=2");
    p.client().finish();
    http_reply const r = p.reply();
    CHECK(r.chunks.size() == 51);
    CHECK(s.seen() == counts(1, 1, 0));
}

TEST_CASE("streams and other replies take turns on one connection") {
    streams s;
    http_peer p = s.peer();
    p.send("GET", "/a");
    p.send("GET", "/stream/lines?n=2&ms=10");
    p.send("GET", "/b");
    p.send("GET", "/stream/bytes?n=5");
    CHECK(p.reply().body.find("'/a'") != std::string::npos);
    CHECK(p.reply().chunks.size() == 3);
    CHECK(p.reply().body.find("'/b'") != std::string::npos);
    CHECK(p.reply().body.size() == 5);
}

TEST_CASE("to HTTP/1.0 a stream goes until the connection closes") {
    streams s;
    http_peer p = s.peer();
    p.send_raw("GET /stream/lines?n=2 HTTP/1.0\r\n\r\n");
    http_reply const r = p.reply();
    CHECK_FALSE(r.chunked());
    CHECK_FALSE(r.has("Content-Length"));
    CHECK(r.body == "{\"i\":0}\n{\"i\":1}\n");
}

TEST_CASE("a client that does not read holds little") {
    streams s;
    std::deque<http_peer> slow;
    auto const memory = [&] {
        std::ifstream of("/proc/" + std::to_string(s.running().id()) + "/statm");
        std::size_t all = 0;
        std::size_t resident = 0;
        of >> all >> resident;
        return resident * 4096;
    };
    slow.emplace_back(s.port()).send("GET", "/stream/bytes?n=1000000000");
    CHECK(slow.back().head().status == 200);
    std::size_t const before = memory();
    constexpr std::size_t clients = 50;
    for (std::size_t i = 0; i < clients; ++i) {
        http_peer& p = slow.emplace_back(s.port());
        p.send("GET", "/stream/bytes?n=1000000000");
        CHECK(p.head().status == 200);
    }
    CHECK(s.seen().at("started") == clients + 1);
    std::size_t const more = memory() - before;
    CHECK((support::sanitized || more < clients * 256 * 1024));
}

TEST_CASE("streams go over a socket in messages, and end with it") {
    conformance::server s(nullptr, {"--streams", "--stream-messages"});
    auto const seen = [&s] {
        return json::parse(http_peer(s.port()).ask("GET", "/stream/seen").body);
    };
    {
        websocket_peer ws(s.port(), "/ws-hooks");
        auto const ask = [&ws](std::string const& path) {
            ws.send(json{{"id", 1}, {"method", "GET"}, {"url", "/stream/" + path}}.dump());
            return json::parse(ws.text());
        };
        json const head = ask("lines?n=2");
        CHECK(head.at("statusCode") == 200);
        CHECK(head.at("headers").at("Content-Type") == "application/x-ndjson");
        CHECK(head.at("more") == true);
        CHECK(head.at("content") == "");
        CHECK(ws.text() == R"({"id":1,"more":true,"content":"{\"i\":0}\n"})");
        CHECK(ws.text() == R"({"id":1,"more":true,"content":"{\"i\":1}\n"})");
        CHECK(ws.text() == R"({"id":1,"content":""})");
        CHECK(ask("broken").at("more") == true);
        CHECK(json::parse(ws.text()).at("content") == std::string(1000, 'b'));
        CHECK(ws.text() == R"({"id":1,"statusCode":500,"headers":{},"content":""})");
        CHECK(ask("sse?n=1").at("headers").at("Content-Type") == "text/event-stream");
        CHECK(ws.text() == R"({"id":1,"more":true,"content":"id: 0\ndata: tick 0\n\n"})");
        CHECK(ws.text() == R"({"id":1,"content":""})");
        CHECK(seen() == counts(3, 3, 0));
        CHECK(ask("sse?n=2&ms=3600000").at("more") == true);
    }
    CHECK(support::eventually([&] { return seen() == counts(4, 3, 1); }));
}
