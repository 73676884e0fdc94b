// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/dispatch_streaming.hpp>

#include <httphooks/registry.hpp>
#include <httphooks/request_body.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message_generator.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace hh = httphooks;
namespace asio = boost::asio;
namespace beast = boost::beast;
using support::eventually;
using support::raw_client;

namespace {

/// A session of Beast's, connection by connection, on a thread.
struct streaming_beast_server {
    asio::io_context context{1};
    hh::registry hooks{context.get_executor()};
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::atomic<int> closed{0};
    std::atomic<int> failed{0};
    std::thread thread{};

    streaming_beast_server() {
        hooks.pre_responder(hh::any_verb, "/closed",
                            [](auto& c) { c.set_response(hh::status::forbidden); },
                            {.needs_body = false});
        hooks.post("/echo", [](auto& c) { return c.request().body(); });
        hooks.get("/hello", [](auto&) { return "hello"; });
        hooks.post("/count",
                   [](hh::responder_context& c) -> asio::awaitable<std::string> {
                       std::size_t const n = co_await c.body().async_skip();
                       co_return std::to_string(n) + " bytes";
                   },
                   {.body_limit = 0, .body = hh::body::stream});
        hooks.post("/first",
                   [](hh::responder_context& c) -> asio::awaitable<std::string> {
                       std::string_view const chunk = co_await c.body().async_read_chunk();
                       co_return std::string(chunk.substr(0, 1));
                   },
                   {.body_limit = 0, .body = hh::body::stream});
    }
    ~streaming_beast_server() {
        context.stop();
        thread.join();
    }
    void run() {
        asio::co_spawn(context, accept(), asio::detached);
        thread = std::thread([this] { context.run(); });
    }
    std::uint16_t port() { return acceptor.local_endpoint().port(); }

    asio::awaitable<void> accept() {
        for (;;) {
            beast::tcp_stream stream(co_await acceptor.async_accept(asio::use_awaitable));
            asio::co_spawn(context, serve(std::move(stream)),
                           [this](std::exception_ptr e) { e ? ++failed : ++closed; });
        }
    }
    asio::awaitable<void> serve(beast::tcp_stream stream) {
        beast::flat_buffer buffer;
        for (bool more = true; more;) {
            beast::http::request_parser<beast::http::empty_body> parser;
            parser.body_limit(boost::none);
            stream.expires_after(std::chrono::seconds(20));
            co_await beast::http::async_read_header(stream, buffer, parser, asio::use_awaitable);
            auto answering = hh::http::async_dispatch_streaming(
                hooks, stream, buffer, std::move(parser), hh::origin(), {.body_limit = 1000});
            hh::response reply = co_await std::move(answering);
            more = reply.keep_alive();
            beast::http::message_generator message(std::move(reply));
            co_await beast::async_write(stream, std::move(message), asio::use_awaitable);
        }
    }
};

std::string upload_head(std::string_view path, std::size_t size, std::string_view fields = "") {
    std::string text = "POST ";
    text.append(path).append(" HTTP/1.1\r\nHost: a\r\nContent-Length: ");
    return text.append(std::to_string(size)).append("\r\n").append(fields).append("\r\n");
}

constexpr std::string_view asks = "Expect: 100-continue\r\n";

}  // namespace

TEST_CASE("a session of Beast's has hooks that read bodies, whole or while they come") {
    streaming_beast_server s;
    s.run();
    raw_client c(s.port());
    REQUIRE(c.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(c.until("hello").starts_with("HTTP/1.1 200 "));
    REQUIRE(c.send(upload_head("/echo", 4) + "body"));
    CHECK(c.until("body").starts_with("HTTP/1.1 200 "));
    REQUIRE(c.send(upload_head("/count", 5'000'000)));
    REQUIRE(c.send(std::string(5'000'000, 'x')));
    CHECK(c.until("5000000 bytes").starts_with("HTTP/1.1 200 "));
    REQUIRE(
        c.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"));
    CHECK(c.until("abcd").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("in a session of Beast's a client is asked for its body when somebody wants it") {
    streaming_beast_server s;
    s.run();
    raw_client c(s.port());
    for (auto const* path : {"/echo", "/count"}) {
        REQUIRE(c.send(upload_head(path, 4, asks)));
        CHECK(c.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
        REQUIRE(c.send("1234"));
        CHECK(c.until(path[1] == 'e' ? "1234" : "4 bytes").starts_with("HTTP/1.1 200 "));
    }
    REQUIRE(c.send(upload_head("/closed", 4, asks)));
    std::string const refusal = c.rest().first;
    CHECK(refusal.starts_with("HTTP/1.1 403 "));
    CHECK(refusal.find("Connection: close\r\n") != refusal.npos);
    CHECK(eventually([&] { return s.closed == 1; }));
}

TEST_CASE("in a session of Beast's a body that is none is refused") {
    streaming_beast_server s;
    s.run();
    {
        raw_client c(s.port());
        REQUIRE(c.send(upload_head("/echo", 1001)));
        CHECK(c.rest().first.starts_with("HTTP/1.1 413 "));
    }
    {
        raw_client c(s.port());
        REQUIRE(
            c.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3e9\r\n" +
                   std::string(1001, 'x')));
        CHECK(c.rest().first.starts_with("HTTP/1.1 413 "));
    }
    for (auto const* path : {"/echo", "/count"}) {
        raw_client c(s.port());
        REQUIRE(c.send(std::string("POST ") + path +
                       " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
        CHECK(c.rest().first.starts_with("HTTP/1.1 400 "));
    }
    CHECK(eventually([&] { return s.hooks.stats().exchanges == 0; }));
}

TEST_CASE("in a session of Beast's a client may go in the middle, and a hook may read a part") {
    streaming_beast_server s;
    s.run();
    for (auto const* path : {"/echo", "/count"}) {
        raw_client c(s.port());
        REQUIRE(c.send(upload_head(path, 10) + "123"));
    }
    CHECK(eventually([&] { return s.failed + s.closed == 2; }));
    raw_client c(s.port());
    REQUIRE(c.send(upload_head("/first", 100'000) + "abc"));
    std::string const reply = c.rest().first;
    CHECK(reply.ends_with("\r\n\r\na"));
    CHECK(reply.find("Connection: close\r\n") != reply.npos);
    CHECK(eventually([&] { return s.hooks.stats().exchanges == 0; }));
}
