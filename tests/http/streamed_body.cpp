// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/streamed_body.hpp>

#include <httphooks/http/client.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/request_body.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/played_exchange.hpp"
#include "support/played_server.hpp"

namespace hh = httphooks;
namespace asio = boost::asio;
using hh::error_code;
using hh::field;
using hh::status;
using hh::verb;
using namespace std::chrono_literals;

namespace {

using support::peer;
using support::played_server;

/// What became of an upload.
struct upload_outcome {
    error_code ec;
    /// Whether there was a header; then ec is that of its body.
    bool opened = false;
    hh::response header{};
    std::string body{};
};

/// What is sent, and how.
struct content_options {
    std::shared_ptr<hh::stream_body> body{};
    std::chrono::milliseconds progress_timeout{30'000};
    std::chrono::milliseconds continue_timeout{0};
};

asio::awaitable<upload_outcome> upload(hh::http::client client, std::string url, hh::request r,
                                       content_options o) {
    upload_outcome result;
    try {
        auto const reply = co_await client.async_stream(
            url, std::move(r), std::move(o.body),
            {.progress_timeout = o.progress_timeout, .continue_timeout = o.continue_timeout});
        result.opened = true;
        result.header = reply.header();
        for (;;) {
            std::string_view const chunk = co_await reply.async_read_chunk();
            if (chunk.empty()) break;
            result.body += chunk;
        }
    } catch (hh::system_error const& e) {
        result.ec = e.code();
    }
    co_return result;
}

/// A client and a server on one thread.
struct upload_fixture : support::played_exchange {
    using support::played_exchange::played_exchange;

    upload_outcome post(content_options o, verb method = verb::post) {
        std::optional<upload_outcome> result;
        auto asking = upload(client, server.url(), hh::request(method, "/", 11), std::move(o));
        asio::co_spawn(context, std::move(asking),
                       [&](std::exception_ptr, upload_outcome got) { result = std::move(got); });
        run_until([&] { return result.has_value(); });
        return std::move(*result);
    }
};

std::string const upload_ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Content of some pieces.
std::shared_ptr<hh::stream_body> pieces(std::vector<std::string> all,
                                        std::optional<std::uint64_t> length = {}) {
    return hh::http::streamed_body(
        [all = std::move(all)](hh::stream_writer& out) -> asio::awaitable<void> {
            for (auto const& piece : all) co_await out.async_write(piece);
        },
        length);
}

/// Content that counts what is taken of it, and notes how it ends.
struct endless {
    std::size_t taken = 0;
    std::optional<error_code> ended{};
    bool begun = false;

    std::shared_ptr<hh::stream_body> body(std::optional<std::uint64_t> length = {}) {
        return hh::http::streamed_body(
            [this](hh::stream_writer& out) -> asio::awaitable<void> {
                begun = true;
                std::string const piece(64 * 1024, 'x');
                error_code ec;
                while (!ec) {
                    co_await out.async_write(piece, asio::redirect_error(asio::use_awaitable, ec));
                    if (!ec) taken += piece.size();
                }
                ended = ec;
            },
            length);
    }
};

}  // namespace

TEST_CASE("content without a length goes out in chunks, each write as one, with trailers") {
    std::vector<std::string> seen;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        for (;;) {
            std::string const text = co_await p.until("0\r\nX-Sum: 3\r\n\r\n");
            if (text.empty()) break;
            seen.push_back(text);
            co_await p.send(upload_ok);
        }
    });
    for (int i = 0; i < 2; ++i) {
        auto const body =
            hh::http::streamed_body([](hh::stream_writer& out) -> asio::awaitable<void> {
                co_await out.async_write("abc");
                co_await out.async_write("");
                co_await out.async_write(std::string(17, 'x'));
                out.trailer("X-Sum", "3");
            });
        auto const got = f.post({.body = body});
        CHECK_FALSE(got.ec);
        CHECK(got.body == "ok");
    }
    std::string const host = f.server.url("").substr(7);
    std::string const expected = "POST / HTTP/1.1\r\nHost: " + host +
                                 "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n11\r\n" +
                                 std::string(17, 'x') + "\r\n0\r\nX-Sum: 3\r\n\r\n";
    CHECK(seen == std::vector<std::string>{expected, expected});
    CHECK(f.server.connections() == 1);
}

