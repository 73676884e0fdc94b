// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/detail/envelope_source.hpp>
#include <httphooks/sockjs/dispatch.hpp>
#include <httphooks/sockjs/frame.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket_peer.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

using support::service_options;
using support::sockjs_services;
using support::tally;
using support::websocket_peer;
namespace hh = httphooks;
using json = nlohmann::json;

namespace {

/// A server whose messages are requests, and hooks that a test completes by hand.
struct hooked {
    explicit hooked(hh::sockjs::dispatch_options o = {}, unsigned threads = 1,
                    hh::registry_options r = {})
        : registry(context.get_executor(), std::move(r)), services(threads) {
        registry.responder(hh::any_verb, "/hook*", [](hh::responder_context& c) {
            return hh::make_response(
                hh::status::ok, "Welcome to '" + std::string(c.path()) + "'... Hello world! :)",
                "text/html");
        });
        registry.post("/echo", [](hh::responder_context& c) {
            return hh::make_response(hh::status::ok, c.request().body(), "text/plain");
        });
        registry.get("/origin", [](hh::responder_context& c) {
            auto const& from = c.origin();
            auto const target = from.handshake()->target();
            return hh::text(hh::to_string(from.transport()), " ", from.peer().address().to_string(),
                            " ", std::string_view(target.data(), target.size()));
        });
        registry.get("/push", [](hh::responder_context& c) {
            c.origin().push("pushed");
            return hh::text("done");
        });
        registry.get("/wait/:n", [this](hh::responder_context& c, auto done) {
            c.set_response(hh::text("waited ", c.param("n")));
            std::lock_guard const lock(mutex);
            waiting.push_back([d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); });
            started.add();
        });
        auto& server = services.add(service_options("/hooks"), nullptr);
        hh::sockjs::dispatch(server, registry, o);
    }
    ~hooked() {
        std::lock_guard const lock(mutex);
        waiting.clear();
    }

    /// Lets a hook that waits answer.
    void release(std::size_t i) {
        std::lock_guard const lock(mutex);
        waiting.at(i)();
    }

    boost::asio::io_context context{};
    hh::registry registry;
    std::mutex mutex{};
    std::vector<std::function<void()>> waiting{};
    tally started{};
    sockjs_services services;
};

/// A request as a frame of the client.
std::string frame(json const& message) {
    return json::array({message.dump()}).dump();
}

/// The message in a frame with one message.
json message_of(std::string const& f) {
    if (!f.starts_with("a[")) return f;
    return json::parse(json::parse(f.substr(1)).at(0).get<std::string>());
}

}  // namespace

TEST_CASE("a hook on everything answers a message with its path") {
    hooked h;
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send(
        R"(["{\"method\":\"GET\",\"url\":\"/hook\",\"headers\":{\"Content-Type\":\"application/json\"},\"content\":\"{\\\"message\\\":\\\"Hello World\\\"}\"}"])");
    json const r = message_of(ws.text());
    CHECK(r["statusCode"] == 200);
    CHECK(r["content"] == "Welcome to '/hook'... Hello world! :)");
    CHECK(r["headers"]["Content-Type"] == "text/html");
    CHECK(r["headers"].contains("Date"));
    CHECK(r["headers"]["Content-Length"] == "37");
}

TEST_CASE("requests and replies go over polling too") {
    hooked h;
    CHECK(h.services.post("/hooks/0/s/xhr").body == "o\n");
    CHECK(
        h.services
            .post("/hooks/0/s/xhr_send",
                  frame({{"id", 7}, {"method", "post"}, {"url", "/echo"}, {"content", "\xc3\xa4"}}))
            .status == 204);
    std::string body = h.services.post("/hooks/0/s/xhr").body;
    body.pop_back();
    json const r = message_of(body);
    CHECK(r["id"] == 7);
    CHECK(r["content"] == "\xc3\xa4");
}

TEST_CASE("an id of any type comes back first, as it was written") {
    hooked h;
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    for (std::string const id : {"1", "\"a\"", "null", "{\"x\":[1, 2]}"}) {
        ws.send(json::array({"{\"id\":" + id + ",\"method\":\"GET\",\"url\":\"/hook\"}"}).dump());
        std::string const text = json::parse(ws.text().substr(1)).at(0);
        CHECK(text.starts_with("{\"id\":" + id + ",\"statusCode\":200,"));
    }
}

TEST_CASE("binary content goes as base64 both ways") {
    hooked h;
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send(frame({{"method", "POST"},
                   {"url", "/echo"},
                   {"content", "//8A"},
                   {"contentEncoding", "base64"}}));
    json const r = message_of(ws.text());
    CHECK(r["content"] == "//8A");
    CHECK(r["contentEncoding"] == "base64");
}

TEST_CASE("a message that is no request is answered with 400, and the connection goes on") {
    hooked h;
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    for (std::string const message :
         {"", "x", "[]", "{}", "{\"method\":\"GET\"}", "{\"id\":3,\"url\":\"/hook\"}"}) {
        ws.send(json::array({message}).dump());
        CHECK(message_of(ws.text())["statusCode"] == 400);
    }
    ws.send(frame({{"method", "GET"}, {"url", "/hook"}}));
    CHECK(message_of(ws.text())["statusCode"] == 200);
    ws.send(frame({{"method", "BREW"}, {"url", "/hook"}}));
    CHECK(message_of(ws.text())["statusCode"] == 501);
}

