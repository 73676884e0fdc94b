// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/sessions.hpp>
#include <httphooks/testing.hpp>
#include <httphooks/websocket/dispatch.hpp>

#include "support/catch.hpp"
#include "support/websocket.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
using nlohmann::json;
using support::client_frame;
using support::client_text;
using support::memory_client;
using list = std::vector<std::string>;

namespace {

/// A server of hooks over WebSocket, whose hook for /later answers when it is told to.
struct dispatch_fixture {
    explicit dispatch_fixture(ws::dispatch_options o = {}) {
        hooks().get("/hello/:name",
                    [](auto& c) { return hh::text("Hello, ", c.param("name"), "!"); });
        hooks().post("/echo", [](auto& c) { return c.request().body(); });
        hooks().get("/later/:n", [this](auto& c, auto done) {
            later.emplace_back([&c, done, n = std::string(c.param("n"))]() mutable {
                c.set_response(hh::status::ok, n);
                done();
            });
        });
        ws::dispatch(socket, hooks(), o);
        server.settings->mounts.add(socket);
    }

    hh::registry& hooks() { return server.registry; }

    /// Sends a message; gives the answers, as JSON.
    std::vector<json> ask(memory_client& c, std::string const& text) {
        c.send(client_text(text));
        return answers(c);
    }
    std::vector<json> answers(memory_client& c) {
        std::vector<json> all;
        for (std::string const& frame : server.frames(c)) {
            REQUIRE(frame.starts_with("text:"));
            all.push_back(json::parse(frame.substr(5)));
        }
        return all;
    }
    void answer_later(std::size_t which) {
        later.at(which)();
        server.run();
    }

    std::vector<std::function<void()>> later{};
    support::websocket_server server{};
    ws::server socket{server.context.get_executor(), {.path = "/ws-hooks"}};
};

std::string later(int n, std::string const& id = {}) {
    return "{" + (id.empty() ? "" : "\"id\":" + id + ",") + R"("method":"GET","url":"/later/)" +
           std::to_string(n) + "\"}";
}

}  // namespace

TEST_CASE("A message is answered by the hooks, with the headers of a reply") {
    dispatch_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    auto const got = f.ask(c, R"({"method":"get","url":"/hello/World"})");
    REQUIRE(got.size() == 1);
    CHECK(got[0]["statusCode"] == 200);
    CHECK(got[0]["content"] == "Hello, World!");
    CHECK(got[0]["headers"]["Content-Type"] == "text/plain; charset=utf-8");
    CHECK(got[0]["headers"]["Content-Length"] == "13");
    CHECK(got[0]["headers"].contains("Date"));
    CHECK_FALSE(got[0].contains("id"));
}

TEST_CASE("Ids are echoed as they were, as the first member") {
    dispatch_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    for (std::string const id : {"1", "\"a\\u0062\"", "null", "{\"x\":[1]}", "-1.50", "true"}) {
        list const got =
            f.server.ask(c, client_text("{\"id\":" + id + R"(,"method":"GET","url":"/hello/x"})"));
        REQUIRE(got.size() == 1);
        CHECK(got[0].starts_with("text:{\"id\":" + id + ",\"statusCode\":200,"));
    }
}

TEST_CASE("What is not a request is answered with 400, and the connection goes on") {
    dispatch_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    for (std::string const bad :
         {"", "x", "[]", "{}", R"({"method":"GET"})", R"({"method":"GET","url":"nowhere"})",
          R"({"method":"GET","url":"/","headers":{"a b":"c"}})"}) {
        auto const got = f.ask(c, bad);
        REQUIRE(got.size() == 1);
        CHECK(got[0]["statusCode"] == 400);
        CHECK(got[0]["headers"].contains("Content-Length"));
    }
    auto const with_id = f.ask(c, R"({"id":7,"method":"GET"})");
    CHECK(with_id.at(0)["statusCode"] == 400);
    CHECK(with_id.at(0)["id"] == 7);
    c.send(client_frame(ws::opcode::binary, R"({"method":"GET","url":"/hello/x"})"));
    CHECK(f.answers(c).at(0)["statusCode"] == 400);
    CHECK(f.ask(c, R"({"method":"BREW","url":"/hello/x"})").at(0)["statusCode"] == 501);
    CHECK(f.ask(c, R"({"method":"HEAD","url":"/hello/x"})").at(0)["content"] == "");
    CHECK(f.ask(c, R"({"method":"GET","url":"/none"})").at(0)["statusCode"] == 404);
    CHECK(f.ask(c, R"({"method":"GET","url":"/hello/x"})").at(0)["statusCode"] == 200);
}

