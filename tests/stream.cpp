// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/stream.hpp>

#include <httphooks/multi_response.hpp>

#include "support/catch.hpp"
#include "support/hooks.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace httphooks;
using namespace httphooks::test;

namespace {

/// Three writes.
auto const count_to_three = [](auto& out) -> asio::awaitable<void> {
    for (char const c : {'1', '2', '3'}) {
        std::string const text(1, c);
        co_await out.async_write(text);
    }
};

/// Upper case, and a mark at each flush and at the end.
struct shouting final : stream_filter {
    void write(std::string_view text, bool flush, std::string& out) override {
        for (char const c : text) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
        if (flush) out += '|';
    }
    void finish(std::string& out) override { out += '.'; }
};

struct failing final : stream_filter {
    void write(std::string_view, bool, std::string&) override {
        throw std::runtime_error("no filter");
    }
    void finish(std::string&) override {}
};

/// A sink that counts.
struct counting_sink final : stream_sink {
    int told = 0;
    void on_stream() noexcept override { ++told; }
};

}  // namespace

TEST_CASE("a stream that cannot be sent bit by bit is collected") {
    fixture t;
    t.hooks.get("/", [](auto&) { return stream("text/plain", count_to_three); });
    response const r = t.get("/");
    CHECK(r.result_int() == 200);
    CHECK(r[field::content_type] == "text/plain");
    CHECK(r[field::content_length] == "3");
    CHECK(r.body() == "123");
    CHECK(t.errors.text().empty());
}

TEST_CASE("a stream is given its status and its length") {
    fixture t;
    t.hooks.get("/:n", [](auto& c) {
        stream_options o;
        o.code = status::created;
        o.length = static_cast<std::uint64_t>(c.param("n")[0] - '0');
        return stream("text/plain", count_to_three, o);
    });
    response const r = t.get("/3");
    CHECK(r.result_int() == 201);
    CHECK(r.body() == "123");
    CHECK(t.get("/4").result_int() == 500);
    CHECK(t.errors.text() == "responder: a stream is not as long as it was said");
    t.errors.clear();
    CHECK(t.get("/2").result_int() == 500);
    CHECK(t.errors.text() == "responder: a stream is not as long as it was said");
}

TEST_CASE("a function that keeps the writer ends the stream when it likes") {
    fixture t;
    std::optional<stream_writer> kept;
    t.hooks.get(
        "/", [&](auto&) { return stream("text/plain", [&](stream_writer& out) { kept = out; }); });
    std::vector<std::string> log;
    std::optional<response> reply;
    t.hooks.async_dispatch(make_request(verb::get, "/"),
                           [&](error_code, response r) { reply = std::move(r); });
    t.context.poll();
    REQUIRE(kept);
    CHECK_FALSE(reply);
    CHECK_FALSE(kept->closed());
    auto const wrote = [&log](error_code ec) { log.push_back(ec.message()); };
    kept->async_write("a", wrote);
    kept->async_write(std::string("b"), wrote);
    kept->async_write("", wrote);
    kept->async_wait_closed([&log](error_code) { log.push_back("closed"); });
    t.context.restart();
    t.context.poll();
    CHECK(log.size() == 3);
    kept->end();
    kept->async_write("late", wrote);
    t.context.restart();
    t.context.poll();
    CHECK(kept->closed());
    REQUIRE(reply);
    CHECK(reply->body() == "ab");
    CHECK(log == std::vector<std::string>{"Success", "Success", "Success", "closed",
                                          "nobody takes what the stream writes"});
}

TEST_CASE("a stream that is returned to two requests is collected for the first") {
    fixture t;
    std::optional<stream_writer> kept;
    response const same = stream("text/plain", [&](stream_writer& out) { kept = out; });
    t.hooks.get("/", [&](auto&) { return same; });
    std::vector<response> replies;
    auto const ask = [&] {
        t.hooks.async_dispatch(make_request(verb::get, "/"),
                               [&](error_code, response r) { replies.push_back(std::move(r)); });
        t.context.restart();
        t.context.poll();
    };
    ask();
    REQUIRE(kept);
    kept->async_write("a", [](error_code) {});
    ask();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].result_int() == 500);
    CHECK_FALSE(kept->closed());
    kept->async_write("b", [](error_code) {});
    kept->end();
    t.context.restart();
    t.context.poll();
    REQUIRE(replies.size() == 2);
    CHECK(replies[1].result_int() == 200);
    CHECK(replies[1].body() == "ab");
}