TEST_CASE("on_failure makes the answer to a message that is no request") {
    hooked h({}, 1, {.on_failure = [](hh::failure const& f) {
                 return hh::make_response(f.status,
                                          std::string(hh::to_string(f.reason)) + " over " +
                                              std::string(hh::to_string(f.origin.transport())));
             }});
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send(R"(["nonsense"])");
    json r = message_of(ws.text());
    CHECK(r["statusCode"] == 400);
    CHECK(r["content"] == "refused over sockjs");
    ws.send(frame({{"id", 1}, {"method", "GET"}, {"url", "/none"}}));
    r = message_of(ws.text());
    CHECK(r["id"] == 1);
    CHECK(r["content"] == "no-match over sockjs");
}

TEST_CASE("answers with an id come when they are ready, others in order") {
    hooked h;
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    ws.send(frame({{"method", "GET"}, {"url", "/wait/1"}}));
    ws.send(frame({{"id", 2}, {"method", "GET"}, {"url", "/wait/2"}}));
    ws.send(frame({{"method", "GET"}, {"url", "/hook"}}));
    ws.send(frame({{"id", 4}, {"method", "GET"}, {"url", "/hook"}}));
    CHECK(message_of(ws.text())["id"] == 4);
    CHECK(h.started.reaches(2));
    h.release(1);
    CHECK(message_of(ws.text())["content"] == "waited 2");
    h.release(0);
    CHECK(message_of(ws.text())["content"] == "waited 1");
    CHECK(message_of(ws.text())["content"] == "Welcome to '/hook'... Hello world! :)");
}

TEST_CASE("hooks see where a request came from, and can send to the client besides") {
    hooked h;
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket?q=1", {{"Cookie", "a=b"}});
    CHECK(ws.text() == "o");
    ws.send(frame({{"method", "GET"}, {"url", "/origin"}, {"headers", {{"Host", "evil"}}}}));
    CHECK(message_of(ws.text())["content"] == "sockjs 127.0.0.1 /hooks/0/s/websocket?q=1");
    ws.send(frame({{"method", "GET"}, {"url", "/push"}}));
    CHECK(ws.text() == "a[\"pushed\"]");
    CHECK(message_of(ws.text())["content"] == "done");
}

TEST_CASE("more requests than allowed wait, and xhr_send with them") {
    hooked h({.in_flight = 2});
    CHECK(h.services.post("/hooks/0/s/xhr").body == "o\n");
    json const one{{"method", "GET"}, {"url", "/wait/1"}};
    auto sender = h.services.peer();
    sender.send("POST", "/hooks/0/s/xhr_send", {},
                json::array({one.dump(), one.dump(), one.dump()}).dump());
    CHECK(h.started.reaches(2));
    CHECK(h.services.ask("GET", "/hooks").status == 200);
    CHECK(h.started.count() == 2);
    h.release(0);
    CHECK(sender.reply().status == 204);
    CHECK(h.started.reaches(3));
    h.release(1);
    h.release(2);
}

TEST_CASE("requests are cancelled when their connection goes") {
    hooked h;
    {
        websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
        CHECK(ws.text() == "o");
        ws.send(frame({{"method", "GET"}, {"url", "/wait/1"}}));
        CHECK(h.started.reaches(1));
    }
    websocket_peer ws(h.services.port(), "/hooks/0/s/websocket");
    CHECK(ws.text() == "o");
    for (int i = 0; i < 1000 && h.registry.stats().exchanges > 0; ++i)
        h.services.ask("GET", "/hooks");
    CHECK(h.registry.stats().exchanges == 0);
}

TEST_CASE("the envelope of a response is quoted as any message") {
    std::mt19937 random(23);
    auto const text = [&random](unsigned mask) {
        std::string s;
        for (auto n = random() % 40; n != 0; --n) s.push_back(static_cast<char>(random() & mask));
        return s;
    };
    auto const value = [&](unsigned mask) {
        std::string s = text(mask);
        for (char& c : s)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '"';
        return s;
    };
    for (int round = 0; round < 3000; ++round) {
        unsigned const mask = round % 3 == 0 ? 0xff : round % 3 == 1 ? 0x7f : 0x5f;
        hh::response r(hh::status::ok, 11);
        for (auto n = random() % 4; n != 0; --n)
            r.insert("X-" + std::to_string(n % 2), value(mask));
        for (auto n = random() % 3; n != 0; --n) r.insert(hh::field::set_cookie, value(mask));
        r.body() = round % 5 == 0 ? std::string("\xe2\x80\xa8\"\xf0\x9f\x98\x80") : text(mask);
        std::string const id = round % 4 == 0 ? "" : round % 4 == 1 ? "17" : R"({"a":"\u2028\\"})";

        std::string const plain = hh::envelope::encode(r, id);
        std::string expected = "begin,a[";
        hh::sockjs::append_quoted(expected, plain);
        expected += "]";
        hh::sockjs::detail::envelope_source const source(r, id);
        std::string to = "begin,";
        source.append_quoted(to, "a[", "]");
        REQUIRE(to == expected);
        std::string again;
        source.append(again);
        REQUIRE(again == plain);
    }
}
