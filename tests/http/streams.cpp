// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/session.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/memory_server.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using support::memory_client;
using support::memory_server;
using support::occurrences;
using support::take;

namespace asio = boost::asio;
namespace hh = httphooks;

namespace {

/// Streams that a test writes by hand, in the order of their requests.
struct hand_written {
    std::vector<hh::stream_writer> out{};
    std::vector<std::string> log{};

    void add(memory_server& s, hh::stream_options o = {}) {
        s.registry.get("/stream", [this, o](auto&) {
            return hh::stream(
                "text/plain", [this](hh::stream_writer& w) { out.push_back(w); }, o);
        });
        s.registry.get("/hello", [](auto&) { return hh::text("hello"); });
    }
    void write(std::string text) {
        out.back().async_write(std::move(text), [this](hh::error_code ec) {
            log.push_back(ec ? ec.message() : "written");
        });
    }
};

std::string const get_stream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
std::string const get_hello_too = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

std::string body_of(std::string const& reply) {
    auto const end = reply.find("\r\n\r\n");
    return end == reply.npos ? std::string() : reply.substr(end + 4);
}

/// Counts when it ends; clang 19 warns of such a class within the coroutine.
struct counted_end {
    int& n;
    ~counted_end() { ++n; }
};

}  // namespace

TEST_CASE("the header of a stream goes out first, and each write is a chunk") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send(get_stream);
    s.run();
    std::string const header = take(c);
    CHECK(header.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(header.find("\r\nTransfer-Encoding: chunked\r\n") != header.npos);
    CHECK(header.find("Content-Length") == header.npos);
    CHECK(header.ends_with("\r\n\r\n"));
    h.write("hello");
    s.run();
    CHECK(take(c) == "5\r\nhello\r\n");
    CHECK(h.log == std::vector<std::string>{"written"});
    h.out.back().trailer("X-Sum", "7");
    h.write("again");
    h.out.back().end();
    s.run();
    CHECK(take(c) == "5\r\nagain\r\n0\r\nX-Sum: 7\r\n\r\n");
    CHECK(h.out.back().closed());
    CHECK_FALSE(c.ended());
    c.send(get_hello_too);
    s.run();
    CHECK(body_of(take(c)) == "hello");
}

TEST_CASE("a stream with a length is sent with it, and has no trailers") {
    memory_server s;
    hand_written h;
    hh::stream_options o;
    o.length = 10;
    h.add(s, o);
    auto c = s.connect();
    c.send(get_stream);
    s.run();
    h.out.back().trailer("X-Sum", "7");
    h.write("hello");
    h.write("again");
    h.out.back().end();
    s.run();
    std::string const reply = take(c);
    CHECK(reply.find("\r\nContent-Length: 10\r\n") != reply.npos);
    CHECK(reply.find("chunked") == reply.npos);
    CHECK(body_of(reply) == "helloagain");
    CHECK_FALSE(c.ended());
}

TEST_CASE("a stream that is not as long as it was said breaks the connection off") {
    for (bool const longer : {true, false}) {
        CAPTURE(longer);
        memory_server s;
        hand_written h;
        hh::stream_options o;
        o.length = longer ? 3 : 6;
        h.add(s, o);
        auto c = s.connect();
        c.send(get_stream);
        s.run();
        h.write("hello");
        h.out.back().end();
        s.run();
        CHECK(body_of(take(c)).size() < *o.length);
        CHECK(c.ended());
    }
}

TEST_CASE("to HTTP/1.0 a stream goes until the connection closes") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get_hello_too);
    s.run();
    h.write("hello");
    s.run();
    CHECK_FALSE(c.ended());
    h.out.back().end();
    s.run();
    std::string const reply = take(c);
    CHECK(reply.find("Transfer-Encoding") == reply.npos);
    CHECK(reply.find("\r\nConnection: close\r\n") != reply.npos);
    CHECK(body_of(reply) == "hello");
    CHECK(c.ended());
    CHECK_FALSE(c.closed());  // it lingers: the end is no reset
}

TEST_CASE("HTTP/1.0 notices by a reset that a stream has failed") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send("GET /stream HTTP/1.0\r\n\r\n");
    s.run();
    h.write("hello");
    s.run();
    h.out.back().fail(hh::error::time_limit);
    s.run();
    CHECK(c.closed());
    CHECK(h.out.back().closed());
}