TEST_CASE("on_failure makes the answers to what is no request, and to failures, as over HTTP") {
    support::websocket_server server;
    list told;
    server.registry =
        hh::registry(server.context.get_executor(), {.on_failure = [&](auto const& f) {
                         told.push_back(std::string(hh::to_string(f.reason)) + " " + f.what());
                         return hh::make_response(f.status, "failed", "text/failure");
                     }});
    list listened;
    server.registry.get("/a", [](auto&) { return "a"; });
    server.registry.response_listener(hh::any_verb, "/*", [&](auto& c) {
        listened.push_back(std::string(c.request().target()) + " " +
                           std::string(hh::to_string(c.origin().transport())));
    });
    ws::server socket(server.context.get_executor(), {.path = "/ws-hooks"});
    ws::dispatch(socket, server.registry);
    server.settings->mounts.add(socket);
    memory_client c = server.open("/ws-hooks");
    auto const expect = [&](std::string const& message, int status, std::string const& id = {}) {
        list const got = server.ask(c, client_text(message));
        REQUIRE(got.size() == 1);
        json const answer = json::parse(got[0].substr(5));
        CHECK(answer.at("statusCode") == status);
        CHECK(answer.at("content") == "failed");
        CHECK(answer.at("headers").at("Content-Type") == "text/failure");
        CHECK(answer.at("headers").at("Content-Length") == "6");
        CHECK_FALSE(answer.at("headers").contains("Connection"));
        CHECK(answer.value("id", "") == id);
    };
    expect("x", 400);
    expect(R"({"id":"i","method":"GET","url":"/a","headers":{"a b":"c"}})", 400, "i");
    expect(R"({"method":"BREW","url":"/a"})", 501);
    expect(R"({"method":"GET","url":"/none"})", 404);
    expect(R"({"method":"PUT","url":"/a"})", 405);
    CHECK(told == list{"refused invalid envelope", "refused invalid header field name",
                       "refused unknown method", "no-match no-match",
                       "method-not-allowed method-not-allowed"});
    CHECK(listened ==
          list{" websocket", "/a websocket", "/a websocket", "/none websocket", "/a websocket"});
}

TEST_CASE("Content that is no JSON is answered with 400 when a hook asks for it") {
    dispatch_fixture f;
    f.hooks().post("/json", [](auto& c) { return c.json(); });
    memory_client c = f.server.open("/ws-hooks");
    auto const got = f.ask(c, R"({"id":1,"method":"POST","url":"/json","content":"{]"})");
    REQUIRE(got.size() == 1);
    CHECK(got[0]["statusCode"] == 400);
    CHECK(got[0]["headers"]["Content-Type"] == "application/json");
    CHECK(got[0]["content"] == R"({"error":"Malformed JSON"})");
    CHECK(f.ask(c, R"({"method":"POST","url":"/json","content":[1]})").at(0)["content"] == "[1]");
}

TEST_CASE("Answers with an id come when they are ready, others in order") {
    dispatch_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    f.ask(c, later(0));
    f.ask(c, later(1));
    f.ask(c, later(2, "2"));
    CHECK(f.ask(c, "bad").empty());
    CHECK(f.ask(c, R"({"method":"GET","url":"/hello/x"})").empty());
    CHECK(f.ask(c, R"({"id":9,"method":"GET","url":"/hello/x"})").at(0)["id"] == 9);
    REQUIRE(f.later.size() == 3);
    f.answer_later(1);
    CHECK(f.answers(c).empty());
    f.answer_later(2);
    CHECK(f.answers(c).at(0)["id"] == 2);
    f.answer_later(0);
    auto const got = f.answers(c);
    REQUIRE(got.size() == 4);
    CHECK(got[0]["content"] == "0");
    CHECK(got[1]["content"] == "1");
    CHECK(got[2]["statusCode"] == 400);
    CHECK(got[3]["content"] == "Hello, x!");
}

TEST_CASE("When many requests are under way, reading pauses until one is answered") {
    dispatch_fixture f({.in_flight = 3});
    memory_client c = f.server.open("/ws-hooks");
    std::string all;
    for (int i = 0; i < 8; ++i) all += client_text(later(i, std::to_string(i)));
    c.send(all);
    f.server.run();
    CHECK(f.later.size() == 3);
    for (std::size_t i = 0; i < 8; ++i) {
        REQUIRE(f.later.size() == std::min<std::size_t>(8, i + 3));
        f.answer_later(i);
        CHECK(f.answers(c).at(0)["id"] == i);
    }
}

TEST_CASE("When the connection goes, its requests are cancelled and nothing is left") {
    for (bool const reset : {false, true}) {
        dispatch_fixture f;
        memory_client c = f.server.open("/ws-hooks");
        f.ask(c, later(0, "0"));
        f.ask(c, later(1));
        if (reset)
            c.reset();
        else
            c.send(support::client_close(1000));
        f.server.run();
        CHECK(f.hooks().stats().exchanges == 0);
        c.finish();
        f.server.run();
        CHECK(f.server.open_connections() == 0);
    }
}

