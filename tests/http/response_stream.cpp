// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/response_stream.hpp>

#include <httphooks/http/client.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
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

/// What was read of a response.
struct read_response {
    error_code ec;
    /// Whether there was a header; then ec is that of its body.
    bool opened = false;
    hh::response header{};
    std::optional<std::uint64_t> size{};
    std::string body{};
    hh::fields trailers{};
};

asio::awaitable<read_response> read_piecewise(hh::http::client client, std::string url,
                                              hh::request r, hh::http::streaming_options o) {
    read_response result;
    try {
        auto const reply = co_await client.async_stream(url, std::move(r), std::move(o));
        result.opened = true;
        result.header = reply.header();
        result.size = reply.size();
        for (;;) {
            std::string_view const chunk = co_await reply.async_read_chunk();
            if (chunk.empty()) break;
            result.body += chunk;
        }
        result.trailers = reply.trailers();
    } catch (hh::system_error const& e) {
        result.ec = e.code();
    }
    co_return result;
}

/// A client and a server on one thread.
struct stream_fixture : support::played_exchange {
    using support::played_exchange::played_exchange;

    read_response ask(hh::request r, hh::http::streaming_options o = {},
                      std::string_view scheme = "http") {
        std::optional<read_response> result;
        std::string url = server.url();
        url.replace(0, 4, scheme);
        auto asking = read_piecewise(client, url, std::move(r), std::move(o));
        asio::co_spawn(context, std::move(asking),
                       [&](std::exception_ptr, read_response got) { result = std::move(got); });
        run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
    read_response get(hh::http::streaming_options o = {}) {
        return ask(hh::request(verb::get, "/", 11), std::move(o));
    }

    /// Has a response begin.
    asio::awaitable<hh::http::response_stream> open(hh::http::streaming_options o = {}) {
        return client.async_stream(server.url(), hh::request(verb::get, "/", 11), std::move(o),
                                   asio::use_awaitable);
    }

    /// Runs a coroutine to its end.
    void play(std::function<asio::awaitable<void>()> f) {
        std::optional<std::exception_ptr> ended;
        asio::co_spawn(context, f(), [&](std::exception_ptr e) { ended = e; });
        run_until([&] { return ended.has_value(); });
        if (*ended) std::rethrow_exception(*ended);
    }
};

/// Answers each request with the same text, and goes on.
played_server::script plays(std::string text) {
    return [text](peer& p, int) -> asio::awaitable<void> { co_await p.answer(text); };
}

/// Answers the first request with a text, and closes.
played_server::script plays_once(std::string text) {
    return [text](peer& p, int) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send(text);
    };
}

std::string const chunked_header = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Lets a coroutine wait for another.
class gate {
public:
    void open() { open_ = true; }
    asio::awaitable<void> passed() const {
        while (!open_) co_await asio::post(asio::use_awaitable);
    }

private:
    bool open_ = false;
};

/// A stream whose first read gives a number of bytes.
struct cut_stream final : hh::http::client_stream {
    cut_stream(tcp::socket s, std::size_t n) : socket_(std::move(s)), cut_(n) {}
    tcp::socket& socket() noexcept override { return socket_; }
    void async_handshake(std::function<void(error_code)> done) override { done({}); }
    void async_read_some(asio::mutable_buffer into, handler done) override {
        std::size_t const most = cut_ > 0 ? std::exchange(cut_, 0) : into.size();
        asio::async_read(socket_, asio::buffer(into, most), asio::transfer_at_least(1),
                         std::move(done));
    }
    void async_write(asio::const_buffer from, handler done) override {
        asio::async_write(socket_, from, std::move(done));
    }
    tcp::socket socket_;
    std::size_t cut_;
};

}  // namespace

