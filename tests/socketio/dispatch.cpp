// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/registry.hpp>
#include <httphooks/socketio/dispatch.hpp>

#include "support/catch.hpp"
#include "support/socketio_service.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;
using support::socketio_peer;
using support::socketio_service;

namespace {

sio::options with(sio::parser p) {
    sio::options o;
    o.parser = p;
    return o;
}

/// A server whose events are requests, and hooks that a test completes by hand.
struct hooked {
    explicit hooked(sio::dispatch_options o = {}, unsigned threads = 1,
                    sio::parser p = sio::parser::json, hh::registry_options r = {})
        : registry(context.get_executor(), std::move(r)), service(with(p), threads) {
        registry.responder(hh::any_verb, "/hook*", [](hh::responder_context& c) {
            return hh::make_response(
                hh::status::ok, "Welcome to '" + std::string(c.path()) + "'... Hello world! :)",
                "text/html");
        });
        registry.post("/echo", [](hh::responder_context& c) {
            return hh::make_response(hh::status::ok, c.request().body(), "text/plain");
        });
        registry.post("/type", [](hh::responder_context& c) {
            auto const type = c.request()[hh::field::content_type];
            return hh::text(std::string_view(type.data(), type.size()), " ", c.request().body());
        });
        registry.get("/origin", [](hh::responder_context& c) {
            auto const& from = c.origin();
            auto const target = from.handshake()->target();
            auto const host = c.request()[hh::field::host];
            return hh::text(hh::to_string(from.transport()), " ", from.peer().address().to_string(),
                            " ", std::string_view(target.data(), target.size()), " ",
                            std::string_view(host.data(), host.size()));
        });
        registry.get("/push", [](hh::responder_context& c) {
            return hh::text(c.origin().push("pushed") ? "sent" : "not sent");
        });
        registry.get("/note", [this](hh::responder_context&) {
            service.note("ran");
            return hh::text("noted");
        });
        registry.get("/wait/:n", [this](hh::responder_context& c, auto done) {
            c.set_response(hh::text("waited ", c.param("n")));
            std::lock_guard const lock(mutex);
            waiting.push_back([d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); });
            service.note("waits");
        });
        sio::dispatch(service.io().of("/"), registry, std::move(o));
    }
    ~hooked() {
        service.stop();
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
    socketio_service service;
};

/// A request as a packet. @param id of the acknowledgement; empty for none
std::string packet(json const& message, std::string const& id = "0") {
    return "2" + id + json::array({"request", message}).dump();
}

std::string get(std::string const& url, std::string const& id) {
    return packet({{"method", "GET"}, {"url", url}}, id);
}

/// The object of an acknowledgement, with its number as the member `ack`.
json answer_in(std::string const& text) {
    INFO(text);
    std::size_t const at = text.find('[');
    REQUIRE(text.substr(0, 1) == "3");
    json array = json::parse(text.substr(at));
    REQUIRE(array.size() == 1);
    array[0]["ack"] = text.substr(1, at - 1);
    return array[0];
}

}  // namespace

TEST_CASE("an event is a request, its acknowledgement the response") {
    hooked h;
    socketio_peer p(h.service);
    p.join();
    json const r = answer_in(p.ask(
        R"(27["request",{"method":"GET","url":"/hook","headers":{"Content-Type":"application/json"},"content":"{\"message\":\"Hello World\"}"}])"));
    CHECK(r["ack"] == "7");
    CHECK(r["statusCode"] == 200);
    CHECK(r["content"] == "Welcome to '/hook'... Hello world! :)");
    CHECK(r["headers"]["Content-Type"] == "text/html");
    CHECK(r["headers"].contains("Date"));
    CHECK(r["headers"]["Content-Length"] == "37");
    CHECK_FALSE(r.contains("id"));
}

