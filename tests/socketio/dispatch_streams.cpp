// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/error.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/socketio/dispatch.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"
#include "support/streaming_hooks.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;
using support::messages_of;
using support::socketio_peer;
using support::socketio_poller;
using support::socketio_service;

namespace {

sio::dispatch_options in_messages() {
    sio::dispatch_options o;
    o.stream_messages = true;
    return o;
}

sio::options parsed_by(sio::parser p) {
    sio::options o;
    o.parser = p;
    return o;
}

/// A server whose streamed replies go in events.
struct streaming_namespace {
    explicit streaming_namespace(sio::options s = {}, unsigned threads = 1,
                                 sio::dispatch_options o = in_messages())
        : registry(context.get_executor()), service(std::move(s), threads) {
        registry.get("/lines/:n", [](hh::responder_context& c) {
            int const n = std::stoi(std::string(c.param("n")));
            return hh::stream("text/plain",
                              [n](hh::stream_writer& out) -> boost::asio::awaitable<void> {
                                  for (int i = 0; i < n; ++i) {
                                      std::string line = std::to_string(i) + "\n";
                                      co_await out.async_write(std::move(line));
                                  }
                                  out.trailer("X-Sum", "7");
                              });
        });
        registry.get("/bytes", [](hh::responder_context&) {
            return hh::stream("application/octet-stream",
                              [](hh::stream_writer& out) -> boost::asio::awaitable<void> {
                                  std::string bytes("\xff\x00", 2);
                                  co_await out.async_write(std::move(bytes));
                                  throw std::runtime_error("in the middle");
                              });
        });
        endless.add_to(registry);
        registry.get("/hello", [](hh::responder_context&) { return hh::text("Hello!"); });
        sio::dispatch(service.io().of("/"), registry, o);
        sio::dispatch(service.io().of("/other"), registry, o);
    }
    ~streaming_namespace() { service.stop(); }

    boost::asio::io_context context{};
    hh::registry registry;
    support::endless_streams endless{};
    socketio_service service;
};

/// A request as a packet. @param ack the number of its acknowledgement; empty for none
std::string asked(std::string const& url, int id, std::string const& ack = "1") {
    json const message{{"id", id}, {"method", "GET"}, {"url", url}};
    return "2" + ack + json::array({"request", message}).dump();
}

/// Whether a poll has brought the acknowledgement of a stream. @param content what is in it
bool take_events(std::string const& payload, std::string& content) {
    for (std::string const& m : messages_of(payload)) {
        if (m.starts_with("431[")) return true;
        if (m.starts_with("42["))
            content += json::parse(m.substr(2)).at(1).at("content").get<std::string>();
    }
    return false;
}

std::string numbers(int n) {
    std::string all;
    for (int i = 0; i < n; ++i) all += std::to_string(i) + "\n";
    return all;
}

}  // namespace

TEST_CASE("a streamed reply is events, and an acknowledgement at the end") {
    streaming_namespace s;
    socketio_peer p(s.service);
    p.join();
    std::string const head = p.ask(asked("/lines/2", 5));
    CHECK(head.starts_with(R"(2["response",{"id":5,"statusCode":200,"headers":{)"));
    CHECK(head.ends_with(R"(},"more":true,"content":""}])"));
    CHECK(p.get() == R"(2["response",{"id":5,"more":true,"content":"0\n"}])");
    CHECK(p.get() == R"(2["response",{"id":5,"more":true,"content":"1\n"}])");
    CHECK(p.get() == R"(31[{"id":5,"trailers":{"X-Sum":"7"},"content":""}])");
    CHECK(p.ask(asked("/hello", 6)).starts_with(R"(31[{"id":6,"statusCode":200,)"));
}