TEST_CASE("When the connection goes behind a message that waits, its requests are cancelled, too") {
    for (bool const reset : {false, true}) {
        dispatch_fixture f({.in_flight = 2});
        memory_client c = f.server.open("/ws-hooks");
        for (int i = 0; i < 3; ++i) c.send(client_text(later(i, std::to_string(i))));
        f.server.run();
        CHECK(f.hooks().stats().exchanges == 2);
        reset ? c.reset() : c.finish();
        f.server.run();
        CHECK(f.later.size() == 2);
        CHECK(f.hooks().stats().exchanges == 0);
        CHECK(f.server.open_connections() == 0);
    }
}

TEST_CASE("Hooks see where a message came from") {
    dispatch_fixture f;
    std::string seen;
    f.hooks().get("/origin", [&seen](auto& c) {
        hh::origin const& o = c.origin();
        seen = std::string(hh::to_string(o.transport())) + " " + o.peer().address().to_string() +
               " " + std::string(o.handshake()->target()) + " " +
               std::string((*o.handshake())["X-Token"]);
        return hh::status::ok;
    });
    memory_client c = f.server.open("/ws-hooks?a=b", "X-Token: secret\r\n");
    f.ask(c, R"({"method":"GET","url":"/origin","headers":{"X-Token":"claimed"}})");
    CHECK(seen == "websocket 192.0.2.7 /ws-hooks?a=b secret");
}

TEST_CASE("Hooks may send to the client of a message, then and later") {
    dispatch_fixture f;
    hh::origin kept;
    f.hooks().get("/subscribe", [&kept](auto& c) {
        kept = c.origin();
        CHECK(kept.push("at once"));
        return "subscribed";
    });
    memory_client c = f.server.open("/ws-hooks");
    list const got = f.server.ask(c, client_text(R"({"method":"GET","url":"/subscribe"})"));
    REQUIRE(got.size() == 2);
    CHECK(got[0] == "text:at once");
    CHECK(got[1].find("subscribed") != std::string::npos);
    CHECK(kept.push("later"));
    CHECK(f.server.frames(c) == list{"text:later"});
    c.reset();
    f.server.run();
    CHECK_FALSE(kept.push("too late"));
}

TEST_CASE("A file is read whole into its answer") {
    dispatch_fixture f;
    f.hooks().get("/file", [](auto& c) {
        c.set_response(hh::make_response(hh::status::ok),
                       std::make_shared<hh::file_body>(::open("/dev/zero", O_RDONLY), 0, 200'000));
    });
    memory_client c = f.server.open("/ws-hooks");
    auto const got = f.ask(c, R"({"method":"GET","url":"/file"})");
    REQUIRE(got.size() == 1);
    CHECK(got[0]["headers"]["Content-Length"] == "200000");
    CHECK(got[0]["content"].get<std::string>() == std::string(200'000, '\0'));
}

TEST_CASE("Bodies that are not UTF-8 travel as base64, both ways") {
    dispatch_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    auto const got =
        f.ask(c, R"({"method":"POST","url":"/echo","content":"/wA=","contentEncoding":"base64"})");
    CHECK(got.at(0)["content"] == "/wA=");
    CHECK(got.at(0)["contentEncoding"] == "base64");
    CHECK(got.at(0)["headers"]["Content-Length"] == "2");
    std::string const large(200'000, 'x');
    CHECK(f.ask(c, R"({"method":"POST","url":"/echo","content":")" + large + "\"}")
              .at(0)["content"] == large);
}

TEST_CASE(
    "A message has the session of the request that opened its socket, not one that it claims") {
    dispatch_fixture f;
    hh::sessions const sessions;
    f.hooks().post("/login", [sessions](auto& c) {
        sessions.of(c).rotate();
        sessions.of(c).set("user", "ann");
    });
    f.hooks().get("/user", [sessions](auto& c) { return sessions.of(c).get("user"); });
    auto const login = hh::testing::inject(f.hooks(), hh::request(hh::verb::post, "/login", 11));
    std::string cookie(login[hh::field::set_cookie]);
    cookie.resize(cookie.find(';'));

    memory_client ann = f.server.open("/ws-hooks", "Cookie: " + cookie + "\r\n");
    CHECK(f.ask(ann, R"({"method":"GET","url":"/user"})").at(0)["content"] == "ann");
    CHECK(f.ask(ann, R"({"method":"GET","url":"/user","headers":{"cookie":"sid=x"}})")
              .at(0)["content"] == "ann");
    CHECK(f.ask(ann, R"({"method":"POST","url":"/login"})").at(0)["statusCode"] == 500);

    memory_client bob = f.server.open("/ws-hooks");
    CHECK(f.ask(bob, R"({"method":"GET","url":"/user","headers":{"cookie":")" + cookie + "\"}}")
              .at(0)["content"] == "");
}
