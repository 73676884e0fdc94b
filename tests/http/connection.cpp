// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/connection.hpp>
#include <httphooks/into_response.hpp>

#include "support/catch.hpp"
#include "support/memory_stream.hpp"
#include "support/tls_contexts.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

using tcp = asio::ip::tcp;

/// A connection over a socket of the caller's own, and the client at its other end.
struct connection_fixture {
    asio::io_context context{};
    tcp::socket client{context};
    std::optional<hh::http::connection> conn{};

    explicit connection_fixture(std::string_view behind = {}) {
        tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
        client.connect(acceptor.local_endpoint());
        tcp::socket socket = acceptor.accept();
        beast::flat_buffer buffer;
        buffer.commit(asio::buffer_copy(buffer.prepare(behind.size()), asio::buffer(behind)));
        conn.emplace(std::move(socket), std::move(buffer));
    }

    void begin(hh::verb method, unsigned version = 11) {
        conn->begin(hh::request(method, "/", version));
    }

    auto expect_success() {
        return [this](hh::error_code ec) {
            CHECK(!ec);
            ++completed;
        };
    }
    void run() {
        context.restart();
        context.run();
    }

    /// All that the client gets; the connection ends by it.
    std::string received() {
        conn.reset();
        run();
        std::string all;
        hh::error_code ec;
        asio::read(client, asio::dynamic_buffer(all), ec);
        CHECK(ec == asio::error::eof);
        return all;
    }

    /// A reply in two pieces.
    std::string pieces() {
        conn->async_start(hh::make_response(hh::status::ok, {}, "text/plain"), expect_success());
        run();
        for (std::string_view piece : {"one", "", "two"}) {
            conn->async_write_chunk(piece, expect_success());
            run();
        }
        conn->async_end(expect_success());
        run();
        CHECK(completed == 5);
        return received();
    }

    int completed = 0;
};

bool has(std::string const& text, std::string_view what) {
    return text.find(what) != text.npos;
}

}  // namespace

TEST_CASE("a whole reply is framed by the connection, whatever the response says") {
    connection_fixture t;
    t.begin(hh::verb::get);
    hh::response r = hh::text("body");
    r.set(hh::field::content_length, "99");
    r.set(hh::field::transfer_encoding, "chunked");
    r.set(hh::field::connection, "upgrade");
    t.conn->async_write(r, t.expect_success());
    t.run();
    CHECK(t.conn->keep_alive());
    std::string const out = t.received();
    CHECK(has(out, "\r\nContent-Length: 4\r\n"));
    CHECK(has(out, "\r\nDate: "));
    CHECK_FALSE(has(out, "99"));
    CHECK_FALSE(has(out, "chunked"));
    CHECK_FALSE(has(out, "Connection"));
    CHECK(out.ends_with("\r\n\r\nbody"));
}

TEST_CASE("a reply to HEAD has no body, whole or in pieces") {
    connection_fixture t;
    t.begin(hh::verb::head);
    SECTION("whole") {
        t.conn->async_write(hh::text("body"), t.expect_success());
        t.run();
        std::string const out = t.received();
        CHECK(has(out, "Content-Length: 4\r\n"));
        CHECK(out.ends_with("\r\n\r\n"));
    }
    SECTION("in pieces") {
        CHECK(t.pieces().ends_with("\r\n\r\n"));
    }
}

TEST_CASE("a reply of 205 has no body, and says so") {
    connection_fixture t;
    t.begin(hh::verb::get);
    t.conn->async_write(hh::make_response(hh::status::reset_content, "body"), t.expect_success());
    t.run();
    std::string const out = t.received();
    CHECK(has(out, "Content-Length: 0\r\n"));
    CHECK(out.ends_with("\r\n\r\n"));
}

