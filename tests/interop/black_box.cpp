// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The conformance server, as a process of its own, from outside.
*/

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "interop/running_server.hpp"
#include "support/catch.hpp"
#include "support/websocket_peer.hpp"

namespace asio = boost::asio;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;
using namespace conformance;

namespace {

using reply = http::response<http::string_body>;

/// A client whose reads and writes take a bounded time.
class client {
public:
    explicit client(std::uint16_t port) : socket_(ioc_) {
        socket_.connect({asio::ip::address_v4::loopback(), port});
        timeval const limit{patience_ms / 1000, 0};
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }

    void send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }

    reply receive(bool head = false) {
        http::response_parser<http::string_body> parser;
        parser.skip(head);
        http::read(socket_, buffer_, parser);
        return parser.release();
    }

    /// What comes, up to the end of this text.
    std::string receive_until(std::string const& text) {
        asio::dynamic_string_buffer all(held_);
        std::size_t const n = asio::read_until(socket_, all, text);
        std::string const taken = held_.substr(0, n);
        held_.erase(0, n);
        return taken;
    }

    reply get(std::string_view target) {
        send(std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n\r\n"));
        return receive();
    }

    json get_json(std::string_view target) { return json::parse(get(target).body()); }

    /// Whether the server closes the connection, without another byte.
    bool closed() {
        char byte;
        error_code ec;
        socket_.read_some(asio::buffer(&byte, 1), ec);
        return ec == asio::error::eof;
    }

private:
    asio::io_context ioc_;
    asio::ip::tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
    std::string held_;
};

json hook(std::string const& type, std::string const& what, json more = json::object()) {
    json h = {{"type", type}, {"do", what}, {"pattern", "/*"}, {"verb", "*"}, {"name", type}};
    h.update(more);
    return h;
}

std::vector<std::string> names(json const& log) {
    std::vector<std::string> all;
    for (json const& entry : log) all.push_back(entry.at("name"));
    return all;
}

}  // namespace

TEST_CASE("without a script every path is welcomed") {
    server s(nullptr);
    client c(s.port());
    reply const r = c.get("/a%3Cb//./c?x=1");
    CHECK(r.result_int() == 200);
    CHECK(r[http::field::content_type] == "text/html");
    CHECK(r.body() == "Welcome to '/a%3Cb/c'... Hello world! :)");
    CHECK(c.get_json("/__log") == json::array());
}

TEST_CASE("a script's hooks run in the order of their types") {
    json script = json::array();
    for (auto const type : {"response-listener", "post-responder", "post-listener", "responder",
                            "pre-listener", "pre-responder", "request-listener"})
        script.push_back(hook(type, std::string_view(type).ends_with("listener") ? "log" : "pass"));
    script[3]["do"] = "respond";
    script[3]["status"] = 201;
    server s(script);
    client c(s.port());
    CHECK(c.get("/").result_int() == 201);
    json const log = c.get_json("/__log");
    CHECK(names(log) == std::vector<std::string>{"request-listener", "pre-responder",
                                                 "pre-listener", "responder", "post-listener",
                                                 "post-responder", "response-listener"});
    CHECK(log.at(4).at("responses") == json::array({201}));
    CHECK(log.at(6).at("status") == 201);
    CHECK(c.get_json("/__log") == json::array());
}

TEST_CASE("a script's responder echoes what it sees") {
    server s(json::array({hook("responder", "echo", {{"pattern", "/a/:x/*rest"}, {"name", "e"}})}));
    client c(s.port());
    c.send(
        "POST /a/%62/?q=1&q=2&r=x+y HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 2\r\n"
        "x-httphooks-hook-type-filter: responder\r\nContent-Length: 2\r\n\r\nhi");
    json const seen = json::parse(c.receive().body());
    CHECK(seen.at("name") == "e");
    CHECK(seen.at("method") == "POST");
    CHECK(seen.at("path") == "/a/b/");
    CHECK(seen.at("params") == json({{"x", "b"}, {"rest", nullptr}}));
    CHECK(seen.at("query") == json({{"q", {"1", "2"}}, {"r", "x y"}}));
    CHECK(seen.at("headers").at("x-a") == "1, 2");
    CHECK_FALSE(seen.at("headers").contains("x-httphooks-hook-type-filter"));
    CHECK(seen.at("content") == "hi");
    CHECK(seen.at("transport") == "http");
}