TEST_CASE("a response is there when its header is, and its body when it comes") {
    gate first, second;
    stream_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send("HTTP/1.1 201 Made\r\nX-A: 1\r\nContent-Length: 6\r\n\r\n");
        co_await first.passed();
        co_await p.send("abc");
        co_await second.passed();
        co_await p.send("def");
        co_await p.end();
    });
    f.play([&]() -> asio::awaitable<void> {
        auto const reply = co_await f.open();
        CHECK(reply.header().result() == status::created);
        CHECK(reply.header().reason() == "Made");
        CHECK(reply.header()["X-A"] == "1");
        CHECK(reply.header().body().empty());
        CHECK(reply.size() == 6u);
        first.open();
        auto const got1 = co_await reply.async_read_chunk();
        CHECK(got1 == "abc");
        second.open();
        auto const got2 = co_await reply.async_read_chunk();
        CHECK(got2 == "def");
        auto const got3 = co_await reply.async_read_chunk();
        CHECK(got3 == "");
    });
}

TEST_CASE("a response is read by pieces, into buffers or without, and its end is told") {
    stream_fixture f(plays("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"));
    f.play([&]() -> asio::awaitable<void> {
        auto const reply = co_await f.open();
        std::array<char, 4> room{};
        std::string_view const all(room.data(), room.size());
        auto const got4 = co_await reply.async_read_some(asio::buffer(room));
        CHECK(got4 == 4);
        CHECK(all == "0123");
        auto const got5 = co_await reply.async_read_chunk();
        CHECK(got5 == "456789");
        auto const got6 = co_await reply.async_read_chunk();
        CHECK(got6 == "");
        error_code ec;
        auto const got7 = co_await reply.async_read_some(
            asio::buffer(room), asio::redirect_error(asio::use_awaitable, ec));
        CHECK(got7 == 0);
        CHECK(ec == asio::error::eof);
        auto const got8 = co_await reply.async_skip();
        CHECK(got8 == 0);

        std::string whole;
        auto const second = co_await f.open();
        auto buffer = asio::dynamic_buffer(whole);
        co_await asio::async_read(second, buffer, asio::redirect_error(asio::use_awaitable, ec));
        CHECK(ec == asio::error::eof);
        CHECK(whole == "0123456789");

        auto const third = co_await f.open();
        auto const got9 = co_await third.async_skip();
        CHECK(got9 == 10);
    });
    CHECK(f.server.connections() == 1);
}

