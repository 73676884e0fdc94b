// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/client.hpp>

#include <httphooks/http/detail/response_parser.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/dynamic_body.hpp>
#include <boost/beast/http/empty_body.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/played_exchange.hpp"
#include "support/played_server.hpp"

namespace hh = httphooks;
namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using hh::error_code;
using hh::field;
using hh::status;
using hh::verb;
using namespace std::chrono_literals;

namespace {

using support::peer;
using support::played_server;

struct outcome {
    error_code ec;
    hh::response message;
};

/// A client and a server on one thread.
struct client_fixture : support::played_exchange {
    using support::played_exchange::played_exchange;

    /// Sends a request and runs until its outcome is there.
    outcome ask(hh::request r, std::string_view target = "/") {
        return ask_url(server.url(target), std::move(r));
    }
    outcome ask_url(std::string_view url, hh::request r) {
        std::optional<outcome> result;
        client.async_request(url, std::move(r), [&](error_code ec, hh::response message) {
            result.emplace(outcome{ec, std::move(message)});
        });
        run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
    outcome get(std::string_view target = "/") {
        return ask(hh::request(verb::get, "/", 11), target);
    }
};

/// Answers each request with the same text, and goes on.
played_server::script always(std::string text) {
    return [text](peer& p, int) -> asio::awaitable<void> { co_await p.answer(text); };
}

/// Answers the first request with a text, and closes.
played_server::script once(std::string text) {
    return [text](peer& p, int) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send(text);
    };
}

std::string const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace

TEST_CASE("a request goes out as it should, and its response comes back") {
    std::string seen;
    client_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        seen = co_await p.request();
        co_await p.send(
            "HTTP/1.1 410 I'm a teapot\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nshort");
        co_await p.end();
    });
    hh::request r(verb::post, "/ignored", 10);
    r.set("X-Mine", "yes");
    r.set(field::transfer_encoding, "chunked");
    r.set(field::te, "trailers");
    r.set(field::upgrade, "h2c");
    r.set(field::connection, "Upgrade, keep-alive");
    r.body() = "body";
    auto const done = f.ask(std::move(r), "/path?q=1#fragment");
    REQUIRE_FALSE(done.ec);
    CHECK(done.message.result() == status::gone);
    CHECK(done.message.reason() == "I'm a teapot");
    CHECK(done.message.count("X-A") == 2);
    CHECK(done.message.body() == "short");
    CHECK(done.message.version() == 11);

    std::string const host = f.server.url("").substr(7);
    CHECK(seen == "POST /path?q=1 HTTP/1.1\r\nX-Mine: yes\r\nHost: " + host +
                      "\r\nContent-Length: 4\r\n\r\nbody");
}

