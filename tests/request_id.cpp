// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/server.hpp>
#include <httphooks/request_id.hpp>
#include <httphooks/websocket/dispatch.hpp>
#include <httphooks/websocket/server.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/http_peer.hpp"
#include "support/websocket_peer.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

constexpr std::string_view trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

registry_options with_ids(request_id_options o = {}) {
    registry_options options;
    options.request_id.emplace(std::move(o));
    return options;
}

/// Makes "id-1", "id-2", ...
request_id_options numbered() {
    request_id_options o;
    o.make = [n = std::make_shared<int>(0)] { return "id-" + std::to_string(++*n); };
    return o;
}

bool is_made(std::string_view id) {
    return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == id.npos;
}

/// The id of the reply to a request that a proxy passed on, or that came from its client.
std::string id_of(fixture& t, bool proxied, std::initializer_list<std::string_view> fields) {
    request r = make_request(verb::get, "/x");
    for (std::string_view const f : fields) {
        std::size_t const colon = f.find(':');
        r.insert(f.substr(0, colon), f.substr(colon + 1));
    }
    origin const from(transport::http, {}, false, nullptr, nullptr, proxied);
    return std::string(testing::inject(t.hooks, std::move(r), from)["X-Request-Id"]);
}

/// A server on threads of its own, with ids, and a WebSocket whose messages are requests.
struct identified_server {
    fixture t{with_ids(numbered())};
    websocket::server socket{t.hooks.get_executor(), {.path = "/ws"}};
    std::optional<http::server> web;
    std::thread thread;

    explicit identified_server(http::options o = {}) {
        o.address = "127.0.0.1";
        t.hooks.get("/id", [](auto& c) { return std::string(c.request_id()); });
        t.hooks.post("/id", [](auto& c) { return std::string(c.request_id()); });
        websocket::dispatch(socket, t.hooks);
        web.emplace(t.context.get_executor(), t.hooks, std::move(o));
        web->mount(socket);
        web->listen();
        web->async_run([](error_code) {});
        thread = std::thread([this] { t.context.run(); });
    }
    ~identified_server() {
        web->stop();
        t.context.stop();
        thread.join();
    }
};

}  // namespace

TEST_CASE("without the option requests have no ids") {
    fixture t;
    std::string seen = "none";
    t.hooks.get("/x", [&](auto& c) {
        seen = c.request_id();
        return "x";
    });
    CHECK_FALSE(t.get("/x").contains("X-Request-Id"));
    CHECK(seen.empty());
}

TEST_CASE("every hook sees the id that the reply has, and each request has another") {
    fixture t(with_ids());
    std::set<std::string> seen;
    t.hooks.request_listener(any_verb, "/*", [&](auto& c) { seen.emplace(c.request_id()); });
    t.hooks.pre_responder(any_verb, "/*", [&](auto& c) {
        seen.emplace(c.request_id());
        c.pass();
    });
    t.hooks.get("/x", [&](auto& c) {
        seen.emplace(c.request_id());
        return "x";
    });
    t.hooks.response_listener(any_verb, "/*", [&](auto& c) {
        CHECK(c.response()["X-Request-Id"] == c.request_id());
        seen.emplace(c.request_id());
    });
    std::string const first(t.get("/x")["X-Request-Id"]);
    CHECK(is_made(first));
    CHECK(seen == std::set{first});
    CHECK(t.get("/x")["X-Request-Id"] != first);
    CHECK(seen.size() == 2);
}

TEST_CASE("replies that the hooks did not make have the id, too") {
    fixture t(with_ids());
    t.hooks.get("/x", [](auto&) { return "x"; });
    t.hooks.get("/throws", [](auto&) -> std::string { throw std::runtime_error("no"); });
    t.hooks.put("/small", [](auto&) { return "x"; }, {.body_limit = 1});
    t.hooks.pre_responder(any_verb, "/guarded",
                          [](auto& c) { c.set_response(status::forbidden, "no"); });
    for (auto const& [method, target, expected] :
         {std::tuple{verb::get, "/nowhere", 404}, std::tuple{verb::post, "/x", 405},
          std::tuple{verb::options, "/x", 204}, std::tuple{verb::options, "*", 204},
          std::tuple{verb::get, "/throws", 500}, std::tuple{verb::get, "/guarded", 403},
          std::tuple{verb::get, "/%zz", 400}, std::tuple{verb::put, "/small", 413}}) {
        INFO(target);
        response const r = t.send(method, target, "body");
        CHECK(r.result_int() == static_cast<unsigned>(expected));
        CHECK(is_made(r["X-Request-Id"]));
        CHECK(r.count("X-Request-Id") == 1);
    }
}