TEST_CASE("content with a length goes out as it is") {
    std::vector<std::string> seen;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        std::function<void(std::string)> const note = [&](std::string text) {
            seen.push_back(text.substr(text.find("\r\nContent-Length")));
        };
        co_await p.answer(upload_ok, note);
    });
    CHECK(f.post({.body = pieces({"abc", "de"}, 5)}).body == "ok");
    CHECK(f.post({.body = pieces({}, 0)}, verb::put).body == "ok");
    CHECK(f.post({.body = pieces({"x"}, 1)}, verb::get).body == "ok");
    CHECK(seen == std::vector<std::string>{"\r\nContent-Length: 5\r\n\r\nabcde",
                                           "\r\nContent-Length: 0\r\n\r\n",
                                           "\r\nContent-Length: 1\r\n\r\nx"});
    CHECK(f.server.connections() == 1);
}

TEST_CASE("a request without streamed content sends its own body") {
    std::string seen;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        seen = co_await p.request();
        co_await p.send(upload_ok);
        co_await p.end();
    });
    hh::request r(verb::post, "/", 11);
    r.body() = "body";
    std::optional<error_code> ended;
    f.client.async_stream(f.server.url(), std::move(r), {},
                          [&](error_code ec, hh::http::response_stream) { ended = ec; });
    f.run_until([&] { return ended.has_value(); });
    CHECK_FALSE(*ended);
    CHECK(seen.ends_with("Content-Length: 4\r\n\r\nbody"));
}

TEST_CASE("content that is not as long as it was said breaks the connection") {
    std::string seen;
    upload_fixture f(
        [&](peer& p, int) -> asio::awaitable<void> { seen = co_await p.until("never"); });
    auto const too_short = f.post({.body = pieces({"abc"}, 5)});
    CHECK(too_short.ec == hh::error::stream_length);
    CHECK_FALSE(too_short.opened);
    f.run_until([&] { return !seen.empty(); });
    CHECK(seen.ends_with("\r\n\r\nabc"));
    CHECK(f.post({.body = pieces({"abc", "def"}, 5)}).ec == hh::error::stream_length);
    CHECK(f.server.connections() == 2);
}

TEST_CASE("content that fails breaks the connection, and tells why") {
    std::string seen;
    upload_fixture f(
        [&](peer& p, int) -> asio::awaitable<void> { seen = co_await p.until("never"); });
    auto const throws = [](auto thrown) {
        return hh::http::streamed_body([thrown](hh::stream_writer& out) -> asio::awaitable<void> {
            co_await out.async_write("abc");
            throw thrown;
        });
    };
    hh::system_error const no_space(
        boost::system::errc::make_error_code(boost::system::errc::no_space_on_device));
    CHECK(f.post({.body = throws(no_space)}).ec == no_space.code());
    f.run_until([&] { return !seen.empty(); });
    CHECK(seen.ends_with("3\r\nabc\r\n"));
    CHECK(f.post({.body = throws(std::runtime_error("no"))}).ec == hh::error::unknown_exception);
    auto const dropped = hh::http::streamed_body([](hh::stream_writer&) {});
    CHECK(f.post({.body = dropped}).ec == hh::error::stream_dropped);
    auto const failed =
        hh::http::streamed_body([](hh::stream_writer& out) { out.fail(asio::error::no_data); });
    CHECK(f.post({.body = failed}).ec == asio::error::no_data);
}

TEST_CASE("content of callbacks is written by a writer that is kept") {
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        std::string const all = co_await p.until("0\r\n\r\n");
        bool const good = all.ends_with("\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
        if (good) co_await p.send(upload_ok);
    });
    auto const body = hh::http::streamed_body([](hh::stream_writer& out) {
        out.async_write("a", [out](error_code ec) {
            if (ec) return;
            out.async_write("b", asio::detached);
            out.end();
        });
    });
    CHECK(f.post({.body = body}).body == "ok");
}

TEST_CASE("content waits while the server does not take it") {
    endless content;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.until("\r\n\r\n");
        co_await p.stand_still();
    });
    auto const got = f.post({.body = content.body(), .progress_timeout = 100ms});
    CHECK_FALSE(got.opened);
    CHECK(got.ec == asio::error::timed_out);
    CHECK(content.taken > 0);
    CHECK(content.taken < 32 * 1024 * 1024);
    f.run_until([&] { return content.ended.has_value(); });
}

TEST_CASE("content that comes slowly is no matter of the server's") {
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.until("0\r\n\r\n");
        co_await p.send(upload_ok);
    });
    auto const body = hh::http::streamed_body([](hh::stream_writer& out) -> asio::awaitable<void> {
        co_await out.async_write("a");
        asio::steady_timer timer(out.get_executor(), 200ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_await out.async_write("b");
    });
    CHECK(f.post({.body = body, .progress_timeout = 50ms}).body == "ok");
}

