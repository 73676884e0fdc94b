// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/dispatch.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/request_body.hpp>
#include <httphooks/stream.hpp>

#include "support/catch.hpp"
#include "support/dispatched_bytes.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hh = httphooks;
namespace asio = boost::asio;
using support::chunked;
using support::count;
using support::dispatched_bytes;
using support::post;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// How the stream is read.
enum class reads { some, chunks, async_read };

struct stream_fixture : dispatched_bytes {
    std::string got{};
    /// Of the read that is under way.
    std::optional<hh::error_code> ended{};

    explicit stream_fixture(hh::http::options o = {}) : dispatched_bytes(std::move(o)) {
        hooks.get("/b", [](auto&) { return "b"; });
    }

    /// A responder that reads everything, and answers with it.
    void read_all(reads how, std::size_t at_once = 3, hh::hook_options o = {}) {
        o.body = hh::body::stream;
        hooks.post(
            "/a",
            [this, how, at_once](hh::responder_context& c) -> asio::awaitable<std::string> {
                log += "started(" + std::string(c.request().body()) + ") ";
                hh::request_body const body = c.body();
                std::string all;
                if (how == reads::async_read) {
                    std::string room(1000, '\0');
                    hh::request_body stream = body;
                    auto reading = asio::async_read(stream, asio::buffer(room), no_throw);
                    auto const [ec, n] = co_await std::move(reading);
                    if (ec != asio::error::eof) throw hh::system_error(ec);
                    co_return room.substr(0, n);
                }
                for (;;) {
                    if (how == reads::some) {
                        std::string room(at_once, '\0');
                        auto reading = body.async_read_some(asio::buffer(room), no_throw);
                        auto const [ec, n] = co_await std::move(reading);
                        if (ec == asio::error::eof) break;
                        if (ec) throw hh::system_error(ec);
                        all.append(room, 0, n);
                    } else {
                        std::string_view const chunk = co_await body.async_read_chunk();
                        if (chunk.empty()) break;
                        all += chunk;
                    }
                }
                co_return all;
            },
            std::move(o));
    }

    /// A responder that begins one read each time go_on() is called, and ends when got is "done".
    void read_once_asked() {
        hooks.post("/a",
                   [this](hh::responder_context& c, hh::hook_done done) {
                       auto const room = std::make_shared<std::array<char, 4>>();
                       go_on = [this, &c, body = c.body(), room, done] {
                           if (got == "done") {
                               c.set_response(hh::text("done"));
                               return done();
                           }
                           ended.reset();
                           body.async_read_some(asio::buffer(*room),
                                                [this, room](hh::error_code ec, std::size_t n) {
                                                    ended = ec;
                                                    got.append(room->data(), n);
                                                });
                       };
                   },
                   {.body = hh::body::stream});
    }
};

}  // namespace

TEST_CASE("a responder reads a body that comes in any pieces as it was sent") {
    auto const how = GENERATE(reads::some, reads::chunks, reads::async_read);
    bool const chunks = GENERATE(true, false);
    bool const guarded = GENERATE(true, false);
    std::string const body = "a body of some length";
    std::string const text =
        (chunks ? chunked("X-Pass: 1\r\n", body) : post("X-Pass: 1\r\n", body)) +
        "GET /b HTTP/1.1\r\nHost: a\r\nX-Pass: 1\r\n\r\n";
    for (std::size_t split = 0; split < text.size(); ++split) {
        stream_fixture t;
        if (guarded) t.slow_guard();
        t.read_all(how);
        for (auto const& piece : {text.substr(0, split), text.substr(split)}) {
            t.send(piece);
            while (t.decide) {
                t.decide();
                t.run();
            }
        }
        std::string const replies = t.take();
        INFO(split);
        INFO(replies);
        REQUIRE(count(replies, "HTTP/1.1 200 ") == 2);
        REQUIRE(count(replies, "\r\n\r\n" + body + "HTTP/1.1 ") == 1);
        REQUIRE(replies.ends_with("\r\n\r\nb"));
        REQUIRE(t.bytes.idle());
        REQUIRE(t.log == (guarded ? "slow() started() slow() " : "started() "));
        REQUIRE(t.hooks.stats().exchanges == 0);
    }
}