TEST_CASE("a Host of the user's own is kept, and other bodies of Beast's are taken") {
    std::vector<std::string> seen;
    client_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        std::function<void(std::string)> const note = [&](std::string text) {
            seen.push_back(std::move(text));
        };
        co_await p.answer(ok, note);
    });
    beast_http::request<beast_http::dynamic_body> r(verb::put, "/", 11);
    r.set(field::host, "virtual.example");
    auto const content = asio::buffer("abc", 3);
    r.body().commit(asio::buffer_copy(r.body().prepare(3), content));
    int done = 0;
    f.client.async_request(f.server.url(), std::move(r), [&](error_code ec, hh::response) {
        CHECK_FALSE(ec);
        ++done;
    });
    f.run_until([&] { return done == 1; });
    beast_http::request<beast_http::empty_body> none(verb::post, "/", 11);
    auto url = hh::http::absolute_url::parse(f.server.url("/parsed"));
    f.client.async_request(std::move(*url), std::move(none), [&](error_code ec, hh::response) {
        CHECK_FALSE(ec);
        ++done;
    });
    f.run_until([&] { return done == 2; });
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] == "PUT / HTTP/1.1\r\nHost: virtual.example\r\nContent-Length: 3\r\n\r\nabc");
    CHECK(seen[1].find("POST /parsed HTTP/1.1\r\n") == 0);
    CHECK(seen[1].find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("a connection is used again") {
    client_fixture f(always(ok));
    for (int i = 0; i < 5; ++i) CHECK(f.get().message.body() == "ok");
    CHECK(f.server.connections() == 1);
}

TEST_CASE("responses of every framing are read, and only a sure end lets the connection live") {
    struct example {
        char const* text;
        char const* body;
        bool kept;
    };
    for (auto const& e : std::vector<example>{
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
              "chunked\r\n\r\n2;x=y\r\nok\r\n1\r\n!\r\n0\r\nT: "
              "trailer\r\n\r\n",
              "ok!", true},
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nConnection: close\r\n\r\n",
              "", true},
             {"HTTP/1.1 204 No Content\r\n\r\n", "", true},
             {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", true},
             {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 "
              "200 "
              "OK\r\nContent-Length: 2\r\n\r\nok",
              "ok", true},
             {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "ok", false},
             {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", "ok", false},
             {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", false},
             {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "ok",
              true}}) {
        INFO(e.text);
        client_fixture f(always(e.text));
        auto const first = f.get();
        CHECK_FALSE(first.ec);
        CHECK(first.message.body() == e.body);
        CHECK_FALSE(first.message.contains("T"));
        CHECK_FALSE(f.get().ec);
        CHECK(f.server.connections() == (e.kept ? 1 : 2));
    }
}

TEST_CASE("a response may end with its connection") {
    client_fixture f(once("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    CHECK(f.get().message.body() == "until the end");
    CHECK(f.get().message.body() == "until the end");
    CHECK(f.server.connections() == 2);
}

TEST_CASE("a response is the same however its bytes are split") {
    std::string const text =
        "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    hh::response whole;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        INFO(cut);
        hh::http::detail::response_parser parser(1024, 1024, false);
        error_code ec;
        std::string buffer = text.substr(0, cut);
        buffer.erase(0, parser.put(buffer, ec));
        REQUIRE_FALSE(ec);
        REQUIRE(parser.done() == (cut == text.size()));
        buffer += text.substr(cut);
        buffer.erase(0, parser.put(buffer, ec));
        REQUIRE_FALSE(ec);
        REQUIRE(parser.done());
        CHECK(buffer.empty());
        CHECK(parser.keep_alive());
        CHECK(parser.get().body() == "abcde");
        CHECK(parser.get()["X"] == "y");
    }
}

TEST_CASE("an empty body of chunks may come byte by byte") {
    std::string const text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    hh::http::detail::response_parser parser(1024, 1024, false);
    std::string buffer;
    for (char const c : text) {
        REQUIRE_FALSE(parser.done());
        error_code ec;
        buffer += c;
        buffer.erase(0, parser.put(buffer, ec));
        REQUIRE_FALSE(ec);
    }
    CHECK(parser.done());
    CHECK(buffer.empty());
}

TEST_CASE("a server of HTTP/1.0 that says both close and keep-alive closes") {
    auto const kept = [](std::string const& fields) {
        hh::http::detail::response_parser parser(1000, 1000, false);
        error_code ec;
        parser.put("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n", ec);
        CHECK_FALSE(ec);
        CHECK(parser.done());
        return parser.keep_alive();
    };
    CHECK(kept("Connection: keep-alive\r\n"));
    CHECK_FALSE(kept("Connection: close, keep-alive\r\n"));
    CHECK_FALSE(kept("Connection: keep-alive\r\nConnection: close\r\n"));
}

TEST_CASE("a reply to HEAD has no body, whatever its length says") {
    client_fixture f(always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
    for (int i = 0; i < 2; ++i) {
        auto const done = f.ask(hh::request(verb::head, "/", 11));
        CHECK_FALSE(done.ec);
        CHECK(done.message.body().empty());
        CHECK(done.message[field::content_length] == "1000");
    }
    CHECK(f.server.connections() == 1);
}

TEST_CASE("what could be framed in two ways, or is no response, is an error") {
    for (auto const* text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
          "HTTP/2.0 200 OK\r\n\r\n",
          "HTTP/1.1 099 Low\r\n\r\n",
          "HTTP/1.1 2000 High\r\n\r\n",
          "hello\r\n\r\n",
          "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nA: b\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
          ""}) {
        INFO(text);
        client_fixture f(once(text));
        auto const done = f.get();
        CHECK(done.ec);
        CHECK(done.message.body().empty());
    }
}

TEST_CASE("interim responses do not go on for ever") {
    std::string many;
    for (int i = 0; i < 100; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
    client_fixture f(once(many + ok));
    CHECK(f.get().ec == beast_http::error::bad_status);
}

TEST_CASE("a response may not be larger than the limits") {
    hh::http::client_options options;
    options.header_limit = 200;
    options.body_limit = 10;
    auto const asked = [&](std::string const& text) {
        client_fixture f(always(text), options);
        return f.get().ec;
    };
    std::string const head = "HTTP/1.1 200 OK\r\n";
    CHECK_FALSE(asked(head + "Content-Length: 10\r\n\r\n0123456789"));
    CHECK(asked(head + "Content-Length: 11\r\n\r\n0123456789a") == beast_http::error::body_limit);
    CHECK_FALSE(
        asked(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"));
    CHECK(
        asked(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n") ==
        beast_http::error::body_limit);
    CHECK(asked(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n") ==
          beast_http::error::body_limit);
    CHECK(asked(head + "Connection: close\r\n\r\n0123456789a") == beast_http::error::body_limit);
    CHECK(asked(head + "X: " + std::string(200, 'x') + "\r\n\r\n") ==
          beast_http::error::header_limit);
    CHECK(asked(head + "X: " + std::string(100'000, 'x')) == beast_http::error::header_limit);
    std::string many = head;
    for (int i = 0; i < 40; ++i) many += "X: y\r\n";
    CHECK(asked(many + "\r\n") == beast_http::error::header_limit);
    std::string trailers = head + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
    for (int i = 0; i < 30; ++i) trailers += "X: y\r\n";
    CHECK(asked(trailers + "\r\n") == beast_http::error::header_limit);
    // Beast of Boost 1.87 and newer has a limit of its own for a chunk's line
    hh::error_code const chunk_line =
        asked(head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'x'));
    CHECK((chunk_line == beast_http::error::header_limit ||
           chunk_line == beast_http::error::bad_chunk_extension));
}

TEST_CASE("a kept connection that died is replaced") {
    SECTION("noticed before the request is sent, for any method") {
        client_fixture f(once(ok));
        CHECK_FALSE(f.get().ec);
        hh::request r(verb::post, "/", 11);
        r.body() = "x";
        CHECK_FALSE(f.ask(std::move(r)).ec);
        CHECK(f.server.connections() == 2);
    }
    // Reads the second request and closes without a word.
    std::vector<std::string> seen;
    auto const dies = [&](peer& p, int) -> asio::awaitable<void> {
        seen.push_back(co_await p.request());
        co_await p.send(ok);
        seen.push_back(co_await p.request());
    };
    SECTION("noticed later: a request that may be repeated is") {
        client_fixture f(dies);
        CHECK_FALSE(f.get("/1").ec);
        auto const done = f.get("/2");
        CHECK_FALSE(done.ec);
        CHECK(done.message.body() == "ok");
        REQUIRE(seen.size() == 3);
        CHECK(seen[1] == seen[2]);
        CHECK(f.server.connections() == 2);
    }
    SECTION("noticed later: another request is not") {
        client_fixture f(dies);
        CHECK_FALSE(f.get().ec);
        hh::request r(verb::post, "/", 11);
        CHECK(f.ask(std::move(r)).ec == beast_http::error::end_of_stream);
        CHECK(seen.size() == 2);
    }
}

TEST_CASE("a request is not repeated on a new connection, nor twice, nor after half a response") {
    SECTION("new connection") {
        client_fixture f(once(""));
        CHECK(f.get().ec == beast_http::error::end_of_stream);
        CHECK(f.server.connections() == 1);
    }
    SECTION("twice") {
        client_fixture f([](peer& p, int number) -> asio::awaitable<void> {
            co_await p.request();
            if (number > 1) co_return;
            co_await p.send(ok);
            co_await p.request();
        });
        CHECK_FALSE(f.get().ec);
        CHECK(f.get().ec == beast_http::error::end_of_stream);
        CHECK(f.server.connections() == 2);
    }
    SECTION("half a response") {
        client_fixture f([](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(ok);
            co_await p.request();
            co_await p.send("HTTP/1.1 200 ");
        });
        CHECK_FALSE(f.get().ec);
        CHECK(f.get().ec == beast_http::error::partial_message);
        CHECK(f.server.connections() == 1);
    }
}

TEST_CASE("a connection on which the server said something unasked is not used again") {
    int said = 0;
    client_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send(ok);
        co_await p.send(ok);
        ++said;
        co_await p.end();
    });
    CHECK_FALSE(f.get().ec);
    f.run_until([&] { return said == 1; });
    CHECK_FALSE(f.get().ec);
    CHECK(f.server.connections() == 2);
}

TEST_CASE("a connection that was idle for too long is not used again") {
    hh::http::client_options options;
    options.idle_timeout = 0ms;
    client_fixture f(always(ok), options);
    CHECK_FALSE(f.get().ec);
    CHECK_FALSE(f.get().ec);
    CHECK(f.server.connections() == 2);
}

TEST_CASE("more requests than connections wait their turn") {
    hh::http::client_options options;
    options.connections_per_origin = 2;
    client_fixture f(always(ok), options);
    int done = 0;
    for (int i = 0; i < 20; ++i)
        f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                               [&](error_code ec, hh::response r) {
                                   CHECK_FALSE(ec);
                                   CHECK(r.body() == "ok");
                                   ++done;
                               });
    f.run_until([&] { return done == 20; });
    CHECK(f.server.connections() == 2);
}

TEST_CASE("who waits gets a connection also when those before fail") {
    hh::http::client_options options;
    options.connections_per_origin = 1;
    client_fixture f(once("nonsense\r\n\r\n"), options);
    int done = 0;
    for (int i = 0; i < 5; ++i)
        f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                               [&](error_code ec, hh::response) {
                                   CHECK(ec);
                                   ++done;
                               });
    f.run_until([&] { return done == 5; });
    CHECK(f.server.connections() == 5);
}

TEST_CASE("a server that answers before it has read everything is heard") {
    client_fixture f([](peer& p, int) -> asio::awaitable<void> {
        co_await p.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
        co_await p.end();
    });
    hh::request r(verb::post, "/", 11);
    r.body().assign(32 * 1024 * 1024, 'x');
    auto const done = f.ask(std::move(r));
    CHECK_FALSE(done.ec);
    CHECK(done.message.result() == status::payload_too_large);
}

TEST_CASE("a request that takes too long ends with timed_out") {
    hh::http::client_options options;
    options.timeout = 50ms;
    SECTION("without an answer") {
        client_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.end(); }, options);
        CHECK(f.get().ec == asio::error::timed_out);
        CHECK(f.get().ec == asio::error::timed_out);
    }
    SECTION("in the middle of the answer") {
        client_fixture f(
            [](peer& p, int) -> asio::awaitable<void> {
                co_await p.request();
                co_await p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
                co_await p.end();
            },
            options);
        CHECK(f.get().ec == asio::error::timed_out);
    }
    SECTION("while it waits for a connection") {
        options.connections_per_origin = 1;
        client_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.end(); }, options);
        int done = 0;
        for (int i = 0; i < 3; ++i)
            f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                                   [&](error_code ec, hh::response) {
                                       CHECK(ec == asio::error::timed_out);
                                       ++done;
                                   });
        f.run_until([&] { return done == 3; });
    }
}

TEST_CASE("connecting has a time-out of its own") {
    hh::http::client_options options;
    options.connect_timeout = 50ms;
    int handshakes = 0;
    struct silent final : hh::http::client_stream {
        explicit silent(tcp::socket s) : socket_(std::move(s)) {}
        tcp::socket& socket() noexcept override { return socket_; }
        void async_handshake(std::function<void(error_code)> done) override {
            socket_.async_wait(tcp::socket::wait_read, std::move(done));
        }
        void async_read_some(asio::mutable_buffer, handler) override {}
        void async_write(asio::const_buffer, handler) override {}
        tcp::socket socket_;
    };
    options.tls = [&](tcp::socket socket, std::string const& host) {
        CHECK(host == "127.0.0.1");
        ++handshakes;
        return std::make_unique<silent>(std::move(socket));
    };
    client_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.end(); }, options);
    auto const begin = std::chrono::steady_clock::now();
    std::string url = f.server.url();
    url.insert(4, "s");
    CHECK(f.ask_url(url, hh::request(verb::get, "/", 11)).ec == asio::error::timed_out);
    CHECK(std::chrono::steady_clock::now() - begin < 4s);
    CHECK(handshakes == 1);
}