TEST_CASE("a stream that fails ends the connection without the last chunk") {
    memory_server s;
    s.registry.get("/broken", [](auto&) {
        return hh::stream("text/plain", [](auto& out) -> asio::awaitable<void> {
            co_await out.async_write("before");
            throw std::runtime_error("in the middle");
        });
    });
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello_too);
    s.run();
    CHECK(body_of(take(c)) == "6\r\nbefore\r\n");
    CHECK(c.ended());
}

TEST_CASE("a stream that a second request gets too is a 500 there, and goes on for the first") {
    memory_server s;
    std::vector<hh::stream_writer> out;
    hh::response const once =
        hh::stream("text/plain", [&out](hh::stream_writer& w) { out.push_back(w); });
    s.registry.get("/stream", [&once](auto&) { return once; });
    auto first = s.connect();
    auto second = s.connect();
    first.send(get_stream);
    s.run();
    second.send(get_stream);
    s.run();
    CHECK(take(first).starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(take(second).starts_with("HTTP/1.1 500 "));
    REQUIRE(out.size() == 1);
    out.front().async_write("on", [](hh::error_code) {});
    out.front().end();
    s.run();
    CHECK(take(first) == "2\r\non\r\n0\r\n\r\n");
}

TEST_CASE("requests behind a stream wait for its end") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send(get_hello_too + get_stream + get_hello_too + get_hello_too);
    s.run();
    CHECK(occurrences(take(c), "HTTP/1.1 200") == 2);
    h.write("x");
    s.run();
    CHECK(take(c) == "1\r\nx\r\n");
    h.out.back().end();
    s.run();
    std::string const rest = take(c);
    CHECK(rest.starts_with("0\r\n\r\nHTTP/1.1 200"));
    CHECK(occurrences(rest, "hello") == 2);
}

TEST_CASE("a stream behind a reply that takes its time begins when its turn comes") {
    memory_server s;
    hand_written h;
    h.add(s);
    std::vector<hh::hook_done> waiting;
    s.registry.get("/wait", [&](auto& c, auto done) {
        c.set_response(hh::text("waited"));
        waiting.push_back(std::move(done));
    });
    auto c = s.connect();
    c.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + get_stream + get_hello_too);
    s.run();
    CHECK(c.received().empty());
    CHECK(h.out.empty());
    waiting.front()();
    s.run();
    REQUIRE(h.out.size() == 1);
    CHECK(occurrences(take(c), "HTTP/1.1 200") == 2);
    h.out.back().end();
    s.run();
    CHECK(take(c).ends_with("hello"));
}