TEST_CASE("a reply that is written while its request is read is whole wherever that is split") {
    bool const first = GENERATE(true, false);
    std::string const text =
        post("", "a body") + "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for (std::size_t split = 0; split < text.size(); ++split) {
        stream_fixture t;
        t.hooks.post("/a",
                     [first](hh::responder_context& c) -> asio::awaitable<hh::response> {
                         hh::request_body const body = c.body();
                         std::string begin;
                         if (first) begin = co_await body.async_read_chunk();
                         co_return hh::stream(
                             "", [body, begin](hh::stream_writer& out) -> asio::awaitable<void> {
                                 co_await out.async_write(std::string_view(begin));
                                 for (;;) {
                                     std::string_view const chunk =
                                         co_await body.async_read_chunk();
                                     if (chunk.empty()) break;
                                     co_await out.async_write(chunk);
                                 }
                             });
                     },
                     {.body = hh::body::stream});
        for (auto const& piece : {text.substr(0, split), text.substr(split)}) {
            t.send(piece);
            for (int i = 0; i < 4; ++i) {
                t.bytes.collect();
                t.serve();
                t.run();
            }
        }
        std::string const replies = t.take();
        INFO(split);
        INFO(replies);
        REQUIRE(count(replies, "HTTP/1.1 200 ") == 2);
        std::string content;
        for (char c : replies.substr(0, replies.find("0\r\n\r\n")))
            if (std::string_view("a body").find(c) != std::string_view::npos) content += c;
        REQUIRE(content.ends_with("a body"));
        REQUIRE(replies.ends_with("\r\n\r\nb"));
        REQUIRE(t.bytes.closing());
        REQUIRE(t.hooks.stats().exchanges == 0);
    }
}

TEST_CASE("a body is taken only while a hook waits for it") {
    stream_fixture t;
    t.read_once_asked();
    t.send(post("", "0123456789").substr(0, 54));
    CHECK_FALSE(t.bytes.can_consume());
    CHECK(t.input == "01234");
    t.go_on();
    t.run();
    CHECK(t.input.empty());
    CHECK(t.ended == hh::error_code());
    CHECK(t.got == "0123");
    CHECK_FALSE(t.bytes.can_consume());
    t.send("567");
    CHECK(t.input == "567");
    t.go_on();  // what had come with the first bytes
    t.run();
    CHECK(t.got == "01234");
    CHECK(t.input == "567");
    t.go_on();
    t.run();
    CHECK(t.got == "01234567");
    t.go_on();
    t.run();
    CHECK(t.bytes.can_consume());
    CHECK_FALSE(t.ended);
    t.send("89");
    CHECK(t.got == "0123456789");
    t.go_on();
    t.run();
    CHECK(t.ended == hh::error_code(asio::error::eof));
    CHECK(t.take().empty());
    t.got = "done";
    t.go_on();
    t.run();
    CHECK(t.take().ends_with("\r\n\r\ndone"));
    CHECK(t.bytes.idle());
    t.go_on = nullptr;
}

TEST_CASE("the client is asked for a body that it holds back when the hook first reads") {
    stream_fixture t;
    t.read_once_asked();
    t.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(t.take().empty());
    SECTION("which it does") {
        t.go_on();
        t.run();
        CHECK(t.take() == "HTTP/1.1 100 Continue\r\n\r\n");
        t.send("ab");
        CHECK(t.got == "ab");
        t.got = "done";
        t.go_on();
        t.run();
        std::string const reply = t.take();
        CHECK(reply.starts_with("HTTP/1.1 200 "));
        CHECK(count(reply, "Connection: close") == 0);
    }
    SECTION("which it never does") {
        t.got = "done";
        t.go_on();
        t.run();
        std::string const reply = t.take();
        CHECK(reply.starts_with("HTTP/1.1 200 "));
        CHECK(count(reply, "Connection: close\r\n") == 1);
        CHECK(t.bytes.closing());
    }
    t.go_on = nullptr;
}