TEST_CASE("whatever operation of its stream fails, a request ends once") {
    // Gives one byte a read, and fails at a step that is counted down.
    struct failing final : hh::http::client_stream {
        failing(tcp::socket s, int& steps) : socket_(std::move(s)), steps_(steps) {}
        tcp::socket& socket() noexcept override { return socket_; }
        void async_handshake(std::function<void(error_code)> done) override {
            done(fails() ? error_code(asio::error::no_protocol_option) : error_code());
        }
        void async_read_some(asio::mutable_buffer into, handler done) override {
            if (fails()) return fail(std::move(done));
            socket_.async_read_some(asio::buffer(into, 1), std::move(done));
        }
        void async_write(asio::const_buffer from, handler done) override {
            if (fails()) return fail(std::move(done));
            asio::async_write(socket_, from, std::move(done));
        }
        bool fails() { return steps_-- == 0; }
        void fail(handler done) {
            asio::post(socket_.get_executor(),
                       [done = std::move(done)] { done(asio::error::no_protocol_option, 0); });
        }
        tcp::socket socket_;
        int& steps_;
    };
    int steps = 0;
    hh::http::client_options options;
    options.timeout = 100ms;
    options.tls = [&](tcp::socket socket, std::string const&) {
        return std::make_unique<failing>(std::move(socket), steps);
    };
    int good = 0;
    for (int step = 0; step < 200 && good == 0; ++step) {
        INFO(step);
        steps = step;
        client_fixture f(
            always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            options);
        std::string url = f.server.url();
        url.insert(4, "s");
        int calls = 0;
        f.client.async_request(url, hh::request(verb::get, "/", 11),
                               [&](error_code ec, hh::response r) {
                                   ++calls;
                                   if (ec) return;
                                   CHECK(r.body() == "ok");
                                   ++good;
                               });
        f.run_until([&] { return calls > 0; });
        f.client.close();
        f.context.restart();
        f.context.poll();
        CHECK(calls == 1);
    }
    CHECK(good == 1);
}

