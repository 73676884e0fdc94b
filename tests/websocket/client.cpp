// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/tls.hpp>
#include <httphooks/http/tls_client.hpp>
#include <httphooks/websocket/client.hpp>
#include <httphooks/websocket/frame.hpp>
#include <httphooks/websocket/server.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include "support/catch.hpp"
#include "support/certificate.hpp"
#include "support/client_subject.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace ws = httphooks::websocket;
using namespace std::chrono_literals;
using list = std::vector<std::string>;

namespace {

/// An echo server and a client on one context.
struct client_fixture {
    explicit client_fixture(std::shared_ptr<asio::ssl::context> tls = nullptr,
                            std::shared_ptr<ws::message_deflate const> compress = nullptr)
        : deflate(std::move(compress)) {
        ws::server_options so;
        so.connection.per_message_deflate = deflate;
        so.path = "/ws";
        so.handshake.subprotocols = {"v1"};
        echo.emplace(context.get_executor(), so);
        echo->on_open([this](ws::connection& c, hh::request const& r) {
            token = std::string(r["X-Token"]);
            c.send("welcome");
        });
        echo->on_message([](ws::connection& c, ws::message const& m) {
            if (m.data == "close")
                c.close(ws::close_code::going_away, "bye");
            else
                c.send(m);
        });
        hh::http::options o;
        o.address = "127.0.0.1";
        if (tls)
            web.emplace(hh::http::tls_server(context.get_executor(), tls, hooks, o));
        else
            web.emplace(context.get_executor(), hooks, o);
        web->mount(*echo);
        web->listen();
        web->async_run(asio::detached);
    }
    ~client_fixture() {
        web->stop();
        context.restart();
        context.run_for(5s);
    }

    std::string url(std::string const& path = "/ws", std::string const& scheme = "ws") const {
        return scheme + "://127.0.0.1:" + std::to_string(web->port()) + path;
    }

    /// Runs until something is so.
    bool until(std::function<bool()> const& so) {
        context.restart();
        auto const end = std::chrono::steady_clock::now() + 10s;
        while (!so() && std::chrono::steady_clock::now() < end) context.run_one_for(100ms);
        return so();
    }

    /// Opens a connection; the error when that fails.
    hh::error_code connect(ws::client client, std::string const& where) {
        bool done = false;
        hh::error_code error;
        client.async_connect(where, [&](hh::error_code ec, ws::connection c) {
            done = true;
            error = ec;
            connection = c;
        });
        REQUIRE(until([&] { return done; }));
        return error;
    }

    asio::io_context context{1};
    hh::registry hooks{context.get_executor()};
    std::shared_ptr<ws::message_deflate const> deflate;
    std::optional<ws::server> echo{};
    std::optional<hh::http::server> web{};
    std::string token{};
    ws::connection connection{};
};

/// A client that notes what it is told, as long as somebody is told.
struct noting_client {
    explicit noting_client(client_fixture& f, ws::client_options o = {})
        : client(f.context.get_executor(), std::move(o)) {
        client.on_message([l = notes](ws::connection&, ws::message const& m) {
            l->push_back((m.binary ? "binary:" : "text:") + std::string(m.data));
        });
        client.on_close([l = notes](ws::connection&, ws::close_reason const& why) {
            l->push_back("close:" + std::to_string(static_cast<unsigned>(why.code)) + ":" +
                         std::string(why.text));
        });
    }

    std::shared_ptr<list> notes = std::make_shared<list>();
    list& log = *notes;
    ws::client client;
};

/// A server that reads a request and answers with a text of the test's, then closes.
hh::error_code answer_with(std::string const& reply) {
    asio::io_context context(1);
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket peer(context);
    std::string request(4096, '\0');
    acceptor.async_accept(peer, [&](hh::error_code) {
        peer.async_read_some(asio::buffer(request), [&](hh::error_code, std::size_t) {
            asio::async_write(peer, asio::buffer(reply), [&](hh::error_code, std::size_t) {
                hh::error_code ignored;
                peer.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
            });
        });
    });
    hh::error_code result = asio::error::would_block;
    ws::client client(context.get_executor());
    client.async_connect("ws://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()),
                         [&](hh::error_code ec, ws::connection) { result = ec; });
    context.run_for(10s);
    return result;
}

}  // namespace