TEST_CASE("requests with content, and of other types") {
    hooked h;
    socketio_peer p(h.service);
    p.join();
    json r =
        answer_in(p.ask(packet({{"method", "post"}, {"url", "/echo"}, {"content", "\xc3\xa4\n"}})));
    CHECK(r["content"] == "\xc3\xa4\n");
    r = answer_in(
        p.ask(packet({{"method", "POST"}, {"url", "/type"}, {"content", {{"a", {1, nullptr}}}}})));
    CHECK(r["content"] == R"(application/json {"a":[1,null]})");
    r = answer_in(
        p.ask(packet({{"method", "POST"}, {"url", "/echo"}, {"content", nullptr}, {"id", {1}}})));
    CHECK(r["content"] == "");
    CHECK(r["id"] == json::array({1}));
    CHECK(answer_in(p.ask(packet({{"method", "BREW"}, {"url", "/echo"}})))["statusCode"] == 501);
    CHECK(answer_in(p.ask(packet({{"method", "GET"}, {"url", "/none"}})))["statusCode"] == 404);
}

TEST_CASE("what is no request is acknowledged with 400, and the socket stays") {
    hooked h;
    socketio_peer p(h.service);
    p.join();
    for (auto const text :
         {R"(20["request"])", R"(20["request",null])", R"(20["request","GET"])",
          R"(20["request",[1]])", R"(20["request",{}])", R"(20["request",{"method":"GET"}])",
          R"(20["request",{"method":1,"url":"/hook"}])",
          R"(20["request",{"method":"GET","url":"hook"}])",
          R"(20["request",{"method":"GET","url":"/hook","headers":{"a b":"c"}}])",
          R"(20["request",{"method":"GET","url":"/hook","headers":5}])"}) {
        json const r = answer_in(p.ask(text));
        CHECK(r["statusCode"] == 400);
        CHECK(r["headers"].contains("Date"));
    }
    // nobody hears of it
    p.send(R"(2["request",5])");
    CHECK(answer_in(p.ask(get("/hook", "1")))["statusCode"] == 200);
}

TEST_CASE("on_failure makes the acknowledgement of what is no request") {
    hooked h({}, 1, sio::parser::json, {.on_failure = [](hh::failure const& f) {
                 return hh::make_response(f.status,
                                          std::string(hh::to_string(f.reason)) + " over " +
                                              std::string(hh::to_string(f.origin.transport())));
             }});
    socketio_peer p(h.service);
    p.join();
    json r = answer_in(p.ask(packet({{"id", 1}, {"method", "GET"}}, "3")));
    CHECK(r["ack"] == "3");
    CHECK(r["id"] == 1);
    CHECK(r["statusCode"] == 400);
    CHECK(r["content"] == "refused over socketio");
    r = answer_in(p.ask(get("/none", "4")));
    CHECK(r["statusCode"] == 404);
    CHECK(r["content"] == "no-match over socketio");
}

TEST_CASE("bytes are content both ways") {
    std::string const bytes("\0\xff\x80", 3);
    hooked h;
    socketio_peer p(h.service);
    p.join();
    p.send(R"(51-5["request",{"method":"POST","url":"/echo",)"
           R"("content":{"_placeholder":true,"num":0}}])");
    p.send_bytes(bytes);
    std::string const head = p.get();
    CHECK(head.starts_with("61-5["));
    json const r = json::parse(head.substr(4))[0];
    CHECK(r["statusCode"] == 200);
    CHECK(r["headers"]["Content-Length"] == "3");
    CHECK(r["content"] == json{{"_placeholder", true}, {"num", 0}});
    CHECK_FALSE(r.contains("contentEncoding"));
    CHECK(p.get() == bytes);

    // bytes that are text come back as such
    p.send(R"(51-6["request",{"method":"POST","url":"/echo",)"
           R"("content":{"_placeholder":true,"num":0}}])");
    p.send_bytes("text");
    CHECK(answer_in(p.get())["content"] == "text");

    // bytes elsewhere are no request
    p.send(R"(51-7["request",{"method":"POST","url":"/echo",)"
           R"("content":[{"_placeholder":true,"num":0}]}])");
    p.send_bytes("text");
    CHECK(answer_in(p.get())["statusCode"] == 400);
    // an id is echoed as it came, whatever it is
    std::string const id = R"({"b":1.0,"a":[1e3,"\ud800"]})";
    p.send(R"(51-9["request",{"url":"/echo","content":{"_placeholder":true,"num":0},"id":)" + id +
           R"(,"method":"POST"}])");
    p.send_bytes("text");
    CHECK(p.get().starts_with(R"(39[{"id":)" + id + R"(,"statusCode":200,)"));
    p.send(R"(51-9["request",{"id":)" + id + R"(,"x":{"_placeholder":true,"num":0}}])");
    p.send_bytes("text");
    CHECK(p.get().starts_with(R"(39[{"id":)" + id + R"(,"statusCode":400,)"));
    p.send(R"(51-8["request",{"_placeholder":true,"num":0}])");
    p.send_bytes("text");
    CHECK(answer_in(p.get())["statusCode"] == 400);
}