TEST_CASE("what cannot be asked is an error that comes later") {
    client_fixture f(always(ok));
    hh::request const get(verb::get, "/", 11);
    CHECK(f.ask_url("ftp://example.com/", get).ec == hh::error::invalid_target);
    CHECK(f.ask_url("https://127.0.0.1:1/", get).ec == asio::error::operation_not_supported);
    CHECK(f.ask(hh::request(verb::connect, "/", 11)).ec == asio::error::operation_not_supported);
    CHECK(f.ask_url("http://127.0.0.1:1/", get).ec == asio::error::connection_refused);
    CHECK(f.ask_url("http://name.invalid/", get).ec);
}

TEST_CASE("a name is resolved") {
    client_fixture f(always(ok));
    std::string url = f.server.url();
    url.replace(url.find("127.0.0.1"), 9, "localhost");
    CHECK(f.ask_url(url, hh::request(verb::get, "/", 11)).message.body() == "ok");
}

TEST_CASE("a request can be cancelled at any time") {
    std::string const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    bool finished = false;
    for (int step = 0; step < 200 && !finished; ++step) {
        INFO(step);
        client_fixture f([&](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(answer);
            co_await p.send("ok");
            co_await p.end();
        });
        asio::cancellation_signal signal;
        int calls = 0;
        error_code result;
        f.client.async_request(
            f.server.url(), hh::request(verb::get, "/", 11),
            asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, hh::response) {
                ++calls;
                result = ec;
            }));
        for (int i = 0; i < step && calls == 0; ++i) f.context.run_one_for(1s);
        finished = calls == 1;
        signal.emit(asio::cancellation_type::terminal);
        f.run_until([&] { return calls > 0; });
        CHECK(calls == 1);
        CHECK(result == (finished ? error_code() : asio::error::operation_aborted));
    }
    CHECK(finished);
}