TEST_CASE("pieces are chunks, or for HTTP/1.0 what comes until the end") {
    connection_fixture t;
    SECTION("HTTP/1.1") {
        t.begin(hh::verb::get);
        CHECK(t.pieces().ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
    }
    SECTION("HTTP/1.0") {
        t.begin(hh::verb::get, 10);
        CHECK(t.pieces().ends_with("\r\n\r\nonetwo"));
    }
}

TEST_CASE("a connection says whether another request may follow") {
    connection_fixture t;
    t.begin(hh::verb::get, 10);
    CHECK_FALSE(t.conn->keep_alive());
    t.begin(hh::verb::get);
    CHECK(t.conn->keep_alive());
    t.conn->close_after_reply();
    CHECK_FALSE(t.conn->keep_alive());
    t.conn->async_write(hh::text("last"), t.expect_success());
    t.run();
    CHECK(has(t.received(), "Connection: close\r\n"));
}

TEST_CASE("a stream is released as the type that it is, with the bytes behind the request") {
    connection_fixture t("next");
    CHECK_FALSE(t.conn->release<asio::local::stream_protocol::socket>().has_value());
    auto out = t.conn->release<tcp::socket>();
    REQUIRE(out.has_value());
    CHECK(out->input == "next");
    CHECK(out->stream.remote_endpoint() == t.client.local_endpoint());
    CHECK_FALSE(t.conn->release<tcp::socket>().has_value());
}

TEST_CASE("the end of a wait for the client tells why it ended") {
    connection_fixture t;
    std::optional<hh::error_code> ended;
    t.conn->async_wait_abort([&](hh::error_code ec) { ended = ec; });
    t.context.poll();
    CHECK_FALSE(ended.has_value());
    SECTION("the client has sent all") {
        t.client.shutdown(tcp::socket::shutdown_send);
        t.run();
        REQUIRE(ended.has_value());
        CHECK(*ended == asio::error::eof);
    }
    SECTION("nobody waits any more") {
        t.conn->cancel_wait();
        t.run();
        REQUIRE(ended.has_value());
        CHECK(*ended == asio::error::operation_aborted);
    }
}

TEST_CASE("when a client has ended, a further wait tells of its reset only, over TLS too") {
    auto const tls = support::make_tls_contexts("IP:127.0.0.1");
    using secure_stream = asio::ssl::stream<tcp::socket>;
    asio::io_context context;
    secure_stream client(context, *tls.client);
    secure_stream served(context, *tls.server);
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    client.next_layer().connect(acceptor.local_endpoint());
    acceptor.accept(served.next_layer());
    std::vector<hh::error_code> ends;
    auto const note = [&](hh::error_code ec) { ends.push_back(ec); };
    auto const until = [&](std::size_t n) {
        context.restart();
        while (ends.size() < n && context.run_one_for(std::chrono::seconds(10)) > 0) continue;
        return ends.size() == n;
    };
    client.async_handshake(secure_stream::client, note);
    served.async_handshake(secure_stream::server, note);
    REQUIRE(until(2));
    ends.clear();

    hh::http::connection conn(std::move(served));
    conn.async_wait_abort(note);
    client.async_shutdown([](hh::error_code) {});
    REQUIRE(until(1));
    CHECK(ends[0] == asio::error::eof);
    conn.async_wait_abort(note);
    context.restart();
    context.poll();
    CHECK(ends.size() == 1);
    client.next_layer().set_option(asio::socket_base::linger(true, 0));
    client.next_layer().close();
    REQUIRE(until(2));
    CHECK(ends[1]);
}

TEST_CASE("who waits for the end of a client goes with the event loop") {
    auto const kept = std::make_shared<int>(0);
    {
        connection_fixture t;
        auto const owner = std::make_shared<hh::http::connection>(std::move(*t.conn));
        owner->async_wait_abort([owner, kept](hh::error_code) {});
        t.context.poll();
        SECTION("waiting") {
            CHECK(kept.use_count() == 2);
        }
        SECTION("about to wait no more") {
            owner->core()->settle(
                [](std::shared_ptr<void> const&) {},
                std::make_shared<
                    std::pair<std::shared_ptr<hh::http::connection>, std::shared_ptr<int>>>(owner,
                                                                                            kept));
            CHECK(kept.use_count() == 3);
        }
    }
    CHECK(kept.use_count() == 1);
}

TEST_CASE("how long a client may take no byte of a write counts from the last that it took") {
    asio::io_context context;
    support::memory_client client;
    hh::http::connection conn{support::memory_stream(context, client)};
    conn.begin(hh::request(hh::verb::get, "/", 11));
    conn.write_timeout(std::chrono::hours(1));
    std::optional<hh::error_code> written;
    client.window(10);
    conn.async_write(hh::text("body"), [&](hh::error_code ec) { written = ec; });
    context.poll();
    CHECK_FALSE(written);
    conn.write_timeout(std::chrono::milliseconds(1));
    client.window(10);
    context.restart();
    context.run_for(std::chrono::seconds(20));
    REQUIRE(written);
    CHECK(*written == asio::error::timed_out);
    CHECK(client.received().size() == 20);
}