TEST_CASE("a hook cannot write another id into the reply") {
    fixture t(with_ids(numbered()));
    t.hooks.get("/x", [](auto& c) {
        c.reply_headers().set("X-Request-Id", "forged");
        response r = text("x");
        r.set("x-request-id", "forged too");
        return r;
    });
    response const r = t.get("/x");
    CHECK(r["X-Request-Id"] == "id-1");
    CHECK(r.count("X-Request-Id") == 1);
}

TEST_CASE("the id of a request is taken from a trusted proxy, and from nobody else") {
    fixture t(with_ids(numbered()));
    CHECK(id_of(t, true, {"X-Request-Id: abc-1"}) == "abc-1");
    CHECK(id_of(t, false, {"X-Request-Id: abc-1"}) == "id-1");
    std::string const parent = "traceparent:" + std::string(trace);
    CHECK(id_of(t, true, {parent}) == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(id_of(t, true, {parent, "X-Request-Id: abc-1"}) == "abc-1");
    CHECK(id_of(t, false, {parent}) == "id-2");
}

TEST_CASE("what is no id is not taken, from a trusted proxy neither") {
    fixture t(with_ids());
    for (std::string const bad :
         {"", "a b", "a\"b", "a\\b", "a,b", "<script>", "\xc3\xa4", "a\tb", "{}"})
        CHECK(is_made(id_of(t, true, {"X-Request-Id:" + bad})));
    CHECK(id_of(t, true, {"X-Request-Id:" + std::string(128, 'a')}) == std::string(128, 'a'));
    CHECK(is_made(id_of(t, true, {"X-Request-Id:" + std::string(129, 'a')})));
    CHECK(is_made(id_of(t, true, {"X-Request-Id: a", "X-Request-Id: b"})));
}

TEST_CASE("a traceparent is read as W3C says") {
    CHECK(trace_id(trace) == "4bf92f3577b34da6a3ce929d0e0e4736");
    auto const changed = [](std::size_t at, std::string_view with) {
        return std::string(trace).replace(at, with.size(), with);
    };
    CHECK(trace_id(changed(0, "01") + "-more") == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(trace_id(changed(0, "cc")) == "4bf92f3577b34da6a3ce929d0e0e4736");
    for (std::string const& bad :
         {std::string(), changed(0, "ff"), changed(0, "0x"), std::string(trace) + "-more",
          changed(0, "01") + "more", std::string(trace.substr(0, 54)), changed(3, "4BF9"),
          changed(3, std::string(32, '0')), changed(36, std::string(16, '0')), changed(35, "_"),
          changed(52, "_"), changed(53, "zz")}) {
        INFO(bad);
        CHECK(trace_id(bad).empty());
    }
}

TEST_CASE("whom to trust, the field and how ids are made is for the options to say") {
    request_id_options o = numbered();
    o.header = "X-Correlation-Id";
    o.traceparent = false;
    o.trusted = [](request const& r, origin const&) { return r["X-Key"] == "secret"; };
    fixture t(with_ids(std::move(o)));
    auto const ask = [&](std::string_view key, std::string_view field) {
        request r = make_request(verb::get, "/x");
        r.set("X-Key", key);
        r.set(field, field == "traceparent" ? trace : "given");
        return std::string(t.send(std::move(r))["X-Correlation-Id"]);
    };
    CHECK(ask("secret", "X-Correlation-Id") == "given");
    CHECK(ask("guess", "X-Correlation-Id") == "id-1");
    CHECK(ask("secret", "X-Request-Id") == "id-2");
    CHECK(ask("secret", "traceparent") == "id-3");
    for (std::string const bad : {"", "a b", "Content-Length", "a:"}) {
        request_id_options wrong;
        wrong.header = bad;
        CHECK_THROWS_AS(request_id(wrong), std::invalid_argument);
    }
}

TEST_CASE("functions that fail do not leave a request without an id") {
    request_id_options o;
    o.make = [n = std::make_shared<int>(0)]() -> std::string {
        if (++*n == 1) throw std::runtime_error("no");
        return "line\r\nX-Injected: 1";
    };
    fixture t(with_ids(o));
    CHECK(is_made(t.get("/x")["X-Request-Id"]));
    CHECK(is_made(t.get("/x")["X-Request-Id"]));
    o.make = nullptr;
    o.trusted = [](request const&, origin const&) -> bool { throw std::runtime_error("no"); };
    fixture u(with_ids(o));
    CHECK(is_made(u.get("/x")["X-Request-Id"]));
}

TEST_CASE("an error of a hook is reported with the id of its request") {
    journal told;
    registry_options o = with_ids(numbered());
    asio::io_context context;
    o.error_handler = [&](hook_error const& e) { told.add(std::string(e.request_id)); };
    registry hooks(context.get_executor(), o);
    hooks.get("/throws", [](auto&) -> std::string { throw std::runtime_error("no"); });
    hooks.get("/later", [](auto&) -> asio::awaitable<std::string> {
        co_await turns();
        throw std::runtime_error("no");
    });
    hooks.response_listener(any_verb, "/later", [](auto&) -> asio::awaitable<void> {
        co_await turns();
        throw std::runtime_error("no");
    });
    testing::inject(hooks, make_request(verb::get, "/throws"));
    testing::inject(hooks, make_request(verb::get, "/later"));
    CHECK(told.entries() == std::vector<std::string>{"id-1", "id-2", "id-2"});
}

TEST_CASE("what a server refuses before its hooks has an id, too") {
    identified_server s({.body_limit = 3});
    std::string const fields = "Host: a\r\nX-Request-Id: forged\r\n";
    for (auto const& [bytes, expected] :
         {std::pair{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
          std::pair{"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
          std::pair{"POST /id HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n", 413},
          std::pair{"BREW /id HTTP/1.1\r\nHost: a\r\n\r\n", 501},
          std::pair{"GET /id HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501}}) {
        INFO(bytes);
        support::http_peer client(s.web->port());
        client.send_raw(bytes);
        auto const r = client.reply();
        CHECK((r.status == expected || (expected == 501 && r.status == 400)));
        CHECK(r["X-Request-Id"].starts_with("id-"));
    }
    support::http_peer client(s.web->port());
    client.send_raw("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n" + fields + "\r\n");
    auto const r = client.reply();
    CHECK(r.status == 414);
    CHECK(r["X-Request-Id"].starts_with("id-"));
}

TEST_CASE("a server believes the ids of its trusted proxies") {
    identified_server s({.trusted_proxies = {"127.0.0.1"}});
    support::http_peer client(s.web->port());
    auto const r = client.ask("GET", "/id", {{"X-Request-Id", "from-proxy"}});
    CHECK(r["X-Request-Id"] == "from-proxy");
    CHECK(r.body == "from-proxy");
    client.send_raw("GET /id HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: from-proxy\r\n\r\n");
    CHECK(client.reply()["X-Request-Id"] == "from-proxy");
}

TEST_CASE("a server believes the id of nobody else") {
    identified_server s;
    support::http_peer client(s.web->port());
    auto const r = client.ask("GET", "/id", {{"X-Request-Id", "forged"}});
    CHECK(r["X-Request-Id"] == "id-1");
    CHECK(r.body == "id-1");
}

TEST_CASE("each message of a socket has an id of its own, whatever it says of itself") {
    identified_server s({.trusted_proxies = {"127.0.0.1"}});
    support::websocket_peer peer(s.web->port(), "/ws", {{"X-Request-Id", "handshake"}});
    CHECK(peer.reply().status == 101);
    CHECK(peer.reply()["X-Request-Id"] == "handshake");
    for (std::string const id : {"id-1", "id-2"}) {
        peer.send(R"({"method":"GET","url":"/id","headers":{"X-Request-Id":"forged"}})");
        auto const answer = nlohmann::json::parse(peer.frame().payload);
        CHECK(answer.at("headers").at("X-Request-Id") == id);
        CHECK(answer.at("content") == id);
    }
    peer.send("no request");
    auto const answer = nlohmann::json::parse(peer.frame().payload);
    CHECK(answer.at("statusCode") == 400);
    CHECK(answer.at("headers").at("X-Request-Id") == "id-3");
}

TEST_CASE("what a mount answers has the id of its request") {
    identified_server s;
    support::http_peer client(s.web->port());
    auto const r = client.ask("GET", "/ws");
    CHECK(r.status == 426);
    CHECK(r["X-Request-Id"] == "id-1");
}