TEST_CASE("A client connects, sends, receives and closes") {
    client_fixture f;
    noting_client c(f, {.subprotocols = {"v2", "v1"}});
    CHECK_FALSE(f.connect(c.client, f.url()));
    CHECK(f.connection.subprotocol() == "v1");
    CHECK(f.connection.peer().port() == f.web->port());
    std::string const large(300'000, 'x');
    f.connection.send("one");
    f.connection.send_binary(large);
    REQUIRE(f.until([&] { return c.log.size() == 3; }));
    CHECK(c.log == list{"text:welcome", "text:one", "binary:" + large});
    f.connection.close(static_cast<ws::close_code>(4000), "enough");
    REQUIRE(f.until([&] { return c.log.size() == 4; }));
    CHECK(c.log.back() == "close:4000:");
    CHECK_FALSE(f.connection.is_open());
    REQUIRE(f.until([&] { return f.echo->connections().empty(); }));
}

TEST_CASE("A client sends the header fields it was given") {
    client_fixture f;
    ws::client_options o;
    o.headers.set("X-Token", "secret");
    CHECK_FALSE(f.connect(ws::client(f.context.get_executor(), o), f.url()));
    CHECK(f.token == "secret");
}

TEST_CASE("A client is told why the server closed") {
    client_fixture f;
    noting_client c(f);
    CHECK_FALSE(f.connect(c.client, f.url()));
    f.connection.send("close");
    REQUIRE(f.until([&] { return c.log.size() == 2; }));
    CHECK(c.log.back() == "close:1001:bye");
}

TEST_CASE("A connection is awaited in a coroutine") {
    client_fixture f;
    noting_client c(f);
    bool opened = false;
    auto const run = [&]() -> asio::awaitable<void> {
        auto const connection = co_await c.client.async_connect(f.url(), asio::use_awaitable);
        opened = connection.is_open();
        connection.send("from a coroutine");
    };
    asio::co_spawn(f.context, run, asio::detached);
    REQUIRE(f.until([&] { return c.log.size() == 2; }));
    CHECK(opened);
    CHECK(c.log == list{"text:welcome", "text:from a coroutine"});
}

TEST_CASE("TLS: the server has to prove who it is") {
    auto const made = support::make_certificate("IP:127.0.0.1");
    auto server_side = hh::http::make_server_context();
    server_side->use_certificate_chain(asio::buffer(made.chain));
    server_side->use_private_key(asio::buffer(made.key), asio::ssl::context::pem);
    client_fixture f(server_side);
    CHECK(f.connect(ws::client(f.context.get_executor()), f.url("/ws", "wss")) ==
          asio::error::operation_not_supported);

    ws::client_options strangers;
    strangers.tls = hh::http::tls_streams();
    CHECK(f.connect(ws::client(f.context.get_executor(), strangers), f.url("/ws", "wss")));

    auto trusting = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    trusting->add_certificate_authority(asio::buffer(made.chain));
    ws::client_options o;
    o.tls = hh::http::tls_streams(trusting);
    noting_client c(f, o);
    CHECK_FALSE(f.connect(c.client, f.url("/ws", "wss")));
    CHECK(f.connection.tls());
    std::string const large(300'000, 'x');
    for (int i = 0; i < 3; ++i) f.connection.send(large);
    REQUIRE(f.until([&] { return c.log.size() == 4; }));
    CHECK(c.log.back() == "text:" + large);
    f.connection.close();
    REQUIRE(f.until([&] { return f.echo->connections().empty() && c.log.size() == 5; }));
    CHECK(c.log.back() == "close:1000:");
}

TEST_CASE("A URL that is none, and a server that is none, are errors") {
    client_fixture f;
    ws::client const client(f.context.get_executor());
    for (auto const* url : {"", "ftp://x/", "ws:/x", "ws://", "ws://user@x/", "wsx://x/"})
        CHECK(f.connect(client, url) == ws::error::invalid_url);
    CHECK(f.connect(client, f.url("/none")) == ws::error::refused);
    CHECK(f.connect(client, "ws://127.0.0.1:1/") == asio::error::connection_refused);
}

TEST_CASE("What is right behind the server's answer is handed on, then its close frame") {
    std::string const frames = [] {
        std::string out;
        ws::append_frame(out, ws::role::server, ws::opcode::text, "m1");
        ws::append_frame(out, ws::role::server, ws::opcode::text, std::string(1000, 'x'));
        ws::append_close(out, ws::role::server, ws::close_code::normal, "bye");
        return out;
    }();
    ws::client_options o;
    o.header_limit = 512;
    support::client_subject<ws::client, ws::connection> subject(o);
    support::scripted_server server(subject.context, [&](std::string const& request) {
        std::string const name = "Sec-WebSocket-Key: ";
        std::string const key = request.substr(request.find(name) + name.size(), 24);
        return support::scripted{
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
                ws::accept_key(key) + "\r\n\r\n" + frames,
            true};
    });
    subject.client.on_message([&](ws::connection&, ws::message const& m) {
        CHECK(subject.connection);
        subject.log.emplace_back(m.data);
    });
    subject.client.on_close([&](ws::connection&, ws::close_reason const& why) {
        subject.log.push_back(std::to_string(static_cast<unsigned>(why.code)) +
                              std::string(why.text));
    });
    SECTION("at once") {
        REQUIRE_FALSE(subject.connect(server.url()));
        CHECK(subject.logged(3));
    }
    SECTION("or when the application wants it") {
        bool connected = false;
        subject.client.async_connect(server.url(), [&](hh::error_code ec, ws::connection c) {
            connected = !ec;
            c.pause();
            subject.connection = c;
        });
        // longer than the server needs to end the connection
        REQUIRE(subject.until([&] { return connected && server.ended() == 1; }));
        subject.settle();
        CHECK(subject.log.empty());
        subject.connection.resume();
        CHECK(subject.logged(3));
    }
    CHECK(subject.log == list{"m1", std::string(1000, 'x'), "1000bye"});
}

TEST_CASE("A server must not choose an extension that was not offered, or another than it is") {
    auto const answered = [](ws::client_options const& o, std::string const& chosen) {
        support::client_subject<ws::client, ws::connection> subject(o);
        support::scripted_server server(subject.context, [&](std::string const& request) {
            std::string const name = "Sec-WebSocket-Key: ";
            std::string const key = request.substr(request.find(name) + name.size(), 24);
            return support::scripted{
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Extensions: " +
                    chosen + "\r\nSec-WebSocket-Accept: " + ws::accept_key(key) + "\r\n\r\n",
                true};
        });
        return subject.connect(server.url());
    };
    ws::client_options o;
    CHECK(answered(o, "permessage-deflate") == ws::error::not_offered);
    o.connection.per_message_deflate = ws::zlib_deflate();
    std::string const agreed =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    CHECK_FALSE(answered(o, agreed));
    CHECK(answered(o, "permessage-deflate") == ws::error::not_offered);
    CHECK(answered(o, "permessage-bzip2") == ws::error::not_offered);
    CHECK(answered(o, agreed + "\r\nSec-WebSocket-Extensions: " + agreed) ==
          ws::error::not_offered);
}

TEST_CASE("A client and a server compress what they send, with contexts and without") {
    bool const keeps = GENERATE(false, true);
    ws::deflate_options deflate;
    deflate.server_no_context_takeover = deflate.client_no_context_takeover = !keeps;
    client_fixture f(nullptr, ws::zlib_deflate(deflate));
    ws::client_options o;
    o.connection.per_message_deflate = f.deflate;
    noting_client c(f, o);
    REQUIRE_FALSE(f.connect(c.client, f.url()));
    list expected{"text:welcome"};
    for (std::size_t n = 0; n < 20; ++n) {
        std::string const text(n * 700, static_cast<char>('a' + n));
        asio::post(f.context, [to = f.connection, text] {
            to.send(text);
            to.send_binary(text);
        });
        expected.insert(expected.end(), {"text:" + text, "binary:" + text});
    }
    REQUIRE(f.until([&] { return c.log.size() == expected.size(); }));
    CHECK(c.log == expected);
}

TEST_CASE("An answer that is no handshake is an error") {
    CHECK(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == ws::error::refused);
    CHECK(answer_with("HTTP/1.1 404 Not Found\r\n\r\nnothing here") == ws::error::refused);
    CHECK(answer_with("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") ==
          ws::error::bad_accept);
    CHECK(answer_with("HTTP/1.1 101 X\r\n\r\n") == ws::error::bad_handshake);
    CHECK(answer_with("HELLO\r\n\r\n") == ws::error::bad_handshake);
    CHECK(answer_with("HTTP/1.1 101 X\r\nX: " + std::string(17000, 'x')) ==
          ws::error::bad_handshake);
    CHECK(answer_with("HTTP/1.1 101 X\r\n") == asio::error::eof);
    CHECK(answer_with("") == asio::error::eof);
}

TEST_CASE("An attempt can take too long, or be cancelled") {
    asio::io_context context(1);
    asio::ip::tcp::acceptor silent(context, {asio::ip::address_v4::loopback(), 0});
    std::string const url = "ws://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
    hh::error_code result;
    ws::client impatient(context.get_executor(), {.connect_timeout = 50ms});
    impatient.async_connect(url, [&](hh::error_code ec, ws::connection) { result = ec; });
    context.run_for(10s);
    CHECK(result == asio::error::timed_out);

    asio::cancellation_signal stop;
    ws::client patient(context.get_executor());
    patient.async_connect(
        url, asio::bind_cancellation_slot(stop.slot(),
                                          [&](hh::error_code ec, ws::connection) { result = ec; }));
    context.restart();
    context.poll();
    stop.emit(asio::cancellation_type::terminal);
    context.restart();
    context.run_for(10s);
    CHECK(result == asio::error::operation_aborted);
}
