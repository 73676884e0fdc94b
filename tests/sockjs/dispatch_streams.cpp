// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/json/stream_message.hpp>
#include <httphooks/sockjs/detail/stream_message_source.hpp>
#include <httphooks/sockjs/dispatch.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/sockjs_services.hpp"
#include "support/streaming_hooks.hpp"
#include "support/websocket_peer.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using support::service_options;
using support::sockjs_services;
using support::websocket_peer;
namespace hh = httphooks;
using json = nlohmann::json;

namespace {

/// A server whose streamed replies go in messages.
struct streaming_service {
    explicit streaming_service(unsigned threads = 1, hh::sockjs::options o = service_options("/s"),
                               hh::sockjs::dispatch_options d = {})
        : registry(context.get_executor()), services(threads) {
        support::add_lines(registry, [](int i) { return "\"" + std::to_string(i) + "\"\n"; });
        endless.add_to(registry);
        registry.get("/hello", [](hh::responder_context&) { return hh::text("Hello!"); });
        d.stream_messages = true;
        hh::sockjs::dispatch(services.add(std::move(o), nullptr), registry, d);
    }

    boost::asio::io_context context{};
    hh::registry registry;
    support::endless_streams endless{};
    sockjs_services services;
};

std::string request_frame(std::string const& url, int id) {
    return json::array({json{{"id", id}, {"method", "GET"}, {"url", url}}.dump()}).dump();
}

/// The messages in frames "a[...]", one a line.
std::vector<json> messages_in(std::string_view frames) {
    std::vector<json> all;
    while (!frames.empty()) {
        std::string_view const line = frames.substr(0, frames.find('\n'));
        frames.remove_prefix(std::min(line.size() + 1, frames.size()));
        if (!line.starts_with("a[")) continue;
        for (json const& m : json::parse(line.substr(1)))
            all.push_back(json::parse(m.get<std::string>()));
    }
    return all;
}

/// Polls until a message of a stream says that it is the last. @return its content
std::string poll_stream(sockjs_services& s, std::string const& transport, std::size_t& messages) {
    std::string content;
    for (int polls = 0; polls < 2000; ++polls)
        for (json const& m : messages_in(s.post("/s/0/a/" + transport).body)) {
            ++messages;
            content += m.at("content").get<std::string>();
            if (!m.contains("more")) return content;
        }
    return "endless";
}

std::string lines(int n) {
    std::string all;
    for (int i = 0; i < n; ++i) all += "\"" + std::to_string(i) + "\"\n";
    return all;
}

}  // namespace

TEST_CASE("a stream is a message for each write, with frames and without") {
    streaming_service s;
    websocket_peer framed(s.services.port(), "/s/0/a/websocket");
    CHECK(framed.text() == "o");
    framed.send(request_frame("/lines/2", 7));
    json head = messages_in(framed.text()).at(0);
    CHECK(head.at("id") == 7);
    CHECK(head.at("statusCode") == 200);
    CHECK(head.at("headers").at("Content-Type") == "text/plain");
    CHECK(head.at("more") == true);
    CHECK(head.at("content") == "");
    CHECK(framed.text() == R"(a["{\"id\":7,\"more\":true,\"content\":\"\\\"0\\\"\\n\"}"])");
    CHECK(framed.text() == R"(a["{\"id\":7,\"more\":true,\"content\":\"\\\"1\\\"\\n\"}"])");
    CHECK(framed.text() == R"(a["{\"id\":7,\"content\":\"\"}"])");

    websocket_peer raw(s.services.port(), "/s/websocket");
    raw.send(R"({"id":7,"method":"GET","url":"/lines/1"})");
    json same = json::parse(raw.text());
    for (json* const of : {&head, &same}) of->at("headers").erase("Date");
    CHECK(same == head);
    CHECK(raw.text() == R"({"id":7,"more":true,"content":"\"0\"\n"})");
    CHECK(raw.text() == R"({"id":7,"content":""})");
}

TEST_CASE("a stream goes over polls and streaming responses, however many it takes") {
    for (std::string const transport : {"xhr", "xhr_streaming"}) {
        streaming_service s(2);
        CHECK(s.services.post("/s/0/a/xhr").body == "o\n");
        CHECK(s.services.post("/s/0/a/xhr_send", request_frame("/lines/5000", 1)).status == 204);
        std::size_t messages = 0;
        CHECK(poll_stream(s.services, transport, messages) == lines(5000));
        CHECK(messages == 5002);
    }
}

