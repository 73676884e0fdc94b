// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/registry/message_streams.hpp>
#include <httphooks/detail/text/base64.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/event_stream.hpp>
#include <httphooks/http/compress.hpp>
#include <httphooks/http/zlib_codings.hpp>
#include <httphooks/stream.hpp>
#include <httphooks/websocket/dispatch.hpp>

#include "support/catch.hpp"
#include "support/streaming_hooks.hpp"
#include "support/websocket.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
using nlohmann::json;
using support::client_text;
using support::memory_client;
using list = std::vector<std::string>;

namespace {

/// A server of hooks over WebSocket whose streamed replies go in messages.
struct streaming_fixture {
    explicit streaming_fixture(ws::dispatch_options o = {.stream_messages = true}) {
        hooks().get("/hello", [](auto&) { return "Hello!"; });
        hooks().get("/later", [this](auto& c, auto done) {
            answer_later = [&c, done]() mutable {
                c.set_response(hh::status::ok, "later");
                done();
            };
        });
        hooks().get("/kept", [this](auto&) {
            return hh::stream("text/plain", [this](hh::stream_writer& out) { writer = out; });
        });
        support::add_lines(hooks(), [](int i) { return "line " + std::to_string(i) + "\n"; });
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

    /// Opens the stream of /kept. @return its first message
    json keep(memory_client& c, std::string const& id = "1") {
        auto const got = ask(c, R"({"id":)" + id + R"(,"method":"GET","url":"/kept"})");
        REQUIRE(got.size() == 1);
        REQUIRE(writer);
        return got[0];
    }
    /// Writes, and notes what becomes of it.
    void write(std::string text) {
        writer->async_write(std::move(text), [this](hh::error_code ec) {
            written.push_back(ec ? ec.message() : "written");
        });
        server.run();
    }

    std::function<void()> answer_later{};
    std::optional<hh::stream_writer> writer{};
    list written{};
    support::websocket_server server{};
    ws::server socket{server.context.get_executor(), {.path = "/ws-hooks"}};
};

/// A request with an id.
std::string stream_request(std::string const& url, std::string const& id = "1",
                           std::string const& headers = "{}") {
    return "{\"id\":" + id + R"(,"method":"GET","url":")" + url + R"(","headers":)" + headers + "}";
}

}  // namespace

TEST_CASE("A streamed reply is the header's message, one for each write, and a last one") {
    streaming_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    list const got = f.server.ask(c, client_text(stream_request("/lines/3", "\"a\"")));
    REQUIRE(got.size() == 5);
    CHECK(got[0].starts_with(R"(text:{"id":"a","statusCode":200,"headers":{"Content-Type":)"));
    CHECK(got[0].ends_with(R"(},"more":true,"content":""})"));
    CHECK(got[0].find("Date") != std::string::npos);
    CHECK(got[0].find("Content-Length") == std::string::npos);
    CHECK(got[1] == R"(text:{"id":"a","more":true,"content":"line 0\n"})");
    CHECK(got[2] == R"(text:{"id":"a","more":true,"content":"line 1\n"})");
    CHECK(got[3] == R"(text:{"id":"a","more":true,"content":"line 2\n"})");
    CHECK(got[4] == R"(text:{"id":"a","content":""})");
    auto const other = f.ask(c, stream_request("/hello"));
    REQUIRE(other.size() == 1);
    CHECK(other[0]["content"] == "Hello!");
    CHECK_FALSE(other[0].contains("more"));
}

TEST_CASE("A write is a message when it is made, and the others of the socket are not held up") {
    streaming_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    CHECK(f.keep(c)["more"] == true);
    f.write("one");
    auto got = f.answers(c);
    REQUIRE(got.size() == 1);
    CHECK(got[0] == json{{"id", 1}, {"more", true}, {"content", "one"}});
    CHECK(f.ask(c, R"({"method":"GET","url":"/hello"})").at(0)["statusCode"] == 200);
    CHECK(f.ask(c, stream_request("/lines/0", "2")).size() == 2);
    f.write("");
    CHECK(f.answers(c).empty());
    f.write("\xff\x00\n");
    got = f.answers(c);
    REQUIRE(got.size() == 1);
    CHECK(got[0] ==
          json{{"id", 1}, {"more", true}, {"content", "/w=="}, {"contentEncoding", "base64"}});
    CHECK(f.written == list{"written", "written", "written"});
    CHECK_FALSE(f.writer->closed());
    f.writer->trailer("X-Sum", "7");
    f.writer->trailer("X-Sum", "8");
    f.writer->end();
    got = f.answers(c);
    REQUIRE(got.size() == 1);
    CHECK(got[0] == json{{"id", 1}, {"trailers", {{"X-Sum", "7, 8"}}}, {"content", ""}});
    CHECK(f.writer->closed());
    f.write("late");
    CHECK(f.written.back() == "nobody takes what the stream writes");
    CHECK(f.answers(c).empty());
}

TEST_CASE("A stream is collected without an id, and without the option") {
    for (bool const option : {false, true}) {
        streaming_fixture f({.stream_messages = option});
        memory_client c = f.server.open("/ws-hooks");
        auto const got =
            f.ask(c, option ? R"({"method":"GET","url":"/lines/2"})" : stream_request("/lines/2"));
        REQUIRE(got.size() == 1);
        CHECK(got[0]["content"] == "line 0\nline 1\n");
        CHECK(got[0]["headers"]["Content-Length"] == "14");
        CHECK_FALSE(got[0].contains("more"));
    }
    hh::registry_options o;
    o.collect_limit = 10;
    support::websocket_server server;
    server.registry = hh::registry(server.context.get_executor(), o);
    server.registry.get("/", [](auto&) {
        return hh::stream("text/plain", [](hh::stream_writer& out) -> boost::asio::awaitable<void> {
            co_await out.async_write("more than ten");
        });
    });
    ws::server socket(server.context.get_executor(), {.path = "/ws-hooks"});
    ws::dispatch(socket, server.registry, {.stream_messages = true});
    server.settings->mounts.add(socket);
    memory_client c = server.open("/ws-hooks");
    list const got = server.ask(c, client_text(R"({"method":"GET","url":"/"})"));
    REQUIRE(got.size() == 1);
    CHECK(json::parse(got[0].substr(5))["statusCode"] == 500);
}

TEST_CASE("A stream that fails ends with a message that says so, and the socket goes on") {
    streaming_fixture f;
    f.hooks().get("/thrown", [](auto&) {
        return hh::stream("text/plain", [](hh::stream_writer& out) -> boost::asio::awaitable<void> {
            co_await out.async_write("before");
            throw std::runtime_error("in the middle");
        });
    });
    f.hooks().get("/dropped",
                  [](auto&) { return hh::stream("text/plain", [](hh::stream_writer&) {}); });
    f.hooks().get("/short", [](auto&) {
        hh::stream_options o;
        o.code = hh::status::created;
        o.length = 9;
        return hh::stream(
            "text/plain",
            [](hh::stream_writer& out) -> boost::asio::awaitable<void> {
                co_await out.async_write("short");
            },
            o);
    });
    memory_client c = f.server.open("/ws-hooks");
    json const failed{{"id", 1}, {"statusCode", 500}, {"headers", json::object()}, {"content", ""}};
    auto got = f.ask(c, stream_request("/thrown"));
    REQUIRE(got.size() == 3);
    CHECK(got[1]["content"] == "before");
    CHECK(got[2] == failed);
    got = f.ask(c, stream_request("/dropped"));
    REQUIRE(got.size() == 2);
    CHECK(got[1] == failed);
    got = f.ask(c, stream_request("/short"));
    REQUIRE(got.size() == 3);
    CHECK(got[0]["statusCode"] == 201);
    CHECK(got[0]["headers"]["Content-Length"] == "9");
    CHECK(got[2] == failed);
    f.keep(c);
    f.writer->fail(boost::asio::error::host_unreachable);
    CHECK(f.answers(c).at(0) == failed);
    CHECK(f.ask(c, stream_request("/hello")).at(0)["statusCode"] == 200);
}

TEST_CASE("A failure is told to the error handler, with the hook that made the stream") {
    list errors;
    hh::registry_options o;
    o.error_handler = [&errors](hh::hook_error const& e) { errors.push_back(e.what()); };
    support::websocket_server server;
    server.registry = hh::registry(server.context.get_executor(), o);
    hh::response shared = hh::stream(
        "text/plain", [](hh::stream_writer&) { throw std::runtime_error("in the middle"); });
    server.registry.get("/", [shared](auto&) { return shared; });
    ws::server socket(server.context.get_executor(), {.path = "/ws-hooks"});
    ws::dispatch(socket, server.registry, {.stream_messages = true});
    server.settings->mounts.add(socket);
    memory_client c = server.open("/ws-hooks");
    CHECK(server.ask(c, client_text(stream_request("/"))).size() == 2);
    CHECK(errors == list{"in the middle"});
    // one stream for two requests, of which the other goes on
    list const again = server.ask(c, client_text(stream_request("/")));
    CHECK(again == list{R"(text:{"id":1,"statusCode":500,"headers":{},"content":""})"});
}

TEST_CASE("HEAD, and statuses without content, have one message and run no stream") {
    streaming_fixture f;
    int runs = 0;
    f.hooks().get("/:code", [&runs](auto& c) {
        hh::stream_options o;
        o.code = static_cast<hh::status>(std::stoi(std::string(c.param("code"))));
        return hh::stream(
            "text/plain", [&runs](hh::stream_writer&) { ++runs; }, o);
    });
    memory_client c = f.server.open("/ws-hooks");
    auto got = f.ask(c, R"({"id":1,"method":"HEAD","url":"/200"})");
    REQUIRE(got.size() == 1);
    CHECK(got[0]["statusCode"] == 200);
    CHECK_FALSE(got[0].contains("more"));
    got = f.ask(c, stream_request("/204"));
    REQUIRE(got.size() == 1);
    CHECK(got[0]["statusCode"] == 204);
    CHECK_FALSE(got[0].contains("more"));
    CHECK(runs == 0);
}

TEST_CASE("Post-responders change a stream's status and headers, and do not compress it") {
    streaming_fixture f;
    f.hooks().post_responder(hh::any_verb, "/lines/*", [](auto& c) {
        hh::response r = c.responses().front();
        r.result(hh::status::accepted);
        r.set("X-Changed", "yes");
        c.replace_response(std::move(r));
    });
    f.hooks().post_responder(
        hh::any_verb, "/lines/*",
        hh::http::compress({.codings = {hh::http::gzip()}, .threshold = 0, .types = {"*/*"}}));
    memory_client c = f.server.open("/ws-hooks");
    auto const got = f.ask(c, stream_request("/lines/1", "1", R"({"Accept-Encoding":"gzip"})"));
    REQUIRE(got.size() == 3);
    CHECK(got[0]["statusCode"] == 202);
    CHECK(got[0]["headers"]["X-Changed"] == "yes");
    CHECK_FALSE(got[0]["headers"].contains("Content-Encoding"));
    CHECK(got[1]["content"] == "line 0\n");
}

TEST_CASE("A long write goes in pieces that tear no character apart") {
    streaming_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    f.keep(c);
    std::size_t const most = hh::detail::message_streams::most();
    std::string text(most - 2, 'x');
    text += "\xe2\x82\xac";  // its last byte is one too many
    text += std::string(10, 'y');
    f.write(text);
    auto got = f.answers(c);
    REQUIRE(got.size() == 2);
    CHECK(got[0]["content"] == std::string(most - 2, 'x'));
    CHECK(got[1]["content"] == "\xe2\x82\xac" + std::string(10, 'y'));
    // what looks like a character, and is the end
    f.write(std::string(most - 1, 'x') + "\xc3");
    got = f.answers(c);
    REQUIRE(got.size() == 2);
    CHECK(got[0]["content"] == std::string(most - 1, 'x'));
    CHECK(got[1]["content"] == "ww==");
    // bytes
    std::string const bytes(2 * most, '\xff');
    f.write(bytes);
    got = f.answers(c);
    REQUIRE(got.size() == 2);
    std::string base64;
    hh::detail::append_base64(base64, bytes);
    CHECK(got[0]["content"].get<std::string>() + got[1]["content"].get<std::string>() == base64);
}

TEST_CASE("A client that does not read holds up who writes, and little is kept for it") {
    streaming_fixture f;
    std::size_t made = 0;
    std::size_t const piece = 1000;
    f.hooks().get("/endless", [&made](auto&) {
        return hh::stream("text/plain",
                          [&made](hh::stream_writer& out) -> boost::asio::awaitable<void> {
                              for (;;) {
                                  std::string text(piece, 'x');
                                  co_await out.async_write(std::move(text));
                                  ++made;
                              }
                          });
    });
    memory_client c = f.server.open("/ws-hooks");
    c.window(0);
    c.send(client_text(stream_request("/endless")));
    for (int i = 0; i < 1000; ++i) f.server.run();
    std::size_t const waits = made;
    CHECK(waits > 0);
    CHECK(waits * piece < 64 * 1024);
    // there is room for another stream's header, and for answers
    c.send(client_text(stream_request("/hello", "2")));
    f.server.run();
    CHECK(f.hooks().stats().exchanges == 0);
    // what is read is made up for
    c.window(20'000);
    for (int i = 0; i < 100; ++i) f.server.run();
    CHECK(made >= waits);
    c.window(1'000'000);
    for (int i = 0; i < 100; ++i) f.server.run();
    CHECK(made * piece > 900'000);
    CHECK(made * piece < 1'200'000);
    std::size_t answers = 0;
    for (json const& m : f.answers(c)) answers += m.at("id") == 2;
    CHECK(answers == 1);
    c.reset();
    f.server.run();
    std::size_t const last = made;
    f.server.run();
    CHECK(made == last);
}

TEST_CASE("A client that reads slowly is not cut off where little may wait for it") {
    support::websocket_server server;
    server.registry.get("/", [](auto&) {
        return hh::stream("text/plain", [](hh::stream_writer& out) -> boost::asio::awaitable<void> {
            for (int i = 0; i < 50; ++i) {
                std::string text(10'000, 'x');
                co_await out.async_write(std::move(text));
            }
        });
    });
    ws::server_options o;
    o.path = "/ws-hooks";
    o.connection.output_limit = 8'000;
    ws::server socket(server.context.get_executor(), o);
    ws::dispatch(socket, server.registry, {.stream_messages = true});
    server.settings->mounts.add(socket);
    memory_client c = server.open("/ws-hooks");
    c.window(0);
    c.send(client_text(stream_request("/")));
    list got;
    for (int i = 0; i < 1000; ++i) {
        server.run();
        c.window(777);
    }
    c.window(static_cast<std::size_t>(-1));
    got = server.frames(c);
    REQUIRE(got.size() == 52);
    CHECK(got.back() == R"(text:{"id":1,"content":""})");
}

TEST_CASE("Streams of one socket take turns") {
    streaming_fixture f;
    memory_client c = f.server.open("/ws-hooks");
    c.window(0);
    for (int id = 1; id <= 3; ++id)
        c.send(client_text(stream_request("/lines/100000", std::to_string(id))));
    f.server.run();
    c.window(100'000);
    for (int i = 0; i < 200; ++i) f.server.run();
    std::array<int, 4> messages{};
    for (json const& m : f.answers(c)) ++messages.at(m.at("id").get<std::size_t>());
    CHECK(messages[1] > 100);
    CHECK(messages[2] > messages[1] / 2);
    CHECK(messages[3] > messages[1] / 2);
}

TEST_CASE("When the client goes, who writes is told") {
    for (std::string const how : {"close", "reset", "drain"}) {
        INFO(how);
        streaming_fixture f;
        bool cancelled = false;
        f.hooks().get("/endless", [&cancelled](auto&) {
            return hh::stream("text/plain",
                              [&cancelled](hh::stream_writer& out) -> boost::asio::awaitable<void> {
                                  struct last {
                                      bool& gone;
                                      ~last() { gone = true; }
                                  } const l{cancelled};
                                  boost::asio::steady_timer never(out.get_executor());
                                  never.expires_at(never.expiry().max());
                                  co_await never.async_wait(boost::asio::use_awaitable);
                              });
        });
        memory_client c = f.server.open("/ws-hooks");
        f.keep(c);
        bool closed = false;
        f.writer->async_wait_closed([&closed](hh::error_code) { closed = true; });
        f.ask(c, stream_request("/endless", "2"));
        CHECK_FALSE(cancelled);
        CHECK_FALSE(closed);
        if (how == "close") c.send(support::client_close(1000));
        if (how == "reset") c.reset();
        if (how == "drain") {
            f.socket.drain();
            f.server.run();
            c.send(support::client_close(1001));
        }
        f.server.run();
        CHECK(cancelled);
        CHECK(closed);
        CHECK(f.writer->closed());
        f.write("late");
        CHECK(f.written.back() == "nobody takes what the stream writes");
    }
}

TEST_CASE("When a client takes nothing any more, who writes is told although a message waits") {
    streaming_fixture f({.in_flight = 1, .stream_messages = true});
    memory_client c = f.server.open("/ws-hooks");
    f.keep(c);
    c.send(client_text(stream_request("/hello", "2")));
    f.server.run();
    bool closed = false;
    f.writer->async_wait_closed([&closed](hh::error_code) { closed = true; });
    c.refuse();
    f.write("lost");
    CHECK(closed);
    CHECK(f.server.open_connections() == 0);
}

TEST_CASE("A stream counts among the requests that are under way") {
    streaming_fixture f({.in_flight = 2, .stream_messages = true});
    memory_client c = f.server.open("/ws-hooks");
    f.keep(c);
    f.ask(c, stream_request("/later", "2"));
    CHECK(f.ask(c, stream_request("/hello", "3")).empty());
    f.writer->end();
    auto const got = f.answers(c);
    REQUIRE(got.size() == 2);
    CHECK(got[0] == json{{"id", 1}, {"content", ""}});
    CHECK(got[1]["id"] == 3);
}

TEST_CASE("The events of a stream are messages, from a function and from a hub") {
    streaming_fixture f;
    hh::event_source_hub hub;
    f.hooks().get("/hub", [hub](auto& c) { return hub.subscribe(c.request(), "news"); });
    f.hooks().get("/events", [](auto& c) {
        return hh::event_stream(c.request(),
                                [](hh::event_writer& out) -> boost::asio::awaitable<void> {
                                    std::string const data = "behind " + out.last_event_id();
                                    co_await out.async_send(data);
                                });
    });
    memory_client c = f.server.open("/ws-hooks");
    auto got = f.ask(c, stream_request("/events", "1", R"({"Last-Event-ID":"7"})"));
    REQUIRE(got.size() == 3);
    CHECK(got[0]["headers"]["Content-Type"] == "text/event-stream");
    CHECK(got[1]["content"] == "data: behind 7\n\n");

    CHECK(f.ask(c, stream_request("/hub", "2")).size() == 1);
    CHECK(hub.subscribers("news") == 1);
    hub.publish("news", "first");
    hub.publish("news", "second");
    got = f.answers(c);
    REQUIRE(got.size() == 2);
    CHECK(got[0]["id"] == 2);
    CHECK(got[0]["content"].get<std::string>().find("data: first\n\n") != std::string::npos);
    CHECK(got[1]["content"].get<std::string>().find("data: second\n\n") != std::string::npos);
    std::string const event = got[0]["content"];
    std::string const last = event.substr(4, event.find('\n') - 4);
    got = f.ask(c, stream_request("/hub", "3", R"({"Last-Event-ID":")" + last + "\"}"));
    REQUIRE(got.size() == 2);
    CHECK(got[1]["content"].get<std::string>().find("data: second\n\n") != std::string::npos);
    CHECK(hub.subscribers("news") == 2);
    hub.close();
    got = f.answers(c);
    REQUIRE(got.size() == 2);
    for (json const& m : got) CHECK_FALSE(m.contains("more"));
    memory_client gone = f.server.open("/ws-hooks");
    CHECK(f.ask(gone, stream_request("/hub", "4")).size() == 2);
}

TEST_CASE("A subscriber that does not read is held up, and dropped by the hub's policy") {
    streaming_fixture f;
    hh::event_source_hub_options o;
    o.history = 10;
    hh::event_source_hub hub(o);
    f.hooks().get("/hub", [hub](auto& c) { return hub.subscribe(c.request(), "news"); });
    memory_client c = f.server.open("/ws-hooks");
    CHECK(f.ask(c, stream_request("/hub")).size() == 1);
    c.window(0);
    for (int i = 0; i < 100; ++i) {
        hub.publish("news", std::string(4'000, 'x'));
        f.server.run();
    }
    c.window(static_cast<std::size_t>(-1));
    f.server.run();
    auto const got = f.answers(c);
    CHECK(got.size() > 5);
    CHECK(got.size() < 20);
    CHECK_FALSE(got.back().contains("more"));
    CHECK_FALSE(got.back().contains("statusCode"));
    CHECK(hub.subscribers("news") == 0);
}

TEST_CASE("The event loop may end while streams are under way") {
    bool gone = false;
    {
        streaming_fixture f;
        f.hooks().get("/waits", [&gone](auto&) {
            return hh::stream("text/plain",
                              [&gone](hh::stream_writer& out) -> boost::asio::awaitable<void> {
                                  struct last {
                                      bool& gone;
                                      ~last() { gone = true; }
                                  } const l{gone};
                                  for (;;) co_await out.async_write("x");
                              });
        });
        memory_client c = f.server.open("/ws-hooks");
        c.window(0);
        c.send(client_text(stream_request("/waits")));
        for (int i = 0; i < 100; ++i) f.server.run();
    }
    CHECK(gone);
}