TEST_CASE("closing ends all requests") {
    hh::http::client_options options;
    options.connections_per_origin = 2;
    client_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.end(); }, options);
    int done = 0;
    for (int i = 0; i < 5; ++i)
        f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                               [&](error_code ec, hh::response) {
                                   CHECK(ec == asio::error::operation_aborted);
                                   ++done;
                               });
    f.run_until([&] { return f.server.connections() == 2; });
    f.client.close();
    f.run_until([&] { return done == 5; });
}

TEST_CASE("a kept connection does not keep the context running") {
    client_fixture f(once(ok));
    bool ended = false;
    f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                           [&](error_code ec, hh::response) {
                               CHECK_FALSE(ec);
                               f.server.stop();
                               ended = true;
                           });
    f.context.run_for(20s);
    CHECK(ended);
    CHECK(f.context.stopped());
}

TEST_CASE("a context may go while requests are under way") {
    int calls = 0;
    {
        client_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.end(); });
        f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                               [&](error_code, hh::response) { ++calls; });
        f.run_until([&] { return f.server.connections() == 1; });
        asio::io_context other;
        hh::http::client client(other.get_executor());
        client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                             [&](error_code, hh::response) { ++calls; });
        other.poll();
    }
    CHECK(calls == 1);
}

TEST_CASE("a coroutine asks and goes on") {
    client_fixture f(always(ok));
    int done = 0;
    auto const body = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            hh::request r(verb::get, "/", 11);
            hh::response const answer =
                co_await f.client.async_request(f.server.url(), std::move(r));
            CHECK(answer.body() == "ok");
            ++done;
        }
    };
    auto running = body();
    asio::co_spawn(f.context, std::move(running), asio::detached);
    f.run_until([&] { return done == 3; });
}