TEST_CASE("a server that refuses a request is heard, and the content is stopped") {
    for (std::string const code :
         {"413 Payload Too Large", "401 Unauthorized", "302 Found", "500 No"}) {
        INFO(code);
        endless content;
        bool closed = false;
        upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
            co_await p.until("\r\n\r\n");
            co_await p.send("HTTP/1.1 " + code + "\r\nLocation: /\r\nContent-Length: 2\r\n\r\nno");
            co_await p.until("never");
            closed = true;
        });
        auto const got = f.post({.body = content.body(std::uint64_t(1) << 40)});
        CHECK_FALSE(got.ec);
        CHECK(std::to_string(got.header.result_int()) == code.substr(0, 3));
        CHECK(got.body == "no");
        f.run_until([&] { return content.ended && closed; });
        CHECK(content.ended == hh::error::stream_closed);
        CHECK(f.server.connections() == 1);
    }
}

TEST_CASE("a server that answers before it takes anything is heard") {
    endless content;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\nno");
        co_await p.stand_still();
    });
    auto const got = f.post({.body = content.body()});
    CHECK_FALSE(got.ec);
    CHECK(got.body == "no");
}

TEST_CASE("a response that is whole ends the content") {
    endless content;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.until("\r\n\r\n");
        co_await p.send(upload_ok);
        co_await p.until("never");
    });
    CHECK(f.post({.body = content.body()}).body == "ok");
    f.run_until([&] { return content.ended.has_value(); });
    CHECK(content.ended == hh::error::stream_closed);
}

TEST_CASE("a response and the content of its request may go on side by side") {
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.until("\r\n\r\n");
        co_await p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (;;) {
            std::string const size = co_await p.until("\r\n");
            std::string const text = co_await p.until("\r\n");
            co_await p.send(size + text);
            if (size == "0\r\n" || size.empty()) break;
        }
        co_await p.end();
    });
    std::optional<hh::stream_writer> out;
    auto const body = hh::http::streamed_body([&](hh::stream_writer& writer) { out = writer; });
    bool done = false;
    std::exception_ptr failed;
    auto const talk = [&]() -> asio::awaitable<void> {
        hh::request r(verb::post, "/", 11);
        auto const reply = co_await f.client.async_stream(f.server.url(), std::move(r), body);
        for (std::string const text : {"one", "two", "three"}) {
            co_await out->async_write(text);
            auto const got1 = co_await reply.async_read_chunk();
            CHECK(got1 == text);
        }
        out->end();
        auto const got2 = co_await reply.async_read_chunk();
        CHECK(got2 == "");
    };
    asio::co_spawn(f.context, talk(), [&](std::exception_ptr e) {
        failed = e;
        done = true;
    });
    f.run_until([&] { return done; });
    CHECK_FALSE(failed);
}

TEST_CASE("a server that goes in the middle of the content is an error") {
    endless content;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        co_await p.until("\r\n\r\n");
        co_await p.until("xxx");
    });
    auto const got = f.post({.body = content.body()});
    CHECK(got.ec);
    CHECK_FALSE(got.opened);
    f.run_until([&] { return content.ended.has_value(); });
    CHECK(content.ended == hh::error::stream_closed);
}

TEST_CASE("a request that expects 100 Continue sends its content when it is wanted") {
    content_options o{.body = pieces({"abc"}, 3), .continue_timeout = 10s};
    SECTION("which the server says") {
        std::string header, rest;
        upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
            header = co_await p.until("\r\n\r\n");
            CHECK(p.buffer.empty());
            co_await p.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
            rest = co_await p.until("abc");
            co_await p.send(upload_ok);
            co_await p.end();
        });
        CHECK(f.post(std::move(o)).body == "ok");
        CHECK(header.find("\r\nExpect: 100-continue\r\n") != header.npos);
        CHECK(rest == "abc");
    }
    SECTION("or does not say in time") {
        upload_fixture f(
            [&](peer& p, int) -> asio::awaitable<void> { co_await p.answer(upload_ok); });
        o.continue_timeout = 20ms;
        CHECK(f.post(std::move(o)).body == "ok");
    }
    SECTION("and never begins it when it is refused") {
        for (std::string const code : {"417 Expectation Failed", "401 Unauthorized", "200 OK"}) {
            INFO(code);
            endless content;
            std::string after;
            upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
                co_await p.until("\r\n\r\n");
                co_await p.send("HTTP/1.1 " + code + "\r\nContent-Length: 2\r\n\r\nno");
                after = co_await p.until("never") + "closed";
            });
            o.body = content.body();
            auto const got = f.post(o);
            CHECK(got.body == "no");
            f.run_until([&] { return !after.empty(); });
            CHECK(after == "closed");
            CHECK_FALSE(content.begun);
        }
    }
}