TEST_CASE("a script's pre-responder changes the request or ends the chain") {
    json const replace = {
        {"pattern", "/r/:id"}, {"headers", {{"X-A", "new"}}}, {"content", "<${id}>"}};
    json const end = {{"pattern", "/e"}, {"status", 202}, {"content", "ended"}};
    json const refuse = {{"pattern", "/f"}, {"status", 403}};
    json const undecided = {{"pattern", "/u"}};
    server s(
        json::array({hook("pre-responder", "replace", replace), hook("pre-responder", "end", end),
                     hook("pre-responder", "respond", refuse),
                     hook("pre-responder", "nothing", undecided), hook("responder", "echo")}));
    client c(s.port());
    json const seen = c.get_json("/r/7");
    CHECK(seen.at("content") == "<7>");
    CHECK(seen.at("headers").at("x-a") == "new");
    reply const ended = c.get("/e");
    CHECK(ended.result_int() == 202);
    CHECK(ended.body() == "ended");
    CHECK(c.get("/f").result_int() == 403);
    CHECK(c.get("/u").result_int() == 500);
    CHECK(c.get("/other").result_int() == 200);
}

TEST_CASE("mounts are behind the script's hooks when they are guarded") {
    json const refuse = {{"status", 403}, {"content", "no"}, {"delay_ms", 5}};
    json const mark = {{"headers", {{"X-Seen", "1"}}}};
    json const count = {{"pattern", "/engine.io/"}};
    json script = json::array(
        {hook("pre-responder", "reply-headers", mark), hook("request-listener", "log", count)});
    for (auto const pattern : {"/echo/*", "/ws", "/socket.io/"}) {
        script.push_back(hook("pre-responder", "end", refuse));
        script.back()["pattern"] = pattern;
    }
    std::string const upgrade =
        "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    {
        server s(script, {"--guard-mounts", "--cors", "https://a.example"});
        client c(s.port());
        for (auto const* target :
             {"/echo/info", "/echo/websocket", "/socket.io/?EIO=4&transport=polling"}) {
            c.send(std::string("GET ") + target +
                   " HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n");
            reply const r = c.receive();
            CHECK(r.result_int() == 403);
            CHECK(r.body() == "no");
            CHECK(r["X-Seen"] == "1");
            bool const cors = std::string_view(target) != "/echo/websocket";  // it never has
            CHECK(r[http::field::access_control_allow_origin] == (cors ? "https://a.example" : ""));
        }
        c.send("GET /ws HTTP/1.1\r\n" + upgrade);
        CHECK(c.receive().result_int() == 403);
        reply const let = c.get("/engine.io/?EIO=4&transport=polling");
        CHECK(let.result_int() == 200);
        CHECK(let["X-Seen"] == "1");
        CHECK(c.get("/engine.io/%zz").result_int() == 400);
        c.send("GET /ws-hooks HTTP/1.1\r\n" + upgrade);
        reply const switched = c.receive();
        CHECK(switched.result_int() == 101);
        CHECK(switched["X-Seen"] == "1");
        json const log = client(s.port()).get_json("/__log");
        REQUIRE(log.size() == 11);  // six marks, four refusals, the listener
        CHECK(log.at(8).at("name") == "request-listener");
    }
    server s(script);
    client c(s.port());
    CHECK(c.get("/echo/info").result_int() == 200);
    CHECK(c.get_json("/__log") == json::array());
}

TEST_CASE("a script's hooks fail as hooks do") {
    json script = json::array();
    for (int const delay : {0, 5})
        for (auto const what : {"throw", "error", "nothing"}) {
            std::string const path = "/" + std::string(what) + std::to_string(delay);
            script.push_back(hook("responder", what, {{"pattern", path}, {"delay_ms", delay}}));
        }
    server s(script);
    client c(s.port());
    for (auto const delay : {"0", "5"}) {
        for (auto const what : {"/throw", "/error"}) {
            reply const r = c.get(std::string(what) + delay);
            CHECK(r.result_int() == 500);
            CHECK(r.body() == R"({"error":"Internal server error"})");
        }
        CHECK(c.get(std::string("/nothing") + delay).result_int() == 200);
    }
}

TEST_CASE("a script's responders overlap and their responses keep their order") {
    json const slow = {{"status", 201}, {"content", "slow"}, {"delay_ms", 30}};
    json const fast = {{"content", "fast"}};
    server s(json::array({hook("responder", "respond", slow), hook("responder", "respond", fast)}));
    client c(s.port());
    reply const r = c.get("/");
    CHECK(r.result_int() == 202);
    CHECK(r[http::field::content_type].starts_with("multipart/mixed; boundary="));
    CHECK(r.body().find("slow") < r.body().find("fast"));
}