TEST_CASE("a stream whose writer is dropped has failed, and so has one that throws") {
    fixture t;
    t.hooks.get("/dropped", [](auto&) { return stream("text/plain", [](stream_writer&) {}); });
    t.hooks.get("/thrown", [](auto&) {
        return stream("text/plain", [](stream_writer& out) -> asio::awaitable<void> {
            co_await out.async_write("before");
            throw std::runtime_error("in the middle");
        });
    });
    t.hooks.get("/at-once", [](auto&) {
        return stream("text/plain", [](stream_writer&) { throw std::runtime_error("at once"); });
    });
    t.hooks.get("/told", [](auto&) {
        return stream("text/plain",
                      [](stream_writer& out) { out.fail(asio::error::host_unreachable); });
    });
    CHECK(t.get("/dropped").result_int() == 500);
    CHECK(t.get("/thrown").result_int() == 500);
    CHECK(t.get("/at-once").result_int() == 500);
    CHECK(t.get("/told").result_int() == 500);
    CHECK(t.errors.entries() ==
          std::vector<std::string>{
              "responder: a stream's writer was dropped without ending it",
              "responder: in the middle", "responder: at once",
              "responder: " + error_code(asio::error::host_unreachable).message()});
}

TEST_CASE("a stream is collected up to a limit, and for a limited time") {
    registry_options o;
    o.collect_limit = 1000;
    o.time_limit = std::chrono::milliseconds(20);
    fixture t(o);
    t.hooks.get("/long", [](auto&) {
        return stream("text/plain", [](stream_writer& out) -> asio::awaitable<void> {
            co_await out.async_write(std::string(600, 'x'));
            co_await out.async_write(std::string(401, 'x'));
        });
    });
    t.hooks.get("/enough", [](auto&) {
        return stream("text/plain", [](stream_writer& out) -> asio::awaitable<void> {
            co_await out.async_write(std::string(1000, 'x'));
        });
    });
    bool cancelled = false;
    t.hooks.get("/slow", [&](auto&) {
        return stream("text/plain", [&](stream_writer& out) -> asio::awaitable<void> {
            co_await out.async_write("x");
            try {
                co_await forever();
            } catch (system_error const&) {
                cancelled = true;
                throw;
            }
        });
    });
    CHECK(t.get("/long").result_int() == 500);
    CHECK(t.get("/enough").body().size() == 1000);
    CHECK(t.get("/slow").result_int() == 504);
    t.context.restart();
    t.context.poll();
    CHECK(cancelled);
}

TEST_CASE("several responses with a stream among them are collapsed when it is collected") {
    fixture t;
    t.hooks.get("/", [](auto&) { return "first"; });
    t.hooks.get("/", [](auto&) { return stream("text/plain", count_to_three); });
    t.hooks.get("/", [](auto&) -> asio::awaitable<response> {
        co_await turns(3);
        co_return stream("text/x", count_to_three);
    });
    auto const parts = parse_multi_response(t.get("/"));
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 3);
    CHECK((*parts)[0].body() == "first");
    CHECK((*parts)[1].body() == "123");
    CHECK((*parts)[2].body() == "123");
    CHECK((*parts)[2][field::content_type] == "text/x");
}