TEST_CASE("content is not sent twice: redirections that want it again are given as they come") {
    hh::http::client_options options;
    options.max_redirects = 3;
    auto const leads = [](std::string code, std::vector<std::string>* seen) {
        return [code, seen](peer& p, int) -> asio::awaitable<void> {
            for (;;) {
                std::string const header = co_await p.until("\r\n\r\n");
                if (header.empty()) break;
                seen->push_back(header.substr(0, header.find(" HTTP")));
                bool const first = header.find(" / ") != header.npos;
                bool const content = header.find("chunked") != header.npos;
                bool const asks = header.find("Expect") != header.npos;
                std::string const answer =
                    first ? "HTTP/1.1 " + code +
                                " There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
                          : upload_ok;
                if (first && asks) {
                    co_await p.send(answer);
                    co_await p.until("never");
                    break;
                }
                if (asks) co_await p.send("HTTP/1.1 100 Continue\r\n\r\n");
                if (content) seen->back() += " " + co_await p.until("0\r\n\r\n");
                co_await p.send(answer);
            }
        };
    };
    std::string const sent = " 1\r\na\r\n0\r\n\r\n";
    std::vector<std::string> seen;
    SECTION("307 and 308") {
        for (std::string const code : {"307", "308"}) {
            seen.clear();
            upload_fixture f(leads(code, &seen), options);
            auto const got = f.post({.body = pieces({"a"})});
            CHECK(std::to_string(got.header.result_int()) == code);
            CHECK(got.header[field::location] == "/there");
            CHECK(seen == std::vector<std::string>{"POST /" + sent});
        }
    }
    SECTION("301 of a PUT") {
        upload_fixture f(leads("301", &seen), options);
        CHECK(f.post({.body = pieces({"a"})}, verb::put).header.result_int() == 301);
    }
    SECTION("a GET without content follows 303, and 302 of a POST") {
        for (std::string const code : {"303", "302"}) {
            seen.clear();
            upload_fixture f(leads(code, &seen), options);
            auto const got = f.post({.body = pieces({"a"})});
            CHECK(got.body == "ok");
            CHECK(seen == std::vector<std::string>{"POST /" + sent, "GET /there"});
        }
    }
    SECTION("content that was not begun goes where the redirection leads") {
        upload_fixture f(leads("307", &seen), options);
        auto const got = f.post({.body = pieces({"a"}), .continue_timeout = 10s});
        CHECK(got.body == "ok");
        CHECK(seen == std::vector<std::string>{"POST /", "POST /there" + sent});
    }
}

TEST_CASE("content that was begun is not sent again on another connection") {
    auto const dies = [](peer& p, int number) -> asio::awaitable<void> {
        co_await p.request();
        co_await p.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        std::string const header = co_await p.until("\r\n\r\n");
        // the first connection dies with the second request on it
        if (header.empty() || number == 1) co_return;
        if (header.find("Expect") != header.npos) co_await p.send("HTTP/1.1 100 Continue\r\n\r\n");
        co_await p.until("0\r\n\r\n");
        co_await p.send(upload_ok);
    };
    upload_fixture f(dies);
    CHECK_FALSE(f.post({}, verb::get).ec);
    CHECK(f.post({.body = pieces({"a"})}, verb::put).ec);
    CHECK(f.server.connections() == 1);
}

TEST_CASE("content that was not begun goes on a new connection when the kept one has died") {
    std::string second;
    upload_fixture f([&](peer& p, int number) -> asio::awaitable<void> {
        if (number == 1) {
            co_await p.request();
            co_await p.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            co_await p.until("\r\n\r\n");
            co_return;
        }
        co_await p.until("\r\n\r\n");
        co_await p.send("HTTP/1.1 100 Continue\r\n\r\n");
        second = co_await p.until("0\r\n\r\n");
        co_await p.send(upload_ok);
    });
    CHECK_FALSE(f.post({}, verb::get).ec);
    auto const got = f.post({.body = pieces({"a"}), .continue_timeout = 10s}, verb::put);
    CHECK(got.body == "ok");
    CHECK(second == "1\r\na\r\n0\r\n\r\n");
    CHECK(f.server.connections() == 2);
}