TEST_CASE("a script's post-responder replaces the reply, and reply headers stay") {
    server s(
        json::array({hook("pre-responder", "reply-headers", {{"headers", {{"X-Id", "1"}}}}),
                     hook("responder", "respond", {{"content", "first"}}),
                     hook("post-responder", "replace", {{"status", 203}, {"content", "second"}})}));
    client c(s.port());
    reply const r = c.get("/");
    CHECK(r.result_int() == 203);
    CHECK(r.body() == "second");
    CHECK(r["X-Id"] == "1");
}

TEST_CASE("what the server computes is not taken from a script") {
    json const headers = {{"Date", "yesterday"},
                          {"Content-Length", "99"},
                          {"Connection", "close"},
                          {"Transfer-Encoding", "chunked"},
                          {"X-A", "b"}};
    server s(
        json::array({hook("responder", "respond", {{"headers", headers}, {"content", "hi"}})}));
    client c(s.port());
    reply const r = c.get("/");
    CHECK(r.body() == "hi");
    CHECK(r["X-A"] == "b");
    CHECK(r[http::field::content_length] == "2");
    CHECK(r.count(http::field::date) == 1);
    CHECK(r[http::field::date].ends_with(" GMT"));
    CHECK(r.count(http::field::connection) == 0);
    CHECK(r.count(http::field::transfer_encoding) == 0);
    CHECK(c.get("/").body() == "hi");
}

TEST_CASE("a script's line ends in a header are refused") {
    server s(json::array({hook("responder", "respond", {{"headers", {{"X-A", "b\r\nX-B: c"}}}})}));
    client c(s.port());
    reply const r = c.get("/");
    CHECK(r.result_int() == 500);
    CHECK(r.count("X-B") == 0);
}