TEST_CASE("a post-responder sees no content of a stream, and may change the rest") {
    fixture t;
    t.hooks.get("/kept", [](auto&) { return stream("text/plain", count_to_three); });
    t.hooks.get("/replaced", [](auto&) {
        return stream("text/plain", [](stream_writer&) { FAIL("it was replaced"); });
    });
    t.hooks.post_responder(verb::get, "/kept", [](auto& c) {
        response r = c.responses().front();
        CHECK(r.body().empty());
        CHECK_FALSE(r.body().is_text());
        CHECK(r.body().stream());
        r.result(status::accepted);
        r.set("X-Added", "yes");
        c.replace_response(std::move(r));
    });
    t.hooks.post_responder(verb::get, "/replaced", [](auto& c) {
        response r = c.responses().front();
        r.body() = "another";
        c.replace_response(std::move(r));
    });
    response const kept = t.get("/kept");
    CHECK(kept.result_int() == 202);
    CHECK(kept["X-Added"] == "yes");
    CHECK(kept.body() == "123");
    CHECK(t.get("/replaced").body() == "another");
}

TEST_CASE("HEAD gets the header of a stream, and nothing is written for it") {
    fixture t;
    int runs = 0;
    t.hooks.get("/", [&](auto&) { return stream("text/plain", [&](stream_writer&) { ++runs; }); });
    t.hooks.get("/known", [&](auto&) {
        stream_options o;
        o.length = 7;
        return stream(
            "text/plain", [&](stream_writer&) { ++runs; }, o);
    });
    response const r = t.send(verb::head, "/");
    CHECK(r.result_int() == 200);
    CHECK(r[field::content_type] == "text/plain");
    CHECK_FALSE(r.contains(field::content_length));
    CHECK(r.body().empty());
    CHECK(t.send(verb::head, "/known")[field::content_length] == "7");
    CHECK(runs == 0);
}

TEST_CASE("what another thread has written comes before what is done here behind it") {
    fixture t;
    std::string const text(50'000, 'x');  // kept by the test, not by the write
    t.hooks.get("/dropped", [&](auto&) {
        return stream("text/plain", [&](stream_writer& out) {
            std::thread([&, out] {
                out.async_write(text, asio::detached);
                out.end();
            }).join();
        });
    });
    t.hooks.get("/ended", [&](auto&) {
        return stream("text/plain", [&](stream_writer& out) {
            std::thread([&, out] { out.async_write(text, asio::detached); }).join();
            out.end();
        });
    });
    t.hooks.get("/written", [&](auto&) {
        return stream("text/plain", [&](stream_writer& out) {
            std::thread([&, out] { out.async_write(text, asio::detached); }).join();
            out.async_write(std::string("y"), asio::detached);
            out.end();
        });
    });
    for (std::string_view const path : {"/dropped", "/ended", "/written"}) {
        CAPTURE(path);
        response const r = t.get(path);
        CHECK(r.result_int() == 200);
        CHECK(r.body() == text + (path == "/written" ? "y" : ""));
    }
    CHECK(t.errors.text().empty());
}

TEST_CASE("a stream is cancelled with its request") {
    fixture t;
    bool cancelled = false;
    t.hooks.get("/", [&](auto&) {
        return stream("text/plain", [&](stream_writer& out) -> asio::awaitable<void> {
            error_code ec;
            co_await out.async_wait_closed(asio::redirect_error(asio::use_awaitable, ec));
            cancelled = out.closed();
        });
    });
    asio::cancellation_signal stop;
    error_code got;
    t.hooks.async_dispatch(
        make_request(verb::get, "/"),
        asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, response) { got = ec; }));
    t.context.poll();
    stop.emit(asio::cancellation_type::all);
    t.context.restart();
    t.context.poll();
    CHECK(got == asio::error::operation_aborted);
    CHECK(cancelled);
}