TEST_CASE("a handler runs on its own executor") {
    client_fixture f(always(ok));
    asio::io_context other;
    bool called = false;
    f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                           asio::bind_executor(other.get_executor(),
                                               [&](error_code, hh::response) { called = true; }));
    bool answered = false;
    f.client.async_request(f.server.url(), hh::request(verb::get, "/", 11),
                           [&](error_code, hh::response) { answered = true; });
    f.run_until([&] { return answered; });
    CHECK_FALSE(called);
    other.run_for(20s);
    f.context.restart();
    while (!called && f.context.run_one_for(1s)) other.run_for(1ms);
    CHECK(called);
}

TEST_CASE("several threads may share a client") {
    asio::io_context context(1);
    played_server server(context, always(ok));
    std::string const url = server.url();
    std::atomic<int> good{0};
    std::atomic<int> left{400};
    asio::thread_pool threads(3);
    hh::http::client client(threads.get_executor());
    auto const guard = asio::make_work_guard(context);
    for (int i = 0; i < 4; ++i)
        asio::post(threads, [&] {
            for (int n = 0; n < 100; ++n)
                client.async_request(url, hh::request(verb::get, "/", 11),
                                     [&](error_code ec, hh::response r) {
                                         if (!ec && r.body() == "ok") ++good;
                                         if (--left == 0)
                                             asio::post(context, [&] { context.stop(); });
                                     });
        });
    context.run_for(20s);
    threads.join();
    CHECK(left == 0);
    CHECK(good == 400);
    // sixteen at a time; one whose reply is read before its write is known to have ended is not
    // kept
    CHECK(server.connections() < 100);
}

