// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/websocket/server.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"
#include "support/refusals.hpp"
#include "support/websocket.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace ws = httphooks::websocket;
using namespace std::chrono_literals;
using support::client_close;
using support::client_text;
using support::memory_client;
using support::websocket_server;
using list = std::vector<std::string>;

namespace {

ws::server echo_server(asio::any_io_executor ex, ws::server_options o = {}) {
    ws::server echo(std::move(ex), std::move(o));
    echo.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });
    return echo;
}

/// Reads frames from a socket until there are as many as wanted, or nothing comes.
list read_frames(support::raw_client& c, std::size_t wanted, std::string text = {}) {
    for (;;) {
        list const seen = support::frame_log(text).seen;
        if (seen.size() >= wanted || c.read(text) != support::read_end::more) return seen;
    }
}

/// The reply's header, and what came behind it.
std::pair<std::string, std::string> open(support::raw_client& c, std::string_view target) {
    c.send(support::handshake(target));
    std::string text = c.until("\r\n\r\n");
    std::size_t const end = text.find("\r\n\r\n") + 4;
    return {text.substr(0, end), text.substr(end)};
}

}  // namespace

TEST_CASE("The handshake's reply is what RFC 6455 asks for") {
    websocket_server s;
    s.settings->options.server_name = "hooks";
    s.settings->mounts.add(echo_server(s.context.get_executor()));
    memory_client c = s.connect();
    c.send(support::handshake("/ws?x=1"));
    s.run();
    CHECK(support::take(c) ==
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nServer: hooks\r\n"
          "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST_CASE("A refusal for want of an upgrade says what to upgrade to, and names that field") {
    websocket_server s;
    s.settings->mounts.add(echo_server(s.context.get_executor()));
    memory_client c = s.connect();
    c.send("GET /ws HTTP/1.1\r\nHost: example.org\r\n\r\n");
    s.run();
    std::string const kept = support::take(c);
    CHECK(kept.find("\r\nUpgrade: websocket\r\n") != kept.npos);
    CHECK(kept.find("\r\nConnection: Upgrade\r\n") != kept.npos);
    c.send("GET /ws HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n");
    s.run();
    CHECK(support::take(c).find("\r\nConnection: Upgrade, close\r\n") != std::string::npos);
}

TEST_CASE("A refusal leaves the connection for the next request") {
    websocket_server s;
    s.settings->mounts.add(echo_server(s.context.get_executor()));
    memory_client c = s.connect();
    auto const status_of = [&](std::string const& text) {
        c.send(text);
        s.run();
        std::string const all = support::take(c);
        return all.substr(0, all.find("\r\n")).substr(9, 3);
    };
    CHECK(status_of("GET /ws HTTP/1.1\r\nHost: example.org\r\n\r\n") == "426");
    CHECK(status_of("POST /ws HTTP/1.1\r\nHost: example.org\r\nContent-Length: 0\r\n\r\n") ==
          "405");
    CHECK(status_of(support::handshake("/ws/below")) == "404");
    CHECK(status_of(support::handshake("/ws", "Origin: https://evil.example\r\n")) == "403");
    CHECK(status_of(support::handshake("/ws", "Origin: http://example.org\r\n")) == "101");
    CHECK(s.ask(c, client_text("x")) == list{"text:x"});
}

TEST_CASE("A WebSocket is opened by a target in absolute-form, too") {
    websocket_server s;
    s.settings->mounts.add(echo_server(s.context.get_executor()));
    auto const status_of = [&s](std::string_view target) {
        memory_client c = s.connect();
        c.send(support::handshake(target));
        s.run();
        return c.received().substr(9, 3);
    };
    CHECK(status_of("http://example.org/ws") == "101");
    CHECK(status_of("http://example.org:80/ws?x=1") == "101");
    CHECK(status_of("http://example.org/ws/below") == "404");
    CHECK(status_of("http://other.example/ws") == "400");
}

TEST_CASE("What a trusted proxy says decides which page is the server's own") {
    websocket_server s;
    s.settings->mounts.add(echo_server(s.context.get_executor()));
    auto const status_of = [&](std::string const& fields) {
        memory_client c = s.connect();
        c.send(support::handshake("/ws", fields));
        s.run();
        return c.received().substr(9, 3);
    };
    std::string const http = "Origin: http://example.org\r\n";
    std::string const https = "Origin: https://example.org\r\n";
    std::string const by_tls = "X-Forwarded-Proto: https\r\n";
    CHECK(status_of(http + by_tls) == "101");
    s.settings->proxies = hh::http::detail::trusted_networks({"192.0.2.0/24"});
    CHECK(status_of(http + by_tls) == "403");
    CHECK(status_of(https + by_tls) == "101");
    CHECK(status_of(http) == "101");
}

TEST_CASE("The open handler sees the handshake, the subprotocol and the peer") {
    websocket_server s;
    ws::server_options o;
    o.handshake.subprotocols = {"v1"};
    ws::server echo(s.context.get_executor(), o);
    list log;
    echo.on_open([&](ws::connection& c, hh::request const& r) {
        log.push_back(std::string(r.target()));
        log.push_back(c.subprotocol());
        log.push_back(c.peer().address().to_string());
        log.push_back(c.tls() ? "tls" : "plain");
        c.send("welcome");
    });
    s.settings->mounts.add(echo);
    memory_client c = s.open("/ws?user=7", "Sec-WebSocket-Protocol: v2, v1\r\n");
    CHECK(log == list{"/ws?user=7", "v1", "192.0.2.7", "plain"});
    CHECK(s.frames(c) == list{"text:welcome"});
    CHECK(echo.connections().size() == 1);
}

TEST_CASE("Several mounts have connections of their own") {
    websocket_server s;
    ws::server a = echo_server(s.context.get_executor(), {.path = "/a"});
    ws::server b = echo_server(s.context.get_executor(), {.path = "/a/b"});
    s.settings->mounts.add(a);
    s.settings->mounts.add(b);
    memory_client one = s.open("/a");
    memory_client two = s.open("/a/b");
    REQUIRE(a.connections().size() == 1);
    REQUIRE(b.connections().size() == 1);
    a.connections()[0].send("to a");
    CHECK(s.frames(one) == list{"text:to a"});
    CHECK(s.frames(two).empty());
}

TEST_CASE("A malformed path is refused at once") {
    asio::io_context context;
    for (auto const* path : {"", "ws", "/ws/", "/"})
        CHECK_THROWS_AS(ws::server(context.get_executor(), {.path = path}), std::invalid_argument);
}

TEST_CASE("Pings that are always sent are refused where none are") {
    asio::io_context context;
    ws::server_options o;
    o.connection.ping_always = true;
    CHECK_NOTHROW(ws::server(context.get_executor(), o));
    o.connection.ping_interval = {};
    CHECK_THROWS_AS(ws::server(context.get_executor(), o), std::invalid_argument);
}

TEST_CASE("Draining says goodbye to every client, and takes no more") {
    websocket_server s;
    ws::server echo = echo_server(s.context.get_executor());
    s.settings->mounts.add(echo);
    memory_client a = s.open("/ws");
    memory_client b = s.open("/ws");
    echo.drain();
    CHECK(s.frames(a) == list{"close:1001:"});
    CHECK(s.frames(b) == list{"close:1001:"});
    CHECK(echo.connections().empty());
    memory_client late = s.connect();
    late.send(support::handshake("/ws"));
    s.run();
    CHECK(websocket_server::take_reply(late) == "HTTP/1.1 503 Service Unavailable");
}

TEST_CASE("A server on sockets echoes, holds a place for each connection, and drains") {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1", .port = 0});
    web.mount(echo_server(context.get_executor()));
    web.listen();
    web.async_run(asio::detached);
    std::thread runner([&] { context.run(); });
    {
        support::raw_client c(web.port());
        CHECK(open(c, "/ws").first.starts_with("HTTP/1.1 101 "));
        std::string const large(1'000'000, 'x');
        c.send(client_text("one") + client_text("two"));
        CHECK(read_frames(c, 2) == list{"text:one", "text:two"});
        c.send(client_text(large));
        CHECK(read_frames(c, 1) == list{"text:" + large});
        c.send(client_close(1000));
        CHECK(read_frames(c, 1) == list{"close:1000:"});
        CHECK(c.rest().second == support::read_end::fin);
    }
    support::raw_client polite(web.port());
    open(polite, "/ws");
    support::raw_client rude(web.port());
    open(rude, "/ws");
    std::promise<std::size_t> cut;
    web.async_drain(
        2s, [&](hh::error_code, hh::http::drain_report r) { cut.set_value(r.connections); });
    CHECK(read_frames(polite, 1) == list{"close:1001:"});
    polite.send(client_close(1001));
    CHECK(polite.rest().second == support::read_end::fin);
    polite.reset();
    CHECK(read_frames(rude, 1) == list{"close:1001:"});
    CHECK(cut.get_future().get() == 1);
    CHECK(rude.rest().second != support::read_end::timeout);
    runner.join();
}

TEST_CASE("A server with threads serves connections on all of them, and sends across") {
    hh::http::options o;
    o.address = "127.0.0.1";
    o.threads = 4;
    asio::io_context unused;
    hh::registry hooks(unused.get_executor());
    ws::server chat(unused.get_executor());
    std::mutex mutex;
    std::vector<ws::connection> members;
    std::atomic<int> closed{0};
    chat.on_open([&](ws::connection& c) {
        std::lock_guard const lock(mutex);
        members.push_back(c);
    });
    chat.on_message([&](ws::connection&, ws::message const& m) {
        ws::prepared_message const framed(m.data);
        std::lock_guard const lock(mutex);
        for (auto const& member : members) member.send(framed);
    });
    chat.on_close([&](ws::connection&, ws::close_reason const&) { ++closed; });
    hh::http::server web(o, hooks);
    web.mount(chat);
    web.listen();
    std::thread runner([&] { web.run(); });

    constexpr std::size_t clients = 12;
    std::vector<support::raw_client> all;
    for (std::size_t i = 0; i < clients; ++i) {
        all.emplace_back(web.port());
        CHECK(open(all.back(), "/ws").first.starts_with("HTTP/1.1 101 "));
    }
    for (auto& c : all) c.send(client_text("hello"));
    for (auto& c : all) CHECK(read_frames(c, clients) == list(clients, "text:hello"));
    CHECK(chat.connections().size() == clients);
    for (auto& c : all) {
        c.send(client_close(1000));
        CHECK(read_frames(c, 1) == list{"close:1000:"});
    }
    CHECK(closed == static_cast<int>(clients));
    web.stop();
    runner.join();
}

TEST_CASE("A framed message that a socket does not take whole is written when it does") {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1", .port = 0});
    ws::connection_options many;
    many.output_limit = 64 * 1024 * 1024;
    many.ping_interval = 0ms;
    ws::server news(context.get_executor(), {.connection = many});
    std::string const large(8 * 1024 * 1024, 'x');
    ws::prepared_message const framed(large);
    std::promise<std::size_t> waiting;
    news.on_open([&](ws::connection& c) {
        asio::post(context, [&, c] {
            c.send(framed);
            c.send("behind");
            asio::post(context, [&, c] { waiting.set_value(c.buffered_amount()); });
        });
    });
    web.mount(news);
    web.listen();
    web.async_run(asio::detached);
    std::thread runner([&] { context.run(); });
    {
        support::raw_client c(web.port());
        std::string bytes = open(c, "/ws").second;
        CHECK(waiting.get_future().get() > 0);
        while (bytes.size() < framed.bytes().size() + 8 &&
               c.read(bytes) == support::read_end::more) {
        }
        list const got = support::frame_log(bytes).seen;
        REQUIRE(got.size() == 2);
        CHECK(got[0] == "text:" + large);
        CHECK(got[1] == "text:behind");
    }
    web.stop();
    runner.join();
}

TEST_CASE("A thousand clients that go away leave nothing") {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1", .port = 0});
    std::atomic<int> open_now{0};
    std::atomic<int> opened{0};
    ws::server echo = echo_server(context.get_executor());
    echo.on_open([&](ws::connection&) {
        ++open_now;
        ++opened;
    });
    echo.on_close([&](ws::connection&, ws::close_reason const&) { --open_now; });
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    std::thread runner([&] { context.run(); });
    for (int i = 0; i < 1000; ++i) {
        support::raw_client c(web.port());
        open(c, "/ws");
        if (i % 3 == 0) c.send(client_text("x").substr(0, 4));
        if (i % 2 == 0) c.reset();
    }
    std::promise<void> drained;
    web.async_drain(5s, [&](hh::error_code, hh::http::drain_report) { drained.set_value(); });
    drained.get_future().get();
    runner.join();
    CHECK(opened == 1000);
    CHECK(open_now == 0);
    CHECK(echo.connections().empty());
}

TEST_CASE("A session of the user's own hands connections to a mount, also on a strand") {
    asio::io_context context;
    hh::http::mounts mounts;
    ws::server echo = echo_server(context.get_executor());
    mounts.add(echo);
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    std::uint16_t const port = acceptor.local_endpoint().port();
    auto const work = asio::make_work_guard(context);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
    std::vector<support::raw_client> clients;
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back(port);
        auto strand = asio::make_strand(context);
        asio::ip::tcp::socket socket(strand);
        acceptor.accept(socket);
        std::string const text = support::handshake("/ws");
        clients.back().send(text + client_text("early"));
        // what an HTTP parser of the user's would do
        std::string header;
        char byte = 0;
        while (header.find("\r\n\r\n") == header.npos) {
            asio::read(socket, asio::buffer(&byte, 1));
            header.push_back(byte);
        }
        hh::request r(hh::verb::get, "/ws", 11);
        r.set(hh::field::host, "example.org");
        r.set(hh::field::upgrade, "websocket");
        r.set(hh::field::connection, "Upgrade");
        r.set(hh::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
        r.set(hh::field::sec_websocket_version, "13");
        REQUIRE(mounts.matches(r));
        asio::post(strand, [&mounts, s = std::move(socket), req = std::move(r)]() mutable {
            mounts.async_serve(hh::http::connection(std::move(s)), std::move(req),
                               [](hh::error_code, std::optional<hh::http::connection>) {});
        });
        std::string const reply = clients.back().until("\r\n\r\n");
        CHECK(reply.starts_with("HTTP/1.1 101 "));
        CHECK(read_frames(clients.back(), 1, reply.substr(reply.find("\r\n\r\n") + 4)) ==
              list{"text:early"});
    }
    for (auto const& c : echo.connections()) c.send("all");
    for (auto& c : clients) CHECK(read_frames(c, 1) == list{"text:all"});
    for (auto& c : clients) {
        std::string many;
        for (int i = 0; i < 100; ++i) many += client_text("m");
        c.send(many);
    }
    for (auto& c : clients) CHECK(read_frames(c, 100) == list(100, "text:m"));
    for (auto& c : clients) c.reset();
    context.stop();
    for (auto& t : threads) t.join();
}

TEST_CASE("Connections, what waits for clients, and what is dropped or refused are counted") {
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    ws::server_options o;
    o.connection.output_limit = 1'500'000;
    o.connection.on_overflow = ws::overflow::drop;
    ws::server flood(context.get_executor(), o);
    flood.on_message([](ws::connection& c, ws::message const&) {
        std::string const large(1'000'000, 'x');
        for (int i = 0; i < 80; ++i) c.send(large);  // more than sockets take
        asio::post(c.get_executor(), [c, large] {
            for (int i = 0; i < 2; ++i) c.send(large);
        });
    });
    auto const counted = flood.counters();
    hh::http::server web({.address = "127.0.0.1"}, hooks);
    web.mount(flood);
    web.listen();
    auto ended = web.async_run(asio::use_future);
    {
        support::raw_client slow(web.port());
        open(slow, "/ws");
        CHECK(support::eventually([&] { return counted->sessions() == 1; }));
        slow.send(client_text("more"));
        CHECK(support::eventually([&] { return counted->dropped() == 1; }));
        CHECK(support::eventually([&] { return counted->waiting_bytes() > 0; }));
    }
    {
        support::raw_client wrong(web.port());
        open(wrong, "/ws");
        wrong.send(client_text("\xff"));
        CHECK(wrong.rest().second == support::read_end::fin);
        support::raw_client none(web.port());
        none.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        CHECK(none.rest().first.starts_with("HTTP/1.1 426 "));
    }
    CHECK(support::refusals(*counted) == "Invalid payload: 1; Upgrade Required: 1");
    CHECK(support::eventually([&] { return counted->sessions() == 0; }));
    CHECK(counted->opened() == 2);
    CHECK(counted->waiting_bytes() == 0);
    web.stop();
}