TEST_CASE("content is for one request") {
    upload_fixture f([](peer& p, int) -> asio::awaitable<void> { co_await p.answer(upload_ok); });
    auto const body = pieces({"a"}, 1);
    CHECK_FALSE(f.post({.body = body}).ec);
    CHECK(f.post({.body = body}).ec == asio::error::already_started);
    CHECK(f.post({.body = pieces({"a"}, 1)}).body == "ok");
}

TEST_CASE("the framing of streamed content is the client's to say") {
    std::string seen;
    upload_fixture f([&](peer& p, int) -> asio::awaitable<void> {
        seen = co_await p.until("\r\n\r\n");
        co_await p.until("0\r\n\r\n");
        co_await p.send(upload_ok);
    });
    hh::request r(verb::post, "/", 11);
    r.set(field::content_length, "7");
    r.set(field::transfer_encoding, "gzip");
    r.set(field::expect, "100-continue");
    r.set(field::trailer, "X");
    r.body() = "another";
    std::optional<error_code> ended;
    f.client.async_stream(f.server.url(), std::move(r), pieces({"a"}), {},
                          [&](error_code ec, hh::http::response_stream) { ended = ec; });
    f.run_until([&] { return ended.has_value(); });
    CHECK_FALSE(*ended);
    CHECK(seen == "POST / HTTP/1.1\r\nHost: " + f.server.url("").substr(7) +
                      "\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("a context may go while content is sent") {
    for (int step = 0; step < 40; ++step) {
        endless content;
        asio::io_context context;
        played_server server(context, [&](peer& p, int) -> asio::awaitable<void> {
            co_await p.until("\r\n\r\n");
            if (step % 2 == 0) co_await p.send("HTTP/1.1 200 OK\r\n\r\n");
            co_await p.stand_still();
        });
        hh::http::client client(context.get_executor());
        auto asking = upload(client, server.url(), hh::request(verb::post, "/", 11),
                             {.body = content.body()});
        asio::co_spawn(context, std::move(asking), asio::detached);
        for (int i = 0; i < step; ++i) context.run_one_for(100ms);
    }
}

TEST_CASE(
    "our server reads what our client writes, however long, and refuses what it does not want") {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hooks.post("/count",
               [](auto& c) -> asio::awaitable<std::string> {
                   auto const read = co_await c.body().async_skip();
                   co_return std::to_string(read);
               },
               {.body_limit = 0, .body = hh::body::stream});
    hooks.post("/small", [](auto& c) { return c.request().body(); }, {.body_limit = 10});
    hh::http::options server_options;
    server_options.address = "127.0.0.1";
    hh::http::server web(context.get_executor(), hooks, server_options);
    web.listen();
    web.async_run(asio::detached);
    hh::http::client client(context.get_executor());
    std::string const url = "http://127.0.0.1:" + std::to_string(web.port());
    constexpr std::size_t piece = 100'000, count = 300;
    auto const content = [&](bool known) {
        return hh::http::streamed_body(
            [](hh::stream_writer& out) -> asio::awaitable<void> {
                std::string const text(piece, 'x');
                for (std::size_t i = 0; i < count; ++i) co_await out.async_write(text);
            },
            known ? std::optional<std::uint64_t>(piece * count) : std::nullopt);
    };
    for (auto const expect : {0ms, 10'000ms})
        for (bool const known : {false, true})
            for (std::string const target : {"/count", "/small", "/nowhere"}) {
                INFO(target << known << expect.count());
                std::optional<upload_outcome> result;
                auto asking = upload(client, url + target, hh::request(verb::post, "/", 11),
                                     {.body = content(known), .continue_timeout = expect});
                asio::co_spawn(context, std::move(asking),
                               [&](std::exception_ptr, upload_outcome got) { result = got; });
                auto const limit = std::chrono::steady_clock::now() + 20s;
                while (!result && std::chrono::steady_clock::now() < limit) context.run_one_for(1s);
                REQUIRE(result.has_value());
                CHECK_FALSE(result->ec);
                if (target == "/count") CHECK(result->body == std::to_string(piece * count));
                if (target == "/small") CHECK(result->header.result_int() == 413);
                if (target == "/nowhere") CHECK(result->header.result_int() >= 404);
            }
    web.stop();
    client.close();
    context.restart();
    context.run_for(20s);
}
