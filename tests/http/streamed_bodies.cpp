// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Request bodies as streams, over sockets.
*/

#include <httphooks/http/server.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/request_body.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;
using support::eventually;
using support::raw_client;
using support::read_end;

namespace {

hh::http::options upload_options(unsigned threads) {
    hh::http::options o;
    o.address = "127.0.0.1";
    o.threads = threads;
    return o;
}

/// A server with responders that read.
struct upload_server {
    hh::registry hooks{};
    std::atomic<int> started{0};
    std::atomic<int> gone{0};
    hh::http::server web;

    explicit upload_server(unsigned threads = 1) : web(upload_options(threads), hooks) {
        hh::hook_options const o{.body_limit = 0, .body = hh::body::stream};
        hooks.post(
            "/count",
            [this](hh::responder_context& c) -> asio::awaitable<std::string> {
                ++started;
                hh::request_body const body = c.body();
                std::uint64_t bytes = 0;
                for (;;) {
                    auto reading = body.async_read_chunk(asio::as_tuple(asio::use_awaitable));
                    auto const [ec, chunk] = co_await std::move(reading);
                    if (ec == hh::error::body_incomplete) ++gone;
                    if (ec) throw hh::system_error(ec);
                    if (chunk.empty()) break;
                    bytes += chunk.size();
                }
                co_return std::to_string(bytes);
            },
            o);
        hooks.post(
            "/echo",
            [](hh::responder_context& c) -> asio::awaitable<hh::response> {
                hh::request_body const body = c.body();
                co_return hh::stream("", [body](hh::stream_writer& out) -> asio::awaitable<void> {
                    for (;;) {
                        std::string_view const chunk = co_await body.async_read_chunk();
                        if (chunk.empty()) break;
                        co_await out.async_write(chunk);
                    }
                });
            },
            o);
        hooks.post(
            "/first",
            [](hh::responder_context& c) -> asio::awaitable<hh::response> {
                hh::request_body const body = c.body();
                co_return hh::stream("", [body](hh::stream_writer& out) -> asio::awaitable<void> {
                    std::string_view const chunk = co_await body.async_read_chunk();
                    co_await out.async_write(chunk.substr(0, 1));
                });
            },
            o);
        hooks.post(
            "/at-once",
            [](hh::responder_context& c) {
                return hh::stream(
                    "", [body = c.body()](hh::stream_writer& out) -> asio::awaitable<void> {
                        std::string_view const chunk = co_await body.async_read_chunk();
                        co_await out.async_write(chunk);
                        std::string_view const end = co_await body.async_read_chunk();
                        co_await out.async_write(end.empty() ? "end" : "more");
                    });
            },
            o);
        hooks.get("/hello", [](auto&) { return "hello"; });
        web.listen();
        web.async_run(asio::detached);
    }
    ~upload_server() { web.stop(); }
};

std::string head_of(std::string_view path, std::uint64_t size) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

constexpr std::string_view ask_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("bodies of any length are read as streams, one after another on a connection") {
    upload_server s(2);
    raw_client c(s.web.port());
    std::string const piece(1'000'000, 'x');
    for (int round = 0; round < 2; ++round) {
        REQUIRE(c.send(head_of("/count", 64 * piece.size())));
        for (int i = 0; i < 64; ++i) REQUIRE(c.send(piece));
        CHECK(c.until("64000000").starts_with("HTTP/1.1 200 "));
    }
    REQUIRE(c.send(ask_hello));
    CHECK(c.until("hello").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a reply is written while its request is read") {
    upload_server s;
    raw_client c(s.web.port());
    REQUIRE(c.send(head_of("/echo", 6) + "abc"));
    CHECK(c.until("3\r\nabc\r\n").starts_with("HTTP/1.1 200 "));
    REQUIRE(c.send("def"));
    CHECK(c.until("0\r\n\r\n") == "3\r\ndef\r\n0\r\n\r\n");
    REQUIRE(c.send(ask_hello));
    CHECK(c.until("hello").starts_with("HTTP/1.1 200 "));
    CHECK(eventually([&] { return s.hooks.stats().exchanges == 0; }));
}

TEST_CASE("a reply that is begun before its request is read is written all the same") {
    upload_server s;
    raw_client c(s.web.port());
    REQUIRE(c.send(head_of("/at-once", 3)));
    CHECK(c.until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    REQUIRE(c.send("abc"));
    CHECK(c.until("0\r\n\r\n") == "3\r\nabc\r\n3\r\nend\r\n0\r\n\r\n");
}

TEST_CASE("what a streamed reply leaves of its request is skipped, or the connection closes") {
    upload_server s;
    raw_client c(s.web.port());
    REQUIRE(c.send(head_of("/first", 3'000'000) + "abc"));
    CHECK(c.until("0\r\n\r\n").starts_with("HTTP/1.1 200 "));
    REQUIRE(c.send(std::string(3'000'000 - 3, 'x')));
    REQUIRE(c.send(ask_hello));
    CHECK(c.until("hello").starts_with("HTTP/1.1 200 "));
    REQUIRE(c.send(head_of("/first", 100'000'000) + "abc"));
    auto const [text, end] = c.rest();
    CHECK(text.ends_with("0\r\n\r\n"));
    CHECK(end == read_end::fin);
}

TEST_CASE("a thousand clients that leave in the middle of their bodies leave nothing") {
    upload_server s(2);
    std::atomic<int> whole{0};
    s.hooks.post("/whole", [&](auto&) {
        ++whole;
        return "whole";
    });
    constexpr int most = 1000;
    for (int i = 0; i < most; ++i) {
        raw_client c(s.web.port());
        char const* const path = i % 4 == 0 ? "/count" : i % 4 == 1 ? "/echo" : "/whole";
        REQUIRE(c.send(head_of(path, 1000) + "abc"));
        if (i % 4 == 0) CHECK(eventually([&] { return s.started > i / 4; }));
        if (i % 3 == 0) c.reset();
    }
    CHECK(eventually([&] { return s.started == most / 4; }));
    CHECK(eventually([&] { return s.gone == most / 4; }));
    CHECK(eventually([&] { return s.hooks.stats().exchanges == 0; }));
    CHECK(eventually([&] { return s.web.counters()->sessions() == 0; }));
    CHECK(s.web.counters()->opened() == most);
    CHECK(s.web.counters()->waiting_bytes() == 0);
    CHECK(whole == 0);
}

TEST_CASE("a client whose body nobody reads cannot go on sending") {
    upload_server s;
    std::mutex mutex;
    std::function<void()> go_on;
    s.hooks.post("/wait",
                 [&](hh::responder_context& c, hh::hook_done done) {
                     std::lock_guard const lock(mutex);
                     go_on = [&c, body = c.body(), done] {
                         body.async_skip([&c, done](hh::error_code ec, std::size_t n) {
                             c.set_response(hh::text(ec ? ec.message() : std::to_string(n)));
                             done();
                         });
                     };
                 },
                 {.body_limit = 0, .body = hh::body::stream});
    raw_client c(s.web.port());
    constexpr std::size_t size = 40'000'000;
    REQUIRE(c.send(head_of("/wait", size)));
    timeval const soon{0, 200'000};
    ::setsockopt(c.handle(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    std::string const piece(100'000, 'x');
    std::size_t sent = 0;
    for (ssize_t n = 1; n > 0 && sent<size; sent += n> 0 ? static_cast<std::size_t>(n) : 0)
        n = ::send(c.handle(), piece.data(), piece.size(), MSG_NOSIGNAL);
    CHECK(sent < size);
    REQUIRE(eventually([&] {
        std::lock_guard const lock(mutex);
        return go_on != nullptr;
    }));
    std::exchange(go_on, nullptr)();
    timeval const long_time{5, 0};
    ::setsockopt(c.handle(), SOL_SOCKET, SO_SNDTIMEO, &long_time, sizeof long_time);
    REQUIRE(c.send(std::string(size - sent, 'x')));
    CHECK(c.until("40000000").starts_with("HTTP/1.1 200 "));
}