TEST_CASE("files win over hooks") {
    temporary_folder const www;
    www.write("a.txt", "a file");
    server s(json::array({hook("responder", "respond", {{"content", "a hook"}})}),
             {"--www", www.path().string()});
    client c(s.port());
    CHECK(c.get("/a.txt").body() == "a file");
    CHECK(c.get("/b.txt").body() == "a hook");
    CHECK(c.get("/..%2fa.txt").body() == "a hook");
    c.send("HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    reply const head = c.receive(true);
    CHECK(head[http::field::content_length] == "6");
    CHECK(head.count(http::field::date) == 1);
    c.send("GET /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=2-3\r\n\r\n");
    reply const part = c.receive();
    CHECK(part.result_int() == 206);
    CHECK(part.body() == "fi");
    c.send("POST /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    CHECK(c.receive().body() == "a hook");
}

TEST_CASE("a script sets the default responder and the no-match handler") {
    json const some = hook("responder", "respond", {{"pattern", "/a"}, {"verb", "GET"}});
    server none(json::array({some, {{"type", "no-match"}, {"do", "respond"}, {"status", 410}}}));
    CHECK(client(none.port()).get("/b").result_int() == 410);
    server all(
        json::array({some, {{"type", "default-responder"}, {"do", "respond"}, {"status", 299}}}));
    CHECK(client(all.port()).get("/b").result_int() == 299);
}

TEST_CASE("a script's on-failure gives the reply in place of every failure") {
    json const failure = {{"type", "on-failure"},
                          {"status", 418},
                          {"headers", {{"X-A", "b"}, {"Content-Type", "text/x"}}},
                          {"content", "was ${status}${x}"}};
    json const undecided = {{"pattern", "/guarded"}};
    json const chosen = {{"pattern", "/chosen"}, {"status", 404}, {"content", "mine"}};
    json const some = {{"pattern", "/some"}, {"verb", "GET"}};
    json const slow = {{"pattern", "/slow"}, {"delay_ms", 60'000}};
    json const heard = {{"name", "l"}};
    server s(
        json::array({failure, hook("pre-responder", "nothing", undecided),
                     hook("responder", "respond", chosen), hook("responder", "respond", some),
                     hook("responder", "throw", {{"pattern", "/throws"}}),
                     hook("responder", "respond", {{"pattern", "/guarded"}}),
                     hook("responder", "respond", slow), hook("response-listener", "log", heard)}),
        {"--body-limit", "10", "--handler-timeout-ms", "100"});
    auto const answered = [&](std::string const& request, std::string const& status) {
        INFO(request.substr(0, 80));
        client c(s.port());
        c.send(request);
        reply const r = c.receive();
        CHECK(r.result_int() == 418);
        CHECK(r["X-A"] == "b");
        CHECK(r[http::field::content_type] == "text/x");
        CHECK(r.body() == "was " + status);
        return r;
    };
    std::string const last = " HTTP/1.1\r\nHost: a\r\n\r\n";
    client log(s.port());
    CHECK(log.get_json("/__log").empty());
    answered("GET /none" + last, "404");
    CHECK(answered("PUT /some" + last, "405")[http::field::allow] == "GET, HEAD, OPTIONS");
    answered("GET /throws" + last, "500");
    answered("GET /guarded" + last, "500");
    answered("GET /slow" + last, "504");
    answered("GET /%zz" + last, "400");
    answered("BREW /some" + last, "501");
    answered("GET /some HTTP/1.1\r\n\r\n", "400");
    answered("POST /some HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", "413");
    answered("GET /" + std::string(17'000, 'x') + last, "414");
    answered("POST /some HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: x\r\n\r\n", "417");
    answered("GET /some HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n", "431");
    json const seen = log.get_json("/__log");
    CHECK(seen.size() == 15);
    client c(s.port());
    CHECK(c.get("/chosen").result_int() == 404);
    CHECK(c.get("/chosen").body() == "mine");
}

TEST_CASE("a script's on-failure cannot make a failure a success") {
    json const failure = {{"type", "on-failure"}, {"content", "${status}"}};
    server s(json::array({failure, hook("pre-responder", "nothing"),
                          hook("responder", "respond", {{"content", "secret"}})}));
    reply const r = client(s.port()).get("/");
    CHECK(r.result_int() == 500);
    CHECK(r.body() == "500");
}

TEST_CASE("a script's on-failure may send the client elsewhere") {
    json const failure = {
        {"type", "on-failure"}, {"status", 302}, {"headers", {{"Location", "/in"}}}};
    server s(json::array({failure, hook("responder", "throw")}));
    reply const r = client(s.port()).get("/");
    CHECK(r.result_int() == 302);
    CHECK(r[http::field::location] == "/in");
}

TEST_CASE("a script switches request ids on, for every reply") {
    server s(json::array({{{"type", "request-id"}},
                          hook("responder", "respond", {{"pattern", "/a"}, {"verb", "GET"}}),
                          hook("responder", "throw", {{"pattern", "/t"}})}),
             {"--body-limit", "10"});
    std::vector<std::string> ids;
    for (auto const& [request, expected] : {std::pair{"GET /a", 200u},
                                            {"GET /b", 404u},
                                            {"POST /a", 405u},
                                            {"GET /t", 500u},
                                            {"GET /%zz", 400u},
                                            {"BREW /a", 501u},
                                            {"GET /ws", 426u},
                                            {"GET /echo/info", 200u}}) {
        client c(s.port());
        c.send(std::string(request) +
               " HTTP/1.1\r\nHost: a\r\nX-Request-Id: forged\r\nContent-Length: 0\r\n\r\n");
        reply const r = c.receive();
        INFO(request);
        CHECK(r.result_int() == expected);
        REQUIRE(r.count("X-Request-Id") == 1);
        ids.emplace_back(r["X-Request-Id"]);
    }
    client c(s.port());
    c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    reply const r = c.receive();
    CHECK(r.result_int() == 413);
    ids.emplace_back(r["X-Request-Id"]);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        CHECK(ids[i] != "forged");
        CHECK(std::count(ids.begin(), ids.end(), ids[i]) == 1);
    }
    server none(json::array({hook("responder", "respond")}));
    CHECK(client(none.port()).get("/").count("X-Request-Id") == 0);
}

TEST_CASE("the log waits until the hooks have ended") {
    server s(json::array({hook("request-listener", "log", {{"delay_ms", 50}, {"name", "slow"}}),
                          hook("response-listener", "log", {{"delay_ms", 50}, {"name", "last"}}),
                          hook("responder", "respond")}),
             {"--threads", "2"});
    client c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /__log HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(c.receive().result_int() == 200);
    CHECK(json::parse(c.receive().body()).size() == 3);
}

TEST_CASE("the log is for GET of its path only, and stays for others") {
    server s(json::array({hook("responder", "respond")}));
    client c(s.port());
    CHECK(c.get("/").result_int() == 200);
    for (auto const* method : {"HEAD", "POST", "PUT", "DELETE", "OPTIONS"}) {
        INFO(method);
        c.send(std::string(method) + " /__log HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        reply const r = c.receive(std::string_view(method) == "HEAD");
        CHECK(r.result_int() == 405);
        CHECK(r[http::field::allow] == "GET");
    }
    c.send("BREW /__log HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(c.receive().result_int() == 501);
    for (auto const* target : {"/__log/", "/__log/x", "/__log/../__log", "http://a/__log/x"})
        CHECK(c.get(target).result_int() == 404);
    CHECK(c.get_json("http://a/__log?x=/y").size() == 1);
    CHECK(c.get_json("/__log").empty());
}

TEST_CASE("a handler that takes too long is answered for") {
    server s(json::array({hook("responder", "respond", {{"delay_ms", 60'000}})}),
             {"--handler-timeout-ms", "50"});
    client c(s.port());
    CHECK(c.get("/").result_int() == 504);
}

TEST_CASE("a body beyond the option's limit is refused") {
    server s(nullptr, {"--body-limit", "10"});
    client c(s.port());
    c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    CHECK(c.receive().result_int() == 413);
    CHECK(c.closed());
}

TEST_CASE("a header that takes too long is answered with 408") {
    server s(nullptr, {"--header-timeout-ms", "50"});
    client c(s.port());
    c.send("GET / HTTP/1.1\r\nHo");
    CHECK(c.receive().result_int() == 408);
    CHECK(c.closed());
}

TEST_CASE("an idle connection is closed without a reply") {
    server s(nullptr, {"--idle-timeout-ms", "1000"});
    client c(s.port());
    CHECK(c.get("/").result_int() == 200);
    CHECK(c.closed());
}

TEST_CASE("a connection too many gets 503") {
    server s(nullptr, {"--max-connections", "1"});
    client first(s.port());
    CHECK(first.get("/").result_int() == 200);
    client second(s.port());
    CHECK(second.receive().result_int() == 503);
    CHECK(second.closed());
    CHECK(first.get("/").result_int() == 200);
}

TEST_CASE("SIGTERM lets what has begun end, and exits with 0") {
    json const slow = {{"pattern", "/slow"}, {"delay_ms", 1500}, {"content", "late"}};
    server s(json::array({hook("responder", "respond", slow),
                          hook("responder", "respond", {{"pattern", "/fast"}})}));
    client idle(s.port());
    CHECK(idle.get("/fast").result_int() == 200);
    client c(s.port());
    c.send("GET /fast HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(c.receive().result_int() == 200);
    s.running().terminate();
    reply const r = c.receive();
    CHECK(r.result_int() == 200);
    CHECK(r.body() == "late");
    CHECK(r[http::field::connection] == "close");
    CHECK(c.closed());
    CHECK(idle.closed());
    CHECK(s.running().wait() == 0);
}

TEST_CASE("every responder that matches runs, or the most specific one, as the option says") {
    json const script = json::array({
        hook("responder", "respond", {{"pattern", "/users/:id"}, {"content", "id ${id}"}}),
        hook("responder", "respond", {{"pattern", "/users/me"}, {"content", "me"}}),
    });
    auto const ask = [](server& s, bool best) {
        client c(s.port());
        reply const r = c.get("/users/me");
        CHECK(r.result_int() == (best ? 200 : 202));
        CHECK((r.body() == "me") == best);
        CHECK(c.get("/users/7").body() == "id 7");
    };
    server unasked(script);
    ask(unasked, false);
    server all(script, {"--responders", "all"});
    ask(all, false);
    server best(script, {"--responders", "best"});
    ask(best, true);
}

TEST_CASE("a fallback runs only where no other responder serves the path") {
    server s(json::array({
        hook("responder", "respond",
             {{"pattern", "/*"}, {"verb", "GET"}, {"content", "page"}, {"fallback", true}}),
        hook("responder", "respond",
             {{"pattern", "/api/:x"}, {"content", "${x}"}, {"verb", "POST"}}),
    }));
    client c(s.port());
    CHECK(c.get("/anything").body() == "page");
    reply const r = c.get("/api/a");
    CHECK(r.result_int() == 405);
    CHECK(r[http::field::allow] == "POST, OPTIONS");
}

TEST_CASE("a script's guards that need no body refuse before it is sent") {
    server s({hook("request-listener", "log", {{"name", "l"}}),
              hook("pre-responder", "pass", {{"name", "early"}, {"needs_body", false}}),
              hook("pre-responder", "respond",
                   {{"name", "guard"},
                    {"pattern", "/no"},
                    {"status", 401},
                    {"delay_ms", 5},
                    {"needs_body", false}}),
              hook("pre-responder", "pass", {{"name", "late"}}),
              hook("pre-responder", "pass", {{"name", "last"}, {"needs_body", false}}),
              hook("responder", "respond", {{"name", "r"}, {"content", "yes"}})});
    std::string const fields =
        " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n";
    {
        client c(s.port());
        c.send("POST /no" + fields);
        CHECK(c.receive().result_int() == 401);
        CHECK(c.closed());
    }
    json log = client(s.port()).get_json("/__log");
    REQUIRE(log.size() == 3);
    CHECK(log[0]["name"] == "early");
    CHECK(log[1]["name"] == "guard");
    CHECK(log[2]["name"] == "l");

    client c(s.port());
    c.send("POST /yes" + fields);
    CHECK(c.receive().result_int() == 100);
    c.send(std::string(1'000'000, 'x'));
    reply const r = c.receive();
    CHECK(r.result_int() == 200);
    CHECK(r.body() == "yes");
    log = c.get_json("/__log");
    REQUIRE(log.size() == 5);
    std::string names;
    for (json const& entry : log) {
        std::string const name = entry["name"];
        names += name + ' ';
        CHECK(entry["content"].get<std::string>().size() == (name == "early" ? 0u : 1'000'000u));
    }
    CHECK(names == "early l late last r ");
}

TEST_CASE("request bodies are read as streams, before the script's hooks") {
    server s(json::array({hook("responder", "respond", {{"content", "scripted"}})}), {"--streams"});
    client c(s.port());
    auto const post = [&c](std::string const& path, std::string const& body,
                           std::string const& fields = "") {
        c.send("POST /stream/" + path + " HTTP/1.1\r\nHost: a\r\n" + fields +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    };
    std::string const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (auto const* path : {"count", "slow"}) {
        post(path, "abc");
        CHECK(json::parse(c.receive().body()) == json{{"bytes", 3}, {"sha256", abc}});
    }
    c.send(
        "POST /stream/count HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(c.receive().result_int() == 100);
    c.send(std::string(3'000'000, 'x'));
    CHECK(json::parse(c.receive().body()).at("bytes") == 3'000'000);

    post("first", std::string(2'000'000, 'x'));
    CHECK(c.receive().body() == "first");
    post("form",
         "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc\r\n"
         "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n"
         "Content-Type: text/plain\r\n\r\nabc\r\n--b--\r\n",
         "Content-Type: multipart/form-data; boundary=b\r\n");
    json const form = json::parse(c.receive().body());
    REQUIRE(form.size() == 2);
    CHECK(form[0] ==
          json{{"name", "a"}, {"filename", nullptr}, {"type", ""}, {"bytes", 3}, {"sha256", abc}});
    CHECK(form[1] == json{{"name", "f"},
                          {"filename", "x.txt"},
                          {"type", "text/plain"},
                          {"bytes", 3},
                          {"sha256", abc}});
    post("form", "abc");
    CHECK(c.receive().result_int() == 415);
    post("form", "--b--", "Content-Type: multipart/form-data\r\n");
    CHECK(c.receive().result_int() == 400);
    std::string parts;
    for (int i = 0; i < 129; ++i)
        parts += "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    post("form", parts + "--b--", "Content-Type: multipart/form-data; boundary=b\r\n");
    CHECK(c.receive().result_int() == 400);

    c.send(
        "POST /stream/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    CHECK(c.receive_until("abc").find("text/x") != std::string::npos);
    c.send("3\r\ndef\r\n");
    c.receive_until("def");
    c.send("0\r\n\r\n");
    c.receive_until("0\r\n\r\n");
    post("other", "abc");
    CHECK(c.receive().body() == "scripted");
    CHECK(c.get("/stream/seen").body() == R"({"started":9,"ended":6,"cancelled":3})");
}

TEST_CASE("WebSockets compress with --deflate, and without do not") {
    server const with(nullptr, {"--deflate"});
    server const without(nullptr);
    for (std::string const target :
         {"/ws", "/ws-hooks", "/echo/000/abc/websocket", "/echo/websocket",
          "/engine.io/?EIO=4&transport=websocket", "/socket.io/?EIO=4&transport=websocket"}) {
        INFO(target);
        support::field_list const offer{
            {"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}};
        support::websocket_peer taken(with.port(), target, offer);
        CHECK(taken.reply().status == 101);
        CHECK(taken.reply()["Sec-WebSocket-Extensions"].starts_with("permessage-deflate"));
        support::websocket_peer not_offered(with.port(), target);
        CHECK(not_offered.reply()["Sec-WebSocket-Extensions"] == "-");
        support::websocket_peer off(without.port(), target, offer);
        CHECK(off.reply().status == 101);
        CHECK(off.reply()["Sec-WebSocket-Extensions"] == "-");
    }
    std::string const large(5000, 'x');
    support::websocket_peer echo(with.port(), "/ws",
                                 {{"Sec-WebSocket-Extensions", "permessage-deflate"}});
    echo.send(large);
    CHECK(echo.frame().payload.size() < 100);
    echo.send("short");
    CHECK(echo.frame().payload == "short");
}

TEST_CASE("with --compress, too, the limit of a body is that of --body-limit") {
    std::string numbers;
    for (int i = 0; numbers.size() < 2'000'000; ++i) numbers += std::to_string(i) + ' ';
    json const script =
        json::array({hook("responder", "respond", {{"verb", "GET"}, {"content", numbers}}),
                     hook("responder", "respond", {{"verb", "POST"}, {"content", "taken"}})});
    server const s(script, {"--compress", "--body-limit", "4000000"});
    server const less(script, {"--compress", "--body-limit", "1999999"});
    client c(s.port());
    client d(less.port());
    c.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    std::string const packed = c.receive().body();
    REQUIRE(packed.size() < numbers.size() / 2);
    std::string const post =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
        "Content-Length: " +
        std::to_string(packed.size()) + "\r\n\r\n" + packed;
    c.send(post);
    CHECK(c.receive().body() == "taken");
    d.send(post);
    CHECK(d.receive().result_int() == 413);
}

TEST_CASE("replies are compressed with --compress where the client accepts it") {
    temporary_folder const www;
    www.write("page.html", std::string(2'000, 'p'));
    www.write("app.js", std::string(2'000, 'j'));
    www.write("app.js.gz", "packed");
    std::string const large(2'000, 'x');
    json const script = json::array(
        {hook("responder", "respond", {{"pattern", "/large"}, {"content", large}}),
         hook("responder", "respond", {{"pattern", "/short"}, {"content", large.substr(0, 1'023)}}),
         hook("responder", "respond",
              {{"pattern", "/fixed"},
               {"content", large},
               {"headers", {{"Cache-Control", "no-transform"}}}}),
         hook("responder", "echo", {{"pattern", "/say"}, {"verb", "POST"}})});
    server const s(script, {"--compress", "--www", www.path().string()});
    client c(s.port());
    auto const get = [&](std::string_view target, std::string const& accept,
                         std::string const& method = "GET") {
        c.send(std::string(method).append(" ").append(target).append(
            " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + accept + "\r\n\r\n"));
        return c.receive(method == "HEAD");
    };
    for (std::string const coding : {"gzip", "deflate", "br"}) {
        reply const r = get("/large", coding);
        CHECK(r[http::field::content_encoding] == coding);
        CHECK(r[http::field::vary] == "Accept-Encoding");
        CHECK(r.body().size() < 100);
        reply const head = get("/large", coding, "HEAD");
        CHECK(head[http::field::content_length] == std::to_string(r.body().size()));
    }
    CHECK(get("/large", "br;q=0.1, gzip;q=0.2")[http::field::content_encoding] == "gzip");
    CHECK(get("/large", "identity").body() == large);
    CHECK(get("/short", "gzip").count(http::field::content_encoding) == 0);
    CHECK(get("/short", "gzip, identity;q=0")[http::field::content_encoding] == "gzip");
    CHECK(get("/fixed", "gzip").body() == large);
    CHECK(get("/page.html", "gzip")[http::field::content_encoding] == "gzip");
    reply const packed = get("/app.js", "gzip");
    CHECK(packed.body() == "packed");
    CHECK(packed[http::field::content_encoding] == "gzip");

    c.send("POST /say HTTP/1.1\r\nHost: a\r\nContent-Encoding: zstd\r\nContent-Length: 1\r\n\r\nx");
    CHECK(c.receive().result_int() == 415);
    server const off(script);
    client d(off.port());
    d.send("GET /large HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    CHECK(d.receive().body() == large);
}

TEST_CASE("bad words for the emitter end with 2 and one line") {
    auto const refused = [](std::vector<std::string> arguments, std::string_view what) {
        process p(std::move(arguments), "HTTPHOOKS_CONFORMANCE_EMITTER");
        std::string const line = p.line();
        INFO(line);
        CHECK(line.find(what) != line.npos);
        CHECK(p.line() == "");
        CHECK(p.wait() == 2);
    };
    refused({}, "NSP");
    refused({"--op"}, "--op");
    refused({"--redis", "foo", "/", "-", "-", "-", "[\"a\"]"}, "URL");
    refused({"--redis", "rediss://127.0.0.1", "/", "-", "-", "-", "[\"a\"]"},
            "conformance_emitter: ");
    refused({"--op", "a\n\nb\n", "/", "-", "-", "-", "[\"a\"]"}, "not a b");
    refused({"/", "-", "-", "-", "["}, "parse error");
}

TEST_CASE("bad options and bad scripts end with 2 and one line") {
    auto const refused = [](std::vector<std::string> arguments, std::string_view what) {
        process p(std::move(arguments));
        std::string const line = p.line();
        INFO(line);
        CHECK(line.find(what) != line.npos);
        CHECK(p.line() == "");
        CHECK(p.wait() == 2);
    };
    refused({"--nonsense"}, "--nonsense");
    refused({"--port"}, "--port");
    refused({"--responders", "some"}, "--responders");
    refused({"--port", "70000"}, "70000");
    refused({"--threads", "0"}, "--threads");
    refused({"--threads", "1025"}, "--threads");
    refused({"--hooks", "/nonexistent/script"}, "/nonexistent/script");
    refused({"--www", "/nonexistent/folder"}, "/nonexistent/folder");
    refused({"--tls", "/nonexistent/certificate", "/nonexistent/key"}, "conformance_server: ");
    refused({"--cors", "nonsense"}, "nonsense");
    refused({"--cors", "https://a.example/"}, "https://a.example/");
    refused({"--trusted-proxy", "x"}, "x");
    std::vector<std::string> const cluster{"--app", "cluster", "--cluster"};
    auto const refused_cluster = [&](std::vector<std::string> more, std::string_view what) {
        more.insert(more.begin(), cluster.begin(), cluster.end());
        refused(std::move(more), what);
    };
    refused_cluster({"redis", "--redis", "foo"}, "URL");
    refused_cluster({"redis-sharded", "--redis", "foo"}, "URL");
    refused_cluster({"redis-streams", "--redis", "foo"}, "URL");
    refused_cluster({"redis", "--redis", "rediss://127.0.0.1"}, "not supported");
    refused_cluster({"postgres", "--postgres", "x y"}, "PostgreSQL");
    auto const refused_script = [&](std::string const& script, std::string_view what) {
        temporary_file const file(script);
        refused({"--hooks", file.path()}, what);
    };
    refused_script("[", "parse error");
    refused_script("", "/httphooks-");
    refused_script("{}", "array");
    refused_script(R"([{"type":"responder","pattern":"/","do":"pass"},{"name":"q"}])",
                   "entry 1 (\"q\")");
    refused_script(R"([{"type":"responder","pattern":"/","do":"end"}])", "cannot end");
    refused_script(R"([{"type":"responder","pattern":"/:","do":"pass"}])", "entry 0");
    refused_script(R"([{"type":"responder","pattern":"/","do":"pass","fallback":1}])", "entry 0");
    refused_script(R"([{"type":"pre-responder","pattern":"/","do":"pass","fallback":true}])",
                   "\"fallback\"");
    refused_script(R"([{"type":"responder","pattern":"/","do":"pass","needs_body":false}])",
                   "\"needs_body\"");
    refused_script(R"([{"type":"responder","pattern":"/","do":"pass","delay_ms":-1}])",
                   "\"delay_ms\"");
    refused_script(R"([{"type":"responder","pattern":"/","do":"pass","delay_ms":0.5}])",
                   "\"delay_ms\"");
    refused_script(R"([{"type":"responder","pattern":"/","do":"pass","status":4294967496}])",
                   "\"status\"");
}