TEST_CASE("a write that waits can be cancelled") {
    asio::io_context context;
    std::optional<stream_writer> out;
    response const r = stream("", [&](stream_writer& w) { out = w; });
    auto const body = r.body().stream();
    counting_sink sink;
    body->start(context.get_executor(), sink);
    context.poll();
    std::vector<std::string> log;
    asio::cancellation_signal stop;
    out->async_write("12", [&](error_code ec) { log.push_back("first " + ec.message()); });
    out->async_write("34", asio::bind_cancellation_slot(stop.slot(), [&](error_code ec) {
                         log.push_back("second " + ec.message());
                     }));
    out->async_write("56", [&](error_code ec) { log.push_back("third " + ec.message()); });
    context.restart();
    context.poll();
    CHECK(log.empty());
    stop.emit(asio::cancellation_type::total);
    context.restart();
    context.poll();
    CHECK(log == std::vector<std::string>{"second Operation canceled"});
    std::string text;
    CHECK(body->take(text, 1, true) == stream_body::taken::some);
    CHECK(body->take(text, 100, true) == stream_body::taken::some);
    CHECK(body->take(text, 100, true) == stream_body::taken::some);
    CHECK(body->take(text, 100, true) == stream_body::taken::nothing);
    CHECK(text == "1\r\n1\r\n1\r\n2\r\n2\r\n56\r\n");
    out->end();
    context.restart();
    context.poll();
    CHECK(body->take(text, 100, true) == stream_body::taken::end);
    body->stop();
    context.restart();
    context.poll();
    CHECK(log.size() == 3);
    CHECK(sink.told == 2);
    out.reset();
}

TEST_CASE("a filter stands between the writer and the connection") {
    fixture t;
    t.hooks.get("/", [](auto&) {
        response r = stream("text/plain", [](stream_writer& out) -> asio::awaitable<void> {
            co_await out.async_write("abc");
            co_await out.async_write("d");
        });
        r.body().stream()->filter(std::make_unique<shouting>());
        return r;
    });
    CHECK(t.get("/").body() == "ABC|D|.");
    t.hooks.get("/broken", [](auto&) {
        response r = stream("text/plain", count_to_three);
        r.body().stream()->filter(std::make_unique<failing>());
        return r;
    });
    CHECK(t.get("/broken").result_int() == 500);
    CHECK(t.errors.text() == "responder: no filter");
}

TEST_CASE("a filtered stream is chunked however its filter cuts it") {
    asio::io_context context;
    response const r = stream("", [](stream_writer& out) -> asio::awaitable<void> {
        co_await out.async_write("abcdefghijklmnopqrstuvwxyz");
    });
    auto const body = r.body().stream();
    body->filter(std::make_unique<shouting>());
    CHECK_FALSE(body->length());
    counting_sink sink;
    body->start(context.get_executor(), sink);
    context.poll();
    std::string text;
    while (body->take(text, 10, true) == stream_body::taken::some) {
    }
    context.restart();
    context.poll();
    CHECK(body->take(text, 10, true) == stream_body::taken::end);
    CHECK(text ==
          "0000000a\r\nABCDEFGHIJ\r\n0000000a\r\nKLMNOPQRST\r\n00000007\r\nUVWXYZ|\r\n"
          "00000001\r\n.\r\n");
    body->stop();
}

TEST_CASE("a trailer may not be a field that frames, routes or describes") {
    asio::io_context context;
    std::optional<stream_writer> out;
    response const r = stream("", [&](stream_writer& w) { out = w; });
    counting_sink sink;
    r.body().stream()->start(context.get_executor(), sink);
    CHECK_THROWS_AS(out->trailer("Content-Length", "1"), system_error);
    CHECK_THROWS_AS(out->trailer("Set-Cookie", "a=b"), system_error);
    CHECK_THROWS_AS(out->trailer("X\r\nY", "1"), system_error);
    CHECK_THROWS_AS(out->trailer("X-Y", "1\r\n"), system_error);
    out->trailer("X-Sum", "42");
    context.poll();
    REQUIRE(r.body().stream()->trailers());
    CHECK((*r.body().stream()->trailers())["X-Sum"] == "42");
    out->end();
    context.restart();
    context.poll();
    r.body().stream()->stop();
}

static_assert(stream_producer<void (*)(stream_writer&)>);
static_assert(stream_producer<asio::awaitable<void> (*)(stream_writer&)>);
static_assert(!stream_producer<int (*)(stream_writer&)>);
static_assert(!stream_producer<void (*)()>);