namespace {

hh::http::client_options following(unsigned most) {
    hh::http::client_options o;
    o.max_redirects = most;
    return o;
}

/// A server that redirects `/STATUS...` to what its header X-To says, or to /end, and tells of
/// each.
played_server::script redirector(std::vector<std::string>& seen) {
    return [&seen](peer& p, int) -> asio::awaitable<void> {
        for (;;) {
            std::string const asked = co_await p.request();
            if (asked.empty()) co_return;
            seen.push_back(asked);
            std::size_t const slash = asked.find('/');
            if (asked[slash + 1] != '3') {
                co_await p.send(ok);
                continue;
            }
            std::string to = "/end";
            if (auto const at = asked.find("X-To: "); at != asked.npos)
                to = asked.substr(at + 6, asked.find('\r', at) - at - 6);
            co_await p.send("HTTP/1.1 " + asked.substr(slash + 1, 3) + " Moved\r\nLocation: " + to +
                            "\r\nContent-Length: 5\r\n\r\nmoved");
        }
    };
}

bool says(std::string const& asked, std::string_view part) {
    return asked.find(part) != asked.npos;
}

}  // namespace

TEST_CASE("redirections are given as they come, unless they are to be followed") {
    std::vector<std::string> seen;
    client_fixture f(redirector(seen));
    auto const done = f.get("/302");
    CHECK(done.message.result_int() == 302);
    CHECK(seen.size() == 1);
}

TEST_CASE("get is short for a request with GET, and follows where it may") {
    std::vector<std::string> seen;
    client_fixture f(redirector(seen), following(1));
    std::optional<outcome> done;
    f.client.get(f.server.url("/301"), [&](error_code ec, hh::response r) {
        done.emplace(outcome{ec, std::move(r)});
    });
    f.run_until([&] { return done.has_value(); });
    CHECK_FALSE(done->ec);
    CHECK(done->message.body() == "ok");
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].starts_with("GET /301 HTTP/1.1\r\n"));
    CHECK(seen[1].starts_with("GET /end HTTP/1.1\r\n"));
    CHECK(f.server.connections() == 1);
}

TEST_CASE("what a redirection keeps of a request depends on its status, as in browsers") {
    std::vector<std::string> seen;
    client_fixture f(redirector(seen), following(5));
    auto const method_after = [&](verb method, std::string_view target) {
        hh::request r(method, "/", 11);
        r.set(field::content_type, "text/x");
        r.set("X-Mine", "1");
        if (method != verb::get && method != verb::head) r.body() = "body";
        seen.clear();
        f.ask(std::move(r), target);
        REQUIRE(seen.size() == 2);
        CHECK(says(seen[1], "X-Mine: 1\r\n"));
        bool const kept = says(seen[1], "\r\n\r\nbody");
        if (method != verb::get && method != verb::head)
            CHECK(kept == says(seen[1], "Content-Type: text/x\r\n"));
        return seen[1].substr(0, seen[1].find(' ')) + (kept ? "+body" : "");
    };
    for (auto const* target : {"/301", "/302"}) {
        CHECK(method_after(verb::get, target) == "GET");
        CHECK(method_after(verb::post, target) == "GET");
        CHECK(method_after(verb::put, target) == "PUT+body");
    }
    CHECK(method_after(verb::post, "/303") == "GET");
    CHECK(method_after(verb::put, "/303") == "GET");
    CHECK(method_after(verb::delete_, "/303") == "GET");
    for (auto const* target : {"/307", "/308"}) {
        CHECK(method_after(verb::get, target) == "GET");
        CHECK(method_after(verb::post, target) == "POST+body");
        CHECK(method_after(verb::patch, target) == "PATCH+body");
    }
}