TEST_CASE("a file is read whole into its answer") {
    hooked h;
    h.registry.get("/file", [](hh::responder_context& c) {
        c.set_response(hh::make_response(hh::status::ok),
                       std::make_shared<hh::file_body>(::open("/dev/zero", O_RDONLY), 0, 200'000));
    });
    socketio_peer p(h.service);
    p.join();
    json const r = answer_in(p.ask(get("/file", "1")));
    CHECK(r["headers"]["Content-Length"] == "200000");
    CHECK(r["content"].get<std::string>() == std::string(200'000, '\0'));
}

TEST_CASE("requests go over the msgpack parser too") {
    hooked h({}, 1, sio::parser::msgpack);
    socketio_peer p(h.service);
    auto const ask = [&p](json const& packet) {
        std::string out;
        json::to_msgpack(packet, out);
        p.send_bytes(out);
        return json::from_msgpack(p.get());
    };
    CHECK(ask({{"type", 0}, {"nsp", "/"}})["data"].contains("sid"));
    json const request{{"method", "POST"}, {"url", "/echo"}, {"content", json::binary({0, 255})}};
    json const r = ask({{"type", 2}, {"nsp", "/"}, {"id", 3}, {"data", {"request", request}}});
    CHECK(r["type"] == 3);
    CHECK(r["id"] == 3);
    CHECK(r["data"][0]["statusCode"] == 200);
    CHECK(r["data"][0]["content"] == json::binary({0, 255}));
}

TEST_CASE("without an acknowledgement the hooks run and nothing is sent") {
    hooked h;
    socketio_peer p(h.service);
    p.join();
    p.send(get("/note", ""));
    CHECK(h.service.next_note() == "ran");
    CHECK(answer_in(p.ask(get("/hook", "1")))["ack"] == "1");
}

TEST_CASE("answers come when they are ready, each to its own request") {
    hooked h;
    socketio_peer p(h.service);
    p.join();
    for (int i = 0; i < 3; ++i) p.send(get("/wait/" + std::to_string(i), std::to_string(i)));
    for (int i = 0; i < 3; ++i) CHECK(h.service.next_note() == "waits");
    CHECK(answer_in(p.ask(get("/hook", "9")))["ack"] == "9");
    for (std::size_t const i : {2u, 0u, 1u}) {
        h.release(i);
        json const r = answer_in(p.get());
        CHECK(r["ack"] == std::to_string(i));
        CHECK(r["content"] == "waited " + std::to_string(i));
    }
}

TEST_CASE("a thousand requests that overlap get each its own answer") {
    sio::dispatch_options o;
    o.in_flight = 1000;
    hooked h(o, 2);
    socketio_peer p(h.service);
    p.join();
    constexpr int count = 1000;
    for (int i = 0; i < count; ++i) p.send(get("/wait/" + std::to_string(i), std::to_string(i)));
    for (int i = 0; i < count; ++i) REQUIRE(h.service.next_note() == "waits");
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937(7));
    for (std::size_t const i : order) h.release(i);
    std::set<std::string> seen;
    for (int i = 0; i < count; ++i) {
        json const r = answer_in(p.get());
        std::string const id = r["ack"];
        seen.insert(id);
        REQUIRE(r["content"] == "waited " + id);
    }
    CHECK(seen.size() == count);
}

TEST_CASE("beyond the limit nothing is read until there is room") {
    sio::dispatch_options o;
    o.in_flight = 2;
    hooked h(o);
    socketio_peer p(h.service);
    p.join();
    for (int i = 0; i < 5; ++i) p.send(get("/wait/" + std::to_string(i), std::to_string(i)));
    CHECK(h.service.next_note() == "waits");
    CHECK(h.service.next_note() == "waits");
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(h.service.note_count() == 0);
        h.release(i);
        CHECK(answer_in(p.get())["ack"] == std::to_string(i));
        if (i < 3) CHECK(h.service.next_note() == "waits");
    }
}

TEST_CASE("a post waits while too many requests are under way") {
    sio::dispatch_options o;
    o.in_flight = 1;
    hooked h(o);
    auto poll = h.service.peer();
    std::string const base = "/socket.io/?EIO=4&transport=polling";
    std::string const sid = support::text_member(poll.ask("GET", base).body, "sid");
    std::string const target = base + "&sid=" + sid;
    CHECK(poll.ask("POST", target, {}, "40").body == "ok");
    CHECK(poll.ask("GET", target).body.starts_with("40{"));
    auto post = h.service.peer();
    post.send("POST", target, {}, "4" + get("/wait/0", "0") + "\x1e" + "4" + get("/hook", "1"));
    CHECK(h.service.next_note() == "waits");
    h.release(0);
    CHECK(post.reply().body == "ok");
    std::string got = poll.ask("GET", target).body;
    if (got.find("431[") == got.npos) got += poll.ask("GET", target).body;
    CHECK(got.find("430[") < got.find("431["));
    CHECK(got.find("431[") != got.npos);
}

TEST_CASE("the origin tells of the client, and cannot be claimed by a message") {
    hooked h;
    socketio_peer p(h.service, "&token=1");
    p.join();
    json const r =
        answer_in(p.ask(packet({{"method", "GET"},
                                {"url", "/origin"},
                                {"headers", {{"Host", "x"}, {"X-Forwarded-For", "y"}}}})));
    CHECK(r["content"] == "socketio 127.0.0.1 /socket.io/?transport=websocket&EIO=4&token=1 ");
}

TEST_CASE("a hook pushes events to the client") {
    hooked h;
    socketio_peer p(h.service);
    p.join();
    CHECK(p.ask(get("/push", "1")) == R"(2["message","pushed"])");
    CHECK(answer_in(p.get())["content"] == "sent");
}

TEST_CASE("requests are cancelled when the socket is disconnected, and it can come back") {
    sio::dispatch_options o;
    o.in_flight = 2;
    hooked h(o);
    socketio_peer p(h.service);
    p.join();
    p.send(get("/wait/0", "0"));
    CHECK(h.service.next_note() == "waits");
    p.send("1");
    CHECK(p.join().size() == 20);
    h.release(0);
    CHECK(answer_in(p.ask(get("/hook", "1")))["ack"] == "1");

    // also when its connection has gone, or it is not read at the time
    {
        socketio_peer gone(h.service);
        gone.join();
        gone.send(get("/wait/1", "0"));
        gone.send(get("/wait/2", "1"));
        CHECK(h.service.next_note() == "waits");
        CHECK(h.service.next_note() == "waits");
    }
    h.release(1);
    h.release(2);
    CHECK(answer_in(p.ask(get("/hook", "2")))["ack"] == "2");
}

TEST_CASE("the event has the name that was asked for") {
    sio::dispatch_options o;
    o.event = "http";
    o.push_event = "news";
    hooked h(o);
    socketio_peer p(h.service);
    p.join();
    p.send(get("/hook", "1"));
    CHECK(p.ask(R"(22["http",{"method":"GET","url":"/push"}])") == R"(2["news","pushed"])");
    CHECK(answer_in(p.get())["ack"] == "2");
}