TEST_CASE(
    "what a hook leaves of its body is skipped within the budget, else the connection closes") {
    stream_fixture t({.linger_bytes = 20});
    t.read_once_asked();
    bool const fits = GENERATE(true, false);
    std::string const body(fits ? 20 : 30, 'x');
    std::string const request = post("", body);
    t.send(request.substr(0, request.size() - body.size() + 6));
    t.go_on();
    t.run();
    CHECK(t.got == "xxxx");
    t.got = "done";
    t.go_on();
    t.run();
    std::string const reply = t.take();
    CHECK(reply.starts_with("HTTP/1.1 200 "));
    CHECK(count(reply, "Connection: close\r\n") == (fits ? 0 : 1));
    CHECK(t.bytes.closing() == !fits);
    if (fits) {
        t.send(body.substr(6));
        CHECK(t.bytes.idle());
        t.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(t.take().ends_with("\r\n\r\nb"));
    }
    t.go_on = nullptr;
}

TEST_CASE("a reader learns why its body ends, and the reply says so") {
    stream_fixture t({.body_limit = 10});
    auto const how = GENERATE(reads::some, reads::chunks, reads::async_read);
    t.read_all(how);
    std::string status;
    SECTION("it is too long") {
        t.send(chunked("", "12345678901"));
        status = "413";
    }
    SECTION("its framing is none") {
        t.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nazzzzz\r\n");
        status = "400";
    }
    SECTION("it comes too slowly") {
        t.send(post("", "1234567").substr(0, 51));
        t.pass(std::chrono::milliseconds(11'000));
        REQUIRE(t.is_late());
        t.meet_deadline();
        status = "408";
    }
    SECTION("the client sends no more") {
        t.send(post("", "1234567").substr(0, 51));
        t.bytes.end_of_input();
        t.run();
        t.bytes.collect();
        t.serve();
        status = "400";
    }
    std::string const reply = t.take();
    CHECK(reply.starts_with("HTTP/1.1 " + status));
    CHECK(count(reply, "Connection: close\r\n") == 1);
    CHECK(t.bytes.closing());
    CHECK_FALSE(t.bytes.in_flight());
    CHECK(t.errors.empty());
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("a reader whose client goes learns of it at once, and is cancelled") {
    stream_fixture t;
    std::string ended;
    t.hooks.post("/a",
                 [&](hh::responder_context& c) -> asio::awaitable<void> {
                     auto reading = c.body().async_read_chunk(no_throw);
                     auto const [ec, chunk] = co_await std::move(reading);
                     ended += chunk.empty() ? ec.message() : std::string(chunk);
                     auto again = c.body().async_read_chunk(no_throw);
                     auto const [error, rest] = co_await std::move(again);
                     ended += error.message();
                     c.set_response(hh::text("too late"));
                 },
                 {.body = hh::body::stream});
    std::string const request = post("", "body");
    bool const some = GENERATE(true, false);
    t.send(request.substr(0, request.size() - (some ? 2 : 4)));
    t.bytes.clear();
    t.run();
    std::string const gone = make_error_code(hh::error::body_incomplete).message();
    CHECK(ended.starts_with(some ? "bo" : gone));
    CHECK(t.take().empty());
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("only the time counts against a client in which its body is waited for") {
    stream_fixture t;
    t.read_once_asked();
    auto const second = std::chrono::milliseconds(1000);
    std::string const request = post("", "0123456789");
    t.send(request.substr(0, request.size() - 10));
    t.pass(20 * second);
    CHECK_FALSE(t.is_late());
    t.go_on();
    t.run();
    t.pass(6 * second);
    CHECK_FALSE(t.is_late());
    t.send("0123");
    CHECK(t.got == "0123");
    t.pass(20 * second);
    CHECK_FALSE(t.is_late());
    SECTION("and when it is too much, the body is refused") {
        t.go_on();
        t.run();
        t.pass(5 * second);
        REQUIRE(t.is_late());
        t.meet_deadline();
        CHECK(t.ended == make_error_code(hh::error::body_timeout));
        CHECK(t.bytes.closing());
        CHECK(t.take().empty());
        t.got = "done";
        t.go_on();
        t.run();
        CHECK(t.take().ends_with("\r\n\r\ndone"));
    }
    SECTION("and that in which the hook does not read counts against the hook") {
        t.pass(11 * second);
        REQUIRE(t.is_late());
        t.meet_deadline();
        CHECK(t.take().starts_with("HTTP/1.1 504 "));
    }
    t.go_on = nullptr;
}

TEST_CASE("two responders that would read one body answer 500, before anything is read") {
    stream_fixture t;
    t.read_all(reads::chunks);
    t.hooks.post("/:x", [](auto&) { return "two"; }, {.body = hh::body::stream});
    t.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(t.take().starts_with("HTTP/1.1 500 "));
    CHECK(t.log.empty());
    CHECK(t.errors == std::vector{make_error_code(hh::error::several_streams).message()});
}

TEST_CASE("the other hooks of a streamed request see it with an empty body, and are told why") {
    stream_fixture t;
    auto const see = [&t](char const* name) {
        return [&t, name](auto& c) {
            t.log.append(name).append(c.request().body().empty() ? "-" : "+");
            t.log.append(c.body_is_stream() ? "s " : "w ");
            if constexpr (requires { c.pass(); }) c.pass();
        };
    };
    using enum hh::hook_type;
    t.hooks.request_listener(hh::any_verb, "/*", see("rl"));
    t.hooks.pre_responder(hh::any_verb, "/*", see("pr"));
    t.hooks.pre_listener(hh::any_verb, "/*", see("pl"));
    t.hooks.post_listener(hh::any_verb, "/*", see("ol"));
    t.hooks.post_responder(hh::any_verb, "/*", see("or"));
    t.hooks.response_listener(hh::any_verb, "/*", see("el"));
    t.hooks.post("/:y", see("r"));
    t.read_all(reads::chunks);
    t.send(post("", "body"));
    CHECK(t.take().ends_with("\r\n\r\nbody"));
    CHECK(t.log == "rl-s pr-s pl-s r-s started() ol-s or-s el-s ");
    t.log.clear();
    t.send("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    CHECK(t.log == "rl+w pr+w pl+w r+w ol+w or+w el+w ");
}

TEST_CASE("a guard cannot replace a body that is read as a stream") {
    stream_fixture t;
    t.hooks.pre_responder(hh::any_verb, "/*", [](auto& c) { c.replace_request({}, "other"); });
    t.read_all(reads::chunks);
    t.send(post("", "body"));
    CHECK(t.take().ends_with("\r\n\r\nbody"));
    CHECK(t.errors == std::vector{make_error_code(hh::error::content_ignored).message()});
}

TEST_CASE("a streamed body has as many chunks as any, or one for each KiB") {
    hh::http::options o;
    o.framing.chunks = 3;
    stream_fixture t(o);
    t.read_all(reads::chunks, 3, {.body_limit = 0});
    auto const send_chunks = [&t](std::size_t n, std::size_t size, bool last) {
        std::string const bytes(size, 'x');
        std::string const line = size == 1024 ? "400\r\n" : "1\r\n";
        for (std::size_t i = 0; i < n; ++i) t.send(line + bytes + "\r\n");
        if (last) t.send("0\r\n\r\n");
    };
    t.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    SECTION("small ones") {
        send_chunks(3, 1, true);
        CHECK(t.take().starts_with("HTTP/1.1 200 "));
    }
    SECTION("a small one too many") {
        send_chunks(4, 1, false);
        CHECK(t.take().starts_with("HTTP/1.1 400 "));
    }
    SECTION("large ones") {
        send_chunks(10, 1024, true);
        CHECK(t.take().starts_with("HTTP/1.1 200 "));
    }
    SECTION("large ones earn no small ones") {
        send_chunks(3, 1024, false);
        send_chunks(1, 1, false);
        CHECK(t.take().starts_with("HTTP/1.1 400 "));
    }
}

TEST_CASE("the limit of a streamed body is its hook's, and 0 is none") {
    stream_fixture t({.body_limit = 3});
    auto const limit = GENERATE(std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0),
                                std::optional<std::uint64_t>(4));
    t.read_all(reads::chunks, 3, {.body_limit = limit});
    SECTION("by its length") {
        t.send(post("", "1234"));
        CHECK(t.take().starts_with(limit ? "HTTP/1.1 200 " : "HTTP/1.1 413 "));
    }
    SECTION("as it comes") {
        t.send(chunked("", "12345"));
        CHECK(t.take().starts_with(limit == 0u ? "HTTP/1.1 200 " : "HTTP/1.1 413 "));
    }
}

TEST_CASE("a default responder and a no-match handler read streams, too") {
    stream_fixture t;
    auto const read = [](hh::responder_context& c) -> asio::awaitable<std::string> {
        std::string_view const chunk = co_await c.body().async_read_chunk();
        co_return std::string(chunk) + (c.body_is_stream() ? " stream" : " whole");
    };
    if (GENERATE(true, false))
        t.hooks.default_responder(read, {.body = hh::body::stream});
    else
        t.hooks.no_match(read, {.body = hh::body::stream});
    t.send(post("", "body"));
    CHECK(t.take().ends_with("\r\n\r\nbody stream"));
}

TEST_CASE("a read that is cancelled or a second one at a time takes nothing away") {
    stream_fixture t;
    asio::cancellation_signal stop;
    std::optional<hh::request_body> body;
    hh::error_code first, second, third;
    std::array<char, 8> room{};
    t.hooks.post("/a",
                 [&](hh::responder_context& c, hh::hook_done done) {
                     body = c.body();
                     CHECK(body->size() == 4u);
                     body->async_read_some(
                         asio::buffer(room),
                         asio::bind_cancellation_slot(
                             stop.slot(), [&](hh::error_code ec, std::size_t) { first = ec; }));
                     body->async_skip([&](hh::error_code ec, std::size_t) { second = ec; });
                     t.go_on = [done] { done(); };
                 },
                 {.body = hh::body::stream});
    std::string const request = post("", "body");
    t.send(request.substr(0, request.size() - 4));
    CHECK(second == asio::error::already_started);
    stop.emit(asio::cancellation_type::terminal);
    t.run();
    CHECK(first == asio::error::operation_aborted);
    t.send("bo");
    CHECK(t.input == "bo");
    std::size_t skipped = 0;
    body->async_skip([&](hh::error_code ec, std::size_t n) {
        third = ec;
        skipped = n;
    });
    t.send("dy");
    CHECK(skipped == 4);
    CHECK(third == hh::error_code());
    t.go_on();
    t.run();
    CHECK(t.take().starts_with("HTTP/1.1 200 "));
    t.go_on = nullptr;
}

TEST_CASE("reads after the reply are aborted, and hold nothing") {
    stream_fixture t;
    std::optional<hh::request_body> body;
    std::optional<hh::error_code> late;
    t.hooks.post(
        "/a",
        [&](hh::responder_context& c) {
            body = c.body();
            body->async_read_chunk([&](hh::error_code ec, std::string_view) { late = ec; });
            return "now";
        },
        {.body = hh::body::stream});
    std::string const request = post("", "body");
    t.send(request.substr(0, request.size() - 2));
    CHECK(t.take().ends_with("\r\n\r\nnow"));
    CHECK(late == hh::error_code(asio::error::operation_aborted));
    CHECK(t.hooks.stats().exchanges == 0);
    body->async_skip([&](hh::error_code ec, std::size_t) { late = ec; });
    t.run();
    CHECK(late == hh::error_code(asio::error::operation_aborted));
    t.send("dy");
    CHECK(t.bytes.idle());
}

TEST_CASE("a server that shuts down lets a stream be read to its end") {
    stream_fixture t;
    t.read_all(reads::chunks);
    std::string const request = post("", "body");
    t.send(request.substr(0, request.size() - 2));
    t.loop.begin_drain();
    t.bytes.drain();
    t.send("dy");
    std::string const reply = t.take();
    CHECK(reply.ends_with("\r\n\r\nbody"));
    CHECK(count(reply, "Connection: close\r\n") == 1);
}

TEST_CASE("a context of execution may end while a hook reads") {
    stream_fixture t;
    t.read_all(reads::chunks);
    std::string const request = post("", "body");
    t.send(request.substr(0, request.size() - 2));
}