TEST_CASE("no credentials go to another origin") {
    std::vector<std::string> seen;
    std::vector<std::string> other;
    client_fixture f(redirector(seen), following(3));
    played_server elsewhere(f.context, redirector(other));
    auto const ask = [&](std::string const& to) {
        hh::request r(verb::get, "/", 11);
        r.set(field::host, "mine.example");
        r.set(field::authorization, "secret");
        r.set(field::cookie, "secret");
        r.set(field::proxy_authorization, "secret");
        r.set("X-To", to);
        auto const done = f.ask(std::move(r), "/307");
        CHECK_FALSE(done.ec);
    };
    ask("/end");
    REQUIRE(seen.size() == 2);
    CHECK(says(seen[1], "Authorization: secret\r\n"));
    CHECK(says(seen[1], "Cookie: secret\r\n"));
    CHECK(says(seen[1], "Host: mine.example\r\n"));
    ask(elsewhere.url("/end"));
    REQUIRE(other.size() == 1);
    CHECK_FALSE(says(other[0], "secret"));
    CHECK_FALSE(says(other[0], "mine.example"));
    CHECK(says(other[0], "Host: " + elsewhere.url("").substr(7) + "\r\n"));
    CHECK(says(other[0], "X-To: "));
    elsewhere.stop();
}

TEST_CASE("redirections end at the limit, and where no URL follows") {
    std::vector<std::string> seen;
    client_fixture f(redirector(seen), following(3));
    hh::request r(verb::get, "/", 11);
    r.set("X-To", "/302");
    CHECK(f.ask(r, "/302").ec == hh::make_error_code(hh::error::redirect_limit));
    CHECK(seen.size() == 4);
    for (auto const* to : {"ftp://a/", "javascript:alert(1)", "http://u:p@127.0.0.1/", "//"}) {
        r.set("X-To", to);
        CHECK(f.ask(r, "/302").ec == hh::make_error_code(hh::error::invalid_target));
    }
    r.set("X-To", "https://127.0.0.1/");
    CHECK(f.ask(r, "/302").ec == asio::error::operation_not_supported);
    // bytes that have no place in a URL are escaped
    r.set("X-To", "/caf\xc3\xa9 x");
    CHECK_FALSE(f.ask(r, "/302").ec);
    CHECK(seen.back().starts_with("GET /caf%C3%A9%20x HTTP/1.1\r\n"));
}

TEST_CASE("a redirection that says not where to is a response, and so are 300 and 304") {
    for (auto const* text : {"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nok",
                             "HTTP/1.1 300 Choose\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok",
                             "HTTP/1.1 304 Same\r\nLocation: /x\r\n\r\n"}) {
        client_fixture f(always(text), following(3));
        auto const done = f.get();
        CHECK_FALSE(done.ec);
        CHECK(done.message.result_int() / 100 == 3);
    }
}

TEST_CASE("the time-out of a request is for all its redirections") {
    std::string const loop = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    auto options = following(1'000'000'000);
    options.timeout = 50ms;
    client_fixture f(always(loop), options);
    CHECK(f.get().ec == asio::error::timed_out);
}