TEST_CASE("writes wait while the client takes nothing, and little is kept for it") {
    memory_server s;
    std::size_t written = 0;
    s.registry.get("/much", [&](auto&) {
        return hh::stream("text/plain", [&](auto& out) -> asio::awaitable<void> {
            std::string const text(1000, 'x');
            for (int i = 0; i < 2000; ++i) {
                co_await out.async_write(text);
                written += text.size();
            }
        });
    });
    auto c = s.connect();
    c.window(0);
    c.send("GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    CHECK(written < 192 * 1024);
    std::size_t const before = written;
    c.window(100'000);
    s.run();
    CHECK(written > before);
    CHECK(written < 300 * 1024);
    c.window(10'000'000);
    s.run();
    CHECK(written == 2'000'000);
    CHECK(c.received().ends_with("0\r\n\r\n"));
}

TEST_CASE("one write that is large goes out bit by bit") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.window(1000);
    c.send(get_stream);
    s.run();
    h.write(std::string(1'000'000, 'y'));
    s.run();
    CHECK(h.log.empty());
    c.window(10'000'000);
    s.run();
    CHECK(h.log == std::vector<std::string>{"written"});
    CHECK(occurrences(body_of(take(c)), "y") == 1'000'000);
}

TEST_CASE("when the client goes, writes fail and the coroutine is cancelled") {
    memory_server s;
    std::string log;
    std::optional<hh::stream_writer> kept;
    s.registry.get("/waits", [&](auto&) {
        return hh::stream("text/plain", [&](auto& out) -> asio::awaitable<void> {
            kept = out;
            try {
                co_await hh::test::forever();
            } catch (hh::system_error const& e) {
                log += e.code() == asio::error::operation_aborted ? "cancelled" : "failed";
            }
        });
    });
    hand_written h;
    h.add(s);
    for (std::string const path : {"/waits", "/stream"}) {
        auto c = s.connect();
        c.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        s.run();
        c.window(0);
        if (path == "/stream") {
            h.write(std::string(500'000, 'x'));
            h.out.back().async_wait_closed([&](hh::error_code) { h.log.push_back("closed"); });
            s.run();
        }
        c.reset();
        s.run();
        CHECK(s.loop().size() == 0);
    }
    CHECK(log == "cancelled");
    CHECK(kept->closed());
    CHECK(h.log == std::vector<std::string>{"nobody takes what the stream writes", "closed"});
    h.write("late");
    s.run();
    CHECK(h.log.size() == 3);
}

TEST_CASE("a client that has ended its half is asked whether it is there, and gets the rest") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send(get_stream);
    s.run();
    take(c);
    c.finish();
    s.run();
    CHECK(take(c) == "0");
    CHECK_FALSE(c.ended());
    h.write("hello");
    s.run();
    CHECK(take(c) == "5\r\nhello\r\n");
    h.out.back().end();
    s.run();
    CHECK(take(c) == "0\r\n\r\n");
    CHECK(c.ended());
}

TEST_CASE("a silent stream outlives the idle and the handler timeout") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send(get_stream);
    s.run();
    s.pass(1h);
    CHECK_FALSE(c.ended());
    h.write("still");
    s.run();
    CHECK(c.received().ends_with("still\r\n"));
    h.out.back().end();
    s.run();
    s.pass(61s);
    CHECK(c.ended());
}

TEST_CASE("a client that takes nothing is cut off, one that takes a little is not") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.window(10);
    c.send(get_stream);
    s.run();
    h.write(std::string(500'000, 'x'));
    s.run();
    for (int i = 0; i < 5; ++i) {
        s.pass(20s);
        CHECK_FALSE(c.closed());
        c.window(10);
        s.run();
    }
    s.pass(31s);
    CHECK(c.closed());
    CHECK(h.out.back().closed());
}

TEST_CASE("a server that drains waits for a stream, and a cut ends it") {
    for (bool const cut : {false, true}) {
        memory_server s;
        hand_written h;
        h.add(s);
        auto c = s.connect();
        c.send(get_stream);
        s.run();
        bool empty = false;
        s.loop().drain([&] { empty = true; });
        s.run();
        CHECK_FALSE(c.ended());
        if (cut) {
            CHECK(s.loop().cut().second == 1);
            s.run();
            CHECK(c.closed());
            CHECK(h.out.back().closed());
        } else {
            h.write("x");
            h.out.back().end();
            s.run();
            CHECK(take(c).ends_with("1\r\nx\r\n0\r\n\r\n"));
            CHECK(c.ended());
            c.finish();
            s.run();
        }
        CHECK(empty);
    }
}

TEST_CASE("what a client sends while a stream is written is kept, and not without end") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send(get_stream);
    s.run();
    for (int i = 0; i < 100; ++i) {
        c.send(get_hello_too);
        s.run();
    }
    h.out.back().end();
    s.run();
    CHECK(occurrences(take(c), "HTTP/1.1 200") == 101);
}

TEST_CASE("HEAD gets the header of a stream, and the connection stays") {
    memory_server s;
    hand_written h;
    h.add(s);
    auto c = s.connect();
    c.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello_too);
    s.run();
    CHECK(h.out.empty());
    std::string const both = take(c);
    CHECK(occurrences(both, "HTTP/1.1 200") == 2);
    CHECK(both.ends_with("hello"));
}

TEST_CASE("a stream whose connection fails at any step leaves nothing") {
    for (std::size_t step = 0;; ++step) {
        REQUIRE(step < 100);
        memory_server s;
        int began = 0;
        int ended = 0;
        s.registry.get("/five", [&](auto&) {
            return hh::stream("text/plain", [&](auto& out) -> asio::awaitable<void> {
                ++began;
                counted_end const end{ended};
                for (int i = 0; i < 5; ++i) {
                    co_await out.async_write("piece");
                    co_await hh::test::turns(2);
                }
            });
        });
        auto c = s.connect();
        c.fail_at(step);
        c.send("GET /five HTTP/1.1\r\nHost: a\r\n\r\n");
        s.run();
        CHECK(began == ended);
        if (c.received().ends_with("0\r\n\r\n")) break;
        CHECK(s.loop().size() == 0);
    }
}