TEST_CASE("a client that does not poll holds up who writes") {
    streaming_service s;
    CHECK(s.services.post("/s/0/a/xhr").body == "o\n");
    CHECK(s.services.post("/s/0/a/xhr_send", request_frame("/endless", 1)).status == 204);
    CHECK(support::eventually([&] { return s.endless.made > 10; }));
    for (int i = 0; i < 20; ++i) s.services.ask("GET", "/s");
    std::size_t const waits = s.endless.made;
    CHECK(waits < 64);
    CHECK(s.services.post("/s/0/a/xhr_send", request_frame("/hello", 2)).status == 204);
    std::string got = s.services.post("/s/0/a/xhr").body;
    CHECK(got.find("Hello!") != got.npos);
    CHECK(support::eventually([&] { return s.endless.made > waits; }));
    for (int i = 0; i < 20; ++i) s.services.ask("GET", "/s");
    CHECK(s.endless.made < 3 * waits + 64);
}

TEST_CASE("a client that polls is not cut off where few messages may wait for it") {
    hh::sockjs::options o = service_options("/s");
    o.queue_messages = 2;
    o.queue_bytes = 1000;
    streaming_service s(1, o);
    CHECK(s.services.post("/s/0/a/xhr").body == "o\n");
    CHECK(s.services.post("/s/0/a/xhr_send", request_frame("/lines/100", 1)).status == 204);
    std::size_t messages = 0;
    CHECK(poll_stream(s.services, "xhr", messages) == lines(100));
}

TEST_CASE("a stream ends with its session") {
    hh::sockjs::options o = service_options("/s");
    o.disconnect_delay = std::chrono::milliseconds(50);
    streaming_service s(1, o);
    CHECK(s.services.post("/s/0/a/xhr").body == "o\n");
    CHECK(s.services.post("/s/0/a/xhr_send", request_frame("/endless", 1)).status == 204);
    CHECK(support::eventually([&] { return s.endless.gone == 1; }));
    {
        websocket_peer ws(s.services.port(), "/s/0/a/websocket");
        CHECK(ws.text() == "o");
        ws.send(request_frame("/endless", 1));
        CHECK(messages_in(ws.text()).at(0).at("more") == true);
    }
    CHECK(support::eventually([&] { return s.endless.gone == 2; }));
    websocket_peer ws(s.services.port(), "/s/0/a/websocket");
    CHECK(ws.text() == "o");
    ws.send(request_frame("/endless", 1));
    CHECK(messages_in(ws.text()).at(0).at("more") == true);
    s.services.drain(std::chrono::seconds(1));
    CHECK(support::eventually([&] { return s.endless.gone == 3; }));
}

TEST_CASE("a stream ends with its session when requests wait behind it") {
    hh::sockjs::options o = service_options("/s");
    o.disconnect_delay = std::chrono::milliseconds(50);
    streaming_service s(1, o, {.in_flight = 1});
    auto const request = [](std::string const& url, int id) {
        return json{{"id", id}, {"method", "GET"}, {"url", url}}.dump();
    };
    std::string const two = json::array({request("/endless", 1), request("/hello", 2)}).dump();
    CHECK(s.services.post("/s/0/a/xhr").body == "o\n");
    auto sender = s.services.peer();
    sender.send("POST", "/s/0/a/xhr_send", {}, two);
    CHECK(support::eventually([&] { return s.endless.gone == 1; }));
    CHECK(sender.reply().status == 204);
    for (bool const closes : {false, true}) {
        websocket_peer ws(s.services.port(), "/s/0/a/websocket");
        CHECK(ws.text() == "o");
        ws.send(two);
        ws.send(two);  // which is not read any more
        CHECK(messages_in(ws.text()).at(0).at("more") == true);
        if (closes) ws.send_close(1000);
    }
    CHECK(support::eventually([&] { return s.endless.gone == 3; }));
    CHECK(support::eventually([&] { return s.registry.stats().exchanges == 0; }));
}

TEST_CASE("a message of a stream is quoted as any message") {
    hh::response head = hh::make_response(hh::status::ok, {}, "text/\"plain\"");
    hh::fields trailers;
    trailers.insert("X-Sum", "\"1\"");
    std::string const none;
    std::string const text("\"\x01\\\n\xe2\x80\xa8", 7);
    std::string const bytes("\xff\x00", 2);
    using hh::detail::stream_message;
    for (stream_message const& m :
         {stream_message{.id = "1", .head = &head, .more = true, .content = none},
          stream_message{.id = R"("a")", .more = true, .content = text},
          stream_message{.id = "1", .more = true, .content = bytes},
          stream_message{.id = "1", .trailers = &trailers, .content = none},
          stream_message{
              .id = "1", .failed = hh::status::internal_server_error, .content = none}}) {
        std::string plain;
        hh::detail::append_stream_message(plain, m);
        CHECK(json::accept(plain));
        std::string expected;
        hh::sockjs::append_quoted(expected, plain);
        hh::sockjs::detail::stream_message_source const source(m);
        std::string to;
        source.append_quoted(to, {}, {});
        CHECK(to == expected);
        std::string again;
        source.append(again);
        CHECK(again == plain);
    }
}
