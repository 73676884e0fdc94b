// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/event_stream.hpp>
#include <httphooks/testing/clock.hpp>

#include "support/catch.hpp"
#include "support/hooks.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace httphooks;
using namespace httphooks::test;

namespace {

/// Takes what a stream gives, as text.
struct reading_sink final : stream_sink {
    std::shared_ptr<stream_body> body{};
    std::string text{};
    bool over = false;

    reading_sink(response const& r, asio::io_context& context) : body(r.body().stream()) {
        body->start(context.get_executor(), *this);
        on_stream();
    }
    ~reading_sink() { body->stop(); }
    void on_stream() noexcept override {
        for (;;) switch (body->take(text, 1000, false)) {
                case stream_body::taken::some:
                    break;
                case stream_body::taken::nothing:
                    return;
                case stream_body::taken::end:
                case stream_body::taken::failure:
                    over = true;
                    return;
            }
    }
};

}  // namespace

TEST_CASE("events are sent one after another, from the last that the client has") {
    fixture t;
    t.hooks.get("/", [](auto& c) {
        return event_stream(c.request(), [](auto& out) -> asio::awaitable<void> {
            co_await out.async_send("after " + out.last_event_id());
            server_event e;
            e.id = "2";
            e.data = "two";
            co_await out.async_send(e);
        });
    });
    request r = make_request(verb::get, "/");
    r.set("Last-Event-ID", "1");
    response const reply = t.send(std::move(r));
    CHECK(reply[field::content_type] == "text/event-stream");
    CHECK(reply[field::cache_control] == "no-store");
    CHECK(reply.body() == "data: after 1\n\nid: 2\ndata: two\n\n");
}

TEST_CASE("a function that keeps its event writer sends when it likes") {
    asio::io_context context;
    std::optional<event_writer> out;
    reading_sink got(event_stream(make_request(verb::get, "/"), [&](event_writer& w) { out = w; }),
                     context);
    out->async_send("hello", [](error_code) {});
    context.poll();
    CHECK(got.text == "data: hello\n\n");
    CHECK_FALSE(out->closed());
    out->stream().end();
    context.restart();
    context.poll();
    CHECK(got.over);
}

TEST_CASE("a comment is sent when nothing else was for a while") {
    testing::clock clock;
    asio::io_context& context = clock.context();
    std::optional<event_writer> out;
    reading_sink got(event_stream(make_request(verb::get, "/"), [&](event_writer& w) { out = w; }),
                     context);
    context.poll();
    auto const pass = [&](std::chrono::seconds time) {
        clock.advance(time);
        context.restart();
        context.poll();
        return std::exchange(got.text, {});
    };
    CHECK(pass(std::chrono::seconds(14)).empty());
    CHECK(pass(std::chrono::seconds(2)) == ":\n\n");
    out->async_send("hello", [](error_code) {});
    CHECK(pass(std::chrono::seconds(14)) == "data: hello\n\n");
    CHECK(pass(std::chrono::seconds(15)).size() <= 3);
    CHECK(pass(std::chrono::seconds(15)) == ":\n\n");
    out->stream().end();
    context.restart();
    context.poll();
    got.body->stop();
    context.restart();
    CHECK(context.run_for(std::chrono::seconds(5)) < 10);  // no timer keeps it
    out.reset();
}

TEST_CASE("no comments are sent where none are wanted") {
    testing::clock clock;
    asio::io_context& context = clock.context();
    std::optional<event_writer> out;
    event_stream_options o;
    o.heartbeat = std::chrono::milliseconds(0);
    reading_sink got(event_stream(
                         make_request(verb::get, "/"), [&](event_writer& w) { out = w; }, o),
                     context);
    clock.advance(std::chrono::hours(1));
    context.poll();
    CHECK(got.text.empty());
    out->stream().end();
    context.poll();
}