TEST_CASE("a streamed response of every framing is read, and a sure end lets the connection live") {
    struct example {
        std::string text;
        std::string body;
        std::optional<std::uint64_t> size;
        bool kept;
    };
    std::string const chunks = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n";
    for (auto const& e : std::vector<example>{
             {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", "abcde", 5u, true},
             {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 0u, true},
             {chunked_header + chunks + "\r\n", "abcde", std::nullopt, true},
             {chunked_header + "0\r\n\r\n", "", std::nullopt, true},
             {"HTTP/1.1 204 No Content\r\n\r\n", "", 0u, true},
             {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "", 0u, true},
             {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", "ab", 2u,
              false},
             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" +
                  chunked_header + chunks + "\r\n",
              "abcde", std::nullopt, true},
         }) {
        INFO(e.text);
        stream_fixture f(plays(e.text));
        auto const got = f.get();
        CHECK_FALSE(got.ec);
        CHECK(got.body == e.body);
        CHECK(got.size == e.size);
        CHECK_FALSE(f.get().ec);
        CHECK(f.server.connections() == (e.kept ? 1 : 2));
    }
    stream_fixture f(plays_once("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    auto const got = f.get();
    CHECK_FALSE(got.ec);
    CHECK_FALSE(got.size);
    CHECK(got.body == "until the end");
}

TEST_CASE("a reply to HEAD has a header and an empty body") {
    stream_fixture f(plays("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    for (int i = 0; i < 2; ++i) {
        auto const got = f.ask(hh::request(verb::head, "/", 11));
        CHECK_FALSE(got.ec);
        CHECK(got.header[field::content_length] == "5");
        CHECK(got.size == 0u);
        CHECK(got.body.empty());
    }
    CHECK(f.server.connections() == 1);
}

TEST_CASE("trailers are told apart from the header, when the body has ended") {
    stream_fixture f(
        plays(chunked_header + "2\r\nab\r\n0\r\nX-Sum: 1\r\nContent-Type: x\r\nX-Sum: 2\r\n\r\n"));
    for (int i = 0; i < 2; ++i) {
        auto const got = f.get();
        REQUIRE_FALSE(got.ec);
        CHECK(got.body == "ab");
        CHECK(got.trailers.count("X-Sum") == 2);
        CHECK(got.trailers[field::content_type] == "x");
        CHECK_FALSE(got.header.contains("X-Sum"));
        CHECK_FALSE(got.header.contains(field::content_type));
    }
    CHECK(f.server.connections() == 1);
}

TEST_CASE(
    "a streamed response is the same however its bytes are split, also one that is malformed") {
    struct example {
        std::string text;
        error_code ec;
    };
    for (auto const& e : std::vector<example>{
             {chunked_header + "3\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n", {}},
             {chunked_header + "0\r\n\r\n", {}},
             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", {}},
             {chunked_header + "3\r\nabc\r\nxyz\r\nde\r\n", beast_http::error::bad_chunk},
             {chunked_header + "3\r\nabcX\r\n1\r\n", beast_http::error::bad_chunk},
             {chunked_header + "3\r\nabc\r\n", beast_http::error::partial_message},
             {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
              beast_http::error::partial_message},
         }) {
        std::size_t cut = 0;
        hh::http::client_options options;
        options.tls = [&](tcp::socket socket, std::string const&) {
            return std::make_unique<cut_stream>(std::move(socket), cut);
        };
        stream_fixture f(plays_once(e.text), options);
        std::string body;
        for (cut = 1; cut < e.text.size(); ++cut) {
            INFO(e.text.substr(0, cut) << "|" << e.text.substr(cut));
            auto const got = f.ask(hh::request(verb::get, "/", 11), {}, "https");
            CHECK(got.opened);
            CHECK(got.ec == e.ec);
            if (e.ec) continue;
            if (cut == 1) body = got.body;
            CHECK(got.body == body);
            CHECK(got.trailers["T"] == (e.text.find("T: u") != e.text.npos ? "u" : ""));
        }
    }
}

TEST_CASE("what could be framed in two ways, or is no response, does not begin") {
    for (std::string const fields :
         {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
          "Content-Length: 3\r\nContent-Length: 4\r\n",
          "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: +3\r\n",
          "Content-Length: 3, 3\r\n", "Content-Length: 99999999999999999999\r\n",
          "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, identity\r\n",
          "Transfer-Encoding : chunked\r\n", "X: a\x01b\r\n"}) {
        INFO(fields);
        stream_fixture f(plays_once("HTTP/1.1 200 OK\r\n" + fields + "\r\n0\r\n\r\n"));
        auto const got = f.get();
        CHECK_FALSE(got.opened);
        CHECK(got.ec);
    }
    for (std::string const text :
         {"", "nonsense\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
          "HTTP/1.1 200 OK\r\nX: y"}) {
        INFO(text);
        stream_fixture f(plays_once(text));
        auto const got = f.get();
        CHECK_FALSE(got.opened);
        CHECK(got.ec);
    }
}

TEST_CASE("sizes of chunks that are none end the reading, and the connection") {
    for (std::string const size : {"", "g", "-1", "+1", "0x1", " 1", "1 1", "10000000000000000",
                                   "ffffffffffffffffff", "1;\x01", "\n"}) {
        INFO(size);
        stream_fixture f(plays(chunked_header + "1\r\na\r\n" + size + "\r\nb\r\n0\r\n\r\n"));
        auto const got = f.get();
        CHECK(got.opened);
        CHECK(got.ec);
        CHECK(f.get().ec == got.ec);
        CHECK(f.server.connections() == 2);
    }
    SECTION("nor does a line that never ends") {
        stream_fixture f([](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(chunked_header + "1;");
            co_await p.send(std::string(100'000, 'x'));
            co_await p.end();
        });
        CHECK(f.get().ec == beast_http::error::header_limit);
    }
    SECTION("nor do trailers without an end") {
        stream_fixture f([](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(chunked_header + "0\r\n");
            for (int i = 0; i < 10'000; ++i) co_await p.send("X: 0123456789\r\n");
            co_await p.end();
        });
        CHECK(f.get().ec == beast_http::error::header_limit);
    }
}

TEST_CASE("a body may be limited, and is not otherwise") {
    std::string const large(2 * 1024 * 1024, 'x');
    std::string const length = std::to_string(large.size());
    stream_fixture f(plays("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n" + large));
    CHECK(f.get().body == large);
    auto got = f.get({.body_limit = large.size()});
    CHECK_FALSE(got.ec);
    got = f.get({.body_limit = large.size() - 1});
    CHECK(got.opened);
    CHECK(got.ec == beast_http::error::body_limit);
    CHECK(got.body.empty());

    stream_fixture chunks(plays(chunked_header + "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"));
    CHECK(chunks.get({.body_limit = 6}).body == "abcdef");
    got = chunks.get({.body_limit = 5});
    CHECK(got.opened);
    CHECK(got.ec == beast_http::error::body_limit);
}

TEST_CASE("a server is not read from while nobody reads the response") {
    constexpr std::size_t piece = 1024 * 1024, pieces = 64;
    std::size_t sent = 0;
    stream_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(piece * pieces) +
                        "\r\n\r\n");
        for (std::size_t i = 0; i < pieces; ++i) {
            co_await p.send(std::string(piece, 'x'));
            sent += piece;
        }
        co_await p.end();
    });
    f.play([&]() -> asio::awaitable<void> {
        auto const reply = co_await f.open();
        std::string room(piece, ' ');
        co_await asio::async_read(reply, asio::buffer(room), asio::use_awaitable);
        CHECK(sent < piece * pieces / 2);
        std::size_t longest = 0;
        std::size_t read = piece;
        for (;;) {
            std::string_view const chunk = co_await reply.async_read_chunk();
            if (chunk.empty()) break;
            read += chunk.size();
            longest = std::max(longest, chunk.size());
        }
        CHECK(read == piece * pieces);
        CHECK(longest <= 64 * 1024);
    });
}

TEST_CASE("a server that gives nothing while it is read from is given up") {
    hh::http::streaming_options const impatient{.progress_timeout = 50ms};
    SECTION("before it answers") {
        stream_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.end(); });
        auto const got = f.get(impatient);
        CHECK_FALSE(got.opened);
        CHECK(got.ec == asio::error::timed_out);
    }
    SECTION("in the middle of the body") {
        stream_fixture f([](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(chunked_header + "2\r\nok\r\n");
            co_await p.end();
        });
        auto const got = f.get(impatient);
        CHECK(got.opened);
        CHECK(got.body == "ok");
        CHECK(got.ec == asio::error::timed_out);
    }
    SECTION("while it waits for a connection") {
        hh::http::client_options options;
        options.connections_per_origin = 1;
        stream_fixture f(plays(chunked_header + "2\r\nok\r\n"), options);
        f.play([&]() -> asio::awaitable<void> {
            auto const first = co_await f.open();
            error_code ec;
            co_await f.client.async_stream(f.server.url(), hh::request(verb::get, "/", 11),
                                           impatient,
                                           asio::redirect_error(asio::use_awaitable, ec));
            CHECK(ec == asio::error::timed_out);
        });
    }
    SECTION("but not while nobody reads") {
        stream_fixture f(plays("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + std::string("o")));
        f.play([&]() -> asio::awaitable<void> {
            auto const reply = co_await f.open(impatient);
            auto const got10 = co_await reply.async_read_chunk();
            CHECK(got10 == "o");
            asio::steady_timer timer(f.context, 4 * impatient.progress_timeout);
            co_await timer.async_wait(asio::use_awaitable);
            auto const begin = std::chrono::steady_clock::now();
            error_code ec;
            co_await reply.async_read_chunk(asio::redirect_error(asio::use_awaitable, ec));
            CHECK(ec == asio::error::timed_out);
            CHECK(std::chrono::steady_clock::now() - begin >= impatient.progress_timeout);
        });
    }
}

TEST_CASE("without a limit of time, who waits for a connection waits until there is one") {
    hh::http::client_options options;
    options.connections_per_origin = 1;
    options.timeout = 1ms;
    gate rest;
    stream_fixture f(
        [&](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
            co_await rest.passed();
            co_await p.send("k");
            co_await p.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        },
        options);
    hh::http::streaming_options const patient{.progress_timeout = 0ms};
    f.play([&]() -> asio::awaitable<void> {
        auto first = co_await f.open(patient);
        auto waiting =
            read_piecewise(f.client, f.server.url(), hh::request(verb::get, "/", 11), patient);
        auto second = asio::co_spawn(f.context, std::move(waiting), asio::use_future);
        asio::steady_timer timer(f.context, 20ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK(second.wait_for(0s) == std::future_status::timeout);
        rest.open();
        auto const got11 = co_await first.async_skip();
        CHECK(got11 == 2);
        first = {};
        while (second.wait_for(0s) != std::future_status::ready)
            co_await asio::post(f.context, asio::use_awaitable);
        CHECK(second.get().body == "ok");
    });
    CHECK(f.server.connections() == 1);
}

TEST_CASE("a request for a stream can be cancelled, and so can each read") {
    stream_fixture f([](peer& p, int number) -> asio::awaitable<void> {
        if (number == 1) co_return co_await p.end();
        co_await p.request();
        co_await p.send(chunked_header + "2\r\nok\r\n");
        co_await p.end();
    });
    asio::cancellation_signal signal;
    std::optional<error_code> ended;
    f.client.async_stream(f.server.url(), hh::request(verb::get, "/", 11), {},
                          asio::bind_cancellation_slot(
                              signal.slot(), [&](error_code ec, hh::http::response_stream r) {
                                  ended = ec;
                                  CHECK_FALSE(r);
                              }));
    f.run_until([&] { return f.server.connections() == 1; });
    signal.emit(asio::cancellation_type::total);
    f.run_until([&] { return ended.has_value(); });
    CHECK(*ended == asio::error::operation_aborted);

    f.play([&]() -> asio::awaitable<void> {
        auto const reply = co_await f.open();
        auto const got12 = co_await reply.async_read_chunk();
        CHECK(got12 == "ok");
        std::optional<error_code> read;
        reply.async_read_chunk(asio::bind_cancellation_slot(
            signal.slot(), [&](error_code ec, std::string_view) { read = ec; }));
        co_await asio::post(f.context, asio::use_awaitable);
        signal.emit(asio::cancellation_type::total);
        while (!read) co_await asio::post(f.context, asio::use_awaitable);
        CHECK(*read == asio::error::operation_aborted);
    });
}

TEST_CASE("who lets a response go before its end closes the connection") {
    int closed = 0;
    stream_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send(chunked_header + "2\r\nok\r\n");
        co_await p.end();
        ++closed;
    });
    SECTION("by letting it go") {
        f.play([&]() -> asio::awaitable<void> {
            auto reply = co_await f.open();
            auto const copy = reply;
            reply = {};
            auto const got13 = co_await copy.async_read_chunk();
            CHECK(got13 == "ok");
        });
    }
    SECTION("by close(), which ends a read") {
        f.play([&]() -> asio::awaitable<void> {
            auto const reply = co_await f.open();
            auto const got14 = co_await reply.async_read_chunk();
            CHECK(got14 == "ok");
            std::optional<error_code> read;
            reply.async_read_chunk([&](error_code ec, std::string_view) { read = ec; });
            reply.close();
            while (!read) co_await asio::post(f.context, asio::use_awaitable);
            CHECK(*read == asio::error::operation_aborted);
            error_code ec;
            co_await reply.async_skip(asio::redirect_error(asio::use_awaitable, ec));
            CHECK(ec == asio::error::operation_aborted);
        });
    }
    SECTION("by closing the client") {
        f.play([&]() -> asio::awaitable<void> {
            auto const reply = co_await f.open();
            auto const got15 = co_await reply.async_read_chunk();
            CHECK(got15 == "ok");
            std::optional<error_code> read;
            reply.async_read_chunk([&](error_code ec, std::string_view) { read = ec; });
            f.client.close();
            while (!read) co_await asio::post(f.context, asio::use_awaitable);
            CHECK(*read == asio::error::operation_aborted);
        });
    }
    f.run_until([&] { return closed == 1; });
    CHECK(f.server.connections() == 1);
}

TEST_CASE(
    "redirections of a request without content are followed to the stream that they lead to") {
    hh::http::client_options options;
    options.max_redirects = 2;
    stream_fixture f(
        [](peer& p, int) -> asio::awaitable<void> {
            for (;;) {
                std::string const asked = co_await p.request();
                if (asked.empty()) break;
                std::string answer = chunked_header + "5\r\nthere\r\n0\r\n\r\n";
                if (asked.starts_with("GET / "))
                    answer =
                        "HTTP/1.1 307 There\r\nLocation: /there\r\nContent-Length: 4\r\n\r\nthis";
                co_await p.send(answer);
            }
        },
        options);
    auto const got = f.get();
    CHECK_FALSE(got.ec);
    CHECK(got.header.result() == status::ok);
    CHECK(got.body == "there");
    CHECK(f.server.connections() == 1);
}

TEST_CASE("a redirection's own body is limited, however it is framed") {
    hh::http::client_options options;
    options.max_redirects = 1;
    options.body_limit = 1000;
    stream_fixture f(
        [](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(
                "HTTP/1.1 302 There\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 1'000; ++i)
                co_await p.send("64\r\n" + std::string(100, 'x') + "\r\n");
            co_await p.end();
        },
        options);
    CHECK(f.get().ec == beast_http::error::body_limit);
}

TEST_CASE("a stream is asked for with every kind of completion token, from every thread") {
    asio::io_context context;
    played_server server(context, plays("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    hh::http::client client(context.get_executor());
    auto work = asio::make_work_guard(context);
    asio::thread_pool threads(2);
    asio::post(threads, [&] { context.run(); });
    asio::post(threads, [&] { context.run(); });
    auto const url = server.url();
    auto const get = hh::request(verb::get, "/", 11);

    auto reply = client.async_stream(url, get, {}, asio::use_future).get();
    std::string text(10, ' ');
    CHECK(reply.async_read_some(asio::buffer(text), asio::use_future).get() == 2);
    CHECK(text.substr(0, 2) == "ok");
    CHECK(reply.async_read_chunk(asio::use_future).get() == "");
    reply =
        client.async_stream(*hh::http::absolute_url::parse(url), get, {}, asio::use_future).get();
    CHECK(reply.async_skip(asio::use_future).get() == 2);

    asio::io_context mine;
    bool read = false;
    client.async_stream(
        url, get, {}, asio::bind_executor(mine, [&](error_code ec, hh::http::response_stream r) {
            CHECK_FALSE(ec);
            reply = std::move(r);
            reply.async_read_chunk(asio::bind_executor(mine, [&](error_code, std::string_view t) {
                CHECK(t == "ok");
                read = true;
                mine.stop();
            }));
        }));
    auto busy = asio::make_work_guard(mine);
    mine.run_for(20s);
    CHECK(read);
    reply = {};
    asio::post(context, [&] { server.stop(); });
    client.close();
    work.reset();
    threads.join();
}

TEST_CASE("several threads read streams of one client at once") {
    asio::io_context context;
    std::string const body(100'000, 'x');
    played_server server(context,
                         plays("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + body));
    asio::thread_pool threads(3);
    hh::http::client client(threads.get_executor());
    auto work = asio::make_work_guard(context);
    std::thread serving([&] { context.run(); });
    std::vector<std::future<read_response>> all;
    for (int i = 0; i < 50; ++i) {
        auto reading = read_piecewise(client, server.url(), hh::request(verb::get, "/", 11), {});
        all.push_back(asio::co_spawn(threads, std::move(reading), asio::use_future));
    }
    std::vector<std::future<void>> left;
    for (auto& f : all) CHECK(f.get().body == body);
    for (int i = 0; i < 50; ++i) {
        auto reply =
            client.async_stream(server.url(), hh::request(verb::get, "/", 11), {}, asio::use_future)
                .get();
        reply.async_read_chunk(asio::detached);
        reply.close();
    }
    client.close();
    threads.join();
    asio::post(context, [&] { server.stop(); });
    work.reset();
    serving.join();
}

TEST_CASE("a context may go while a stream is read") {
    for (int step = 0; step < 30; ++step) {
        asio::io_context context;
        played_server server(context, [&](peer& p, int) -> asio::awaitable<void> {
            co_await p.request();
            co_await p.send(chunked_header);
            for (int i = 0; i < 5; ++i) co_await p.send("2\r\nok\r\n");
            co_await p.end();
        });
        hh::http::client client(context.get_executor());
        auto reading = read_piecewise(client, server.url(), hh::request(verb::get, "/", 11),
                                      {.progress_timeout = step % 2 ? 0ms : 1'000ms});
        asio::co_spawn(context, std::move(reading), asio::detached);
        for (int i = 0; i < step; ++i) context.run_one_for(100ms);
    }
}

TEST_CASE("a thousand streams of our server are read at once, and leave nothing") {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    std::vector<hh::stream_writer> writers;
    hooks.get("/stream", [&](auto&) {
        return hh::stream("text/plain", [&](auto& out) {
            writers.push_back(out);
            out.async_write("first\n", asio::detached);
        });
    });
    hh::http::options server_options;
    server_options.address = "127.0.0.1";
    hh::http::server web(context.get_executor(), hooks, server_options);
    web.listen();
    web.async_run(asio::detached);
    std::size_t const count = 1'000;
    hh::http::client_options options;
    options.connections_per_origin = count;
    hh::http::client client(context.get_executor(), options);
    std::string const url = "http://127.0.0.1:" + std::to_string(web.port()) + "/stream";
    std::size_t whole = 0, trailed = 0, ended = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto reading = read_piecewise(client, url, hh::request(verb::get, "/", 11), {});
        asio::co_spawn(context, std::move(reading), [&](std::exception_ptr, read_response got) {
            ++ended;
            if (!got.ec && got.body == "first\nlast\n") ++whole;
            if (got.trailers["X-Done"] == "yes") ++trailed;
        });
    }
    auto const limit = std::chrono::steady_clock::now() + 60s;
    while (writers.size() < count && std::chrono::steady_clock::now() < limit)
        context.run_one_for(1s);
    REQUIRE(writers.size() == count);
    for (auto& out : writers) {
        out.async_write("last\n", asio::detached);
        out.trailer("X-Done", "yes");
        out.end();
    }
    while (ended < count && std::chrono::steady_clock::now() < limit) context.run_one_for(1s);
    CHECK(whole == count);
    CHECK(trailed == count);
    writers.clear();
    web.stop();
    client.close();
    context.restart();
    context.run_for(20s);
}