TEST_CASE("the event has the name that was chosen, which may not be one of Socket.IO's") {
    sio::dispatch_options o = in_messages();
    o.stream_event = "piece \"of\" it";
    streaming_namespace s({}, 1, o);
    socketio_peer p(s.service);
    p.join();
    CHECK(p.ask(asked("/lines/0", 5)).starts_with(R"(2["piece \"of\" it",{"id":5,)"));
    o.stream_event = "disconnect";
    CHECK_THROWS_AS(sio::dispatch(s.service.io().of("/third"), s.registry, o), hh::system_error);
}

TEST_CASE("bytes are attachments, and a failure is told by the acknowledgement") {
    streaming_namespace s;
    socketio_peer p(s.service);
    p.join();
    CHECK(p.ask(asked("/bytes", 5)).starts_with(R"(2["response",{"id":5,"statusCode":200,)"));
    CHECK(p.get() ==
          R"(51-["response",{"id":5,"more":true,"content":{"_placeholder":true,"num":0}}])");
    CHECK(p.get() == std::string("\xff\x00", 2));
    CHECK(p.get() == R"(31[{"id":5,"statusCode":500,"headers":{},"content":""}])");
    CHECK(p.ask(asked("/hello", 6)).starts_with(R"(31[{"id":6,"statusCode":200,)"));
}

TEST_CASE("streams go over the msgpack parser too") {
    streaming_namespace s(parsed_by(sio::parser::msgpack));
    socketio_peer p(s.service);
    auto const ask = [&p](json const& packet) {
        std::string out;
        json::to_msgpack(packet, out);
        p.send_bytes(out);
        return json::from_msgpack(p.get());
    };
    CHECK(ask({{"type", 0}, {"nsp", "/"}})["data"].contains("sid"));
    json const request{{"id", 5}, {"method", "GET"}, {"url", "/bytes"}};
    json r = ask({{"type", 2}, {"nsp", "/"}, {"id", 3}, {"data", {"request", request}}});
    CHECK(r["type"] == 2);
    CHECK(r["data"][0] == "response");
    CHECK(r["data"][1]["statusCode"] == 200);
    r = json::from_msgpack(p.get());
    CHECK(r["data"][1]["content"] == json::binary({255, 0}));
    r = json::from_msgpack(p.get());
    CHECK(r["type"] == 3);
    CHECK(r["id"] == 3);
    CHECK(r["data"][0]["statusCode"] == 500);
}

TEST_CASE("without an id, or the option, a stream is collected") {
    sio::dispatch_options o;
    streaming_namespace plain({}, 1, o);
    socketio_peer p(plain.service);
    p.join();
    std::string got = p.ask(asked("/lines/2", 5));
    CHECK(got.starts_with("31["));
    CHECK(json::parse(got.substr(2)).at(0).at("content") == "0\n1\n");
    streaming_namespace s;
    socketio_peer q(s.service);
    q.join();
    got = q.ask(R"(21["request",{"method":"GET","url":"/lines/2"}])");
    CHECK(got.starts_with("31["));
    CHECK(json::parse(got.substr(2)).at(0).at("content") == "0\n1\n");
    // nor is anything sent that nobody asked for
    q.send(asked("/lines/2", 5, ""));
    CHECK(q.ask(asked("/hello", 6)).starts_with(R"(31[{"id":6,)"));
}

TEST_CASE("events of streams are not kept for clients that come back") {
    sio::options o;
    o.recovery.emplace();
    streaming_namespace s(o);
    socketio_peer p(s.service);
    p.join();
    p.send(asked("/lines/1", 5));
    p.get();
    CHECK(p.get() == R"(2["response",{"id":5,"more":true,"content":"0\n"}])");
}

TEST_CASE("a stream ends with its socket, and the other sockets of the connection go on") {
    streaming_namespace s;
    socketio_peer p(s.service);
    p.join();
    p.join("0/other,");
    p.send(asked("/endless", 5));
    CHECK(p.get().starts_with(R"(2["response",{"id":5,"statusCode":200,)"));
    CHECK(p.get().starts_with(R"(2["response",{"id":5,"more":true,)"));
    p.send("1");
    CHECK(support::eventually([&] {
        p.get();
        return s.endless.gone == 1;
    }));
    p.send(R"(2/other,1["request",{"id":7,"method":"GET","url":"/hello"}])");
    CHECK(support::eventually([&] { return p.get().starts_with(R"(3/other,1[{"id":7,)"); }));
    {
        socketio_peer leaving(s.service);
        leaving.join();
        leaving.send(asked("/endless", 5));
        leaving.get();
    }
    CHECK(support::eventually([&] { return s.endless.gone == 2; }));
}

TEST_CASE("a client that does not poll holds up the streams of all its sockets") {
    streaming_namespace s;
    socketio_poller p(s.service);
    p.post("40");
    p.post("40/other,");
    p.post("4" + asked("/endless", 5));
    p.post(R"(42/other,1["request",{"id":6,"method":"GET","url":"/endless"}])");
    CHECK(support::eventually([&] { return s.endless.made > 10; }));
    for (int i = 0; i < 20; ++i) p.post("42[\"nothing\"]");
    std::size_t waits = s.endless.made;
    CHECK(waits < 96);
    for (int i = 0; i < 5; ++i) {
        std::string const got = p.get();
        CHECK(got.size() < 100'000);
        CHECK(support::eventually([&] { return s.endless.made > waits; }));
        waits = s.endless.made;
    }
    CHECK(waits < 96 * 6);
}

TEST_CASE("streams that hold up their connection end when its client has gone") {
    sio::dispatch_options few = in_messages();
    few.in_flight = 1;
    SECTION("behind a packet of a WebSocket that waits") {
        streaming_namespace s({}, 1, few);
        for (bool const reset : {false, true}) {
            int const before = s.endless.gone;
            socketio_peer p(s.service);
            p.join();
            p.send(asked("/endless", 5));
            p.get();
            p.send(asked("/hello", 6));
            reset ? p.socket().peer().client().reset() : p.socket().peer().client().finish();
            CHECK(support::eventually([&] { return s.endless.gone == before + 1; }));
        }
    }
    SECTION("on whatever thread that is") {
        streaming_namespace s({}, 4, few);
        std::string const base = "/socket.io/?EIO=4&transport=";
        for (int round = 1; round <= 4; ++round) {
            auto poller = s.service.peer();
            std::string const sid =
                support::text_member(poller.ask("GET", base + "polling").body, "sid");
            support::websocket_peer ws(s.service.port(), base + "websocket&sid=" + sid);
            ws.send("5");
            ws.send("40");
            ws.text();
            ws.send("4" + asked("/endless", 5));
            ws.text();
            ws.send("4" + asked("/hello", 6));
            ws.send("4" + asked("/hello", 7));
            ws.peer().client().reset();
            CHECK(support::eventually([&] { return s.endless.gone == round; }));
        }
    }
    SECTION("without a word, in the middle of polling") {
        sio::options o;
        o.engine.ping_interval = std::chrono::milliseconds(100);
        o.engine.ping_timeout = std::chrono::milliseconds(500);
        streaming_namespace s(o, 1, few);
        std::string const target = "/socket.io/?EIO=4&transport=polling";
        auto poller = s.service.peer();
        std::string const id =
            "&sid=" + support::text_member(poller.ask("GET", target).body, "sid");
        auto poster = s.service.peer();
        CHECK(poster.ask("POST", target + id, {}, "40").body == "ok");
        poster.send("POST", target + id, {}, "4" + asked("/endless", 5));
        CHECK(support::eventually([&] { return s.endless.gone == 1; }));
        CHECK(poster.reply().body == "ok");
        CHECK(poster.ask("GET", target + id).status == 400);
    }
}

TEST_CASE("a stream goes over polls, and on over a WebSocket of another thread") {
    streaming_namespace s({}, 4);
    constexpr int count = 30'000;
    for (int round = 0; round < 4; ++round) {
        std::string const base = "/socket.io/?EIO=4&transport=";
        auto poller = s.service.peer();
        std::string const sid =
            support::text_member(poller.ask("GET", base + "polling").body, "sid");
        auto const post = [&](std::string const& packet) {
            auto peer = s.service.peer();
            CHECK(peer.ask("POST", base + "polling&sid=" + sid, {}, packet).body == "ok");
        };
        post("40");
        post("4" + asked("/lines/" + std::to_string(count), 5));
        std::string content;
        for (int i = 0; i < 3; ++i)
            CHECK_FALSE(take_events(poller.ask("GET", base + "polling&sid=" + sid).body, content));
        support::websocket_peer ws(s.service.port(), base + "websocket&sid=" + sid);
        ws.send("2probe");
        CHECK(ws.text() == "3probe");
        ws.send("5");
        bool whole = false;
        for (int i = 0; i < count + 10 && !whole; ++i) {
            std::string const m = ws.text();
            if (m == "2") ws.send("3");
            whole = m == "<end>" || take_events(m, content);
        }
        CHECK(content == numbers(count));
    }
}

TEST_CASE("a stream goes on where few packets may wait for a client") {
    sio::options o;
    o.engine.queue_packets = 2;
    o.engine.queue_bytes = 1000;
    streaming_namespace s(o);
    socketio_poller p(s.service);
    p.post("40");
    p.post("4" + asked("/lines/200", 5));
    std::string content;
    bool whole = false;
    for (int i = 0; i < 1000 && !whole; ++i) whole = take_events(p.get(), content);
    CHECK(content == numbers(200));
}

TEST_CASE("a namespace subscribes to a hub") {
    streaming_namespace s;
    hh::event_source_hub hub;
    s.registry.get("/hub", [hub](hh::responder_context& c) { return hub.subscribe(c.request()); });
    socketio_peer p(s.service);
    p.join();
    CHECK(p.ask(asked("/hub", 5)).starts_with(R"(2["response",{"id":5,"statusCode":200,)"));
    hub.publish("", "one");
    CHECK(p.get().find("data: one") != std::string::npos);
    p.send(asked("/hello", 6, "2"));
    CHECK(p.get().starts_with("32[{"));
    CHECK(hub.subscribers() == 1);
    hub.close();
    CHECK(p.get() == R"(31[{"id":5,"content":""}])");
    CHECK(hub.subscribers() == 0);
}
