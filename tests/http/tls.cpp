// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/tls.hpp>
#include <httphooks/into_response.hpp>

#include "support/catch.hpp"
#include "support/certificate.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using support::raw_client;
using support::read_end;

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

/// A server's context with a key and a certificate made for the occasion.
std::shared_ptr<asio::ssl::context> self_signed() {
    auto context = hh::http::make_server_context();
    auto const made = support::make_certificate("DNS:localhost");
    context->use_certificate_chain(asio::buffer(made.chain));
    context->use_private_key(asio::buffer(made.key), asio::ssl::context::pem);
    return context;
}

struct tls_fixture {
    asio::io_context context{};
    hh::registry hooks{context.get_executor()};
    hh::http::tls_server web;
    asio::ssl::context trust{asio::ssl::context::tls_client};

    static hh::http::options on_loopback() {
        hh::http::options o;
        o.address = "127.0.0.1";
        return o;
    }

    explicit tls_fixture(hh::http::options const& o = on_loopback())
        : web(o, self_signed(), hooks) {
        hooks.get("/who", [](auto& c) { return hh::text(c.origin().tls() ? "tls" : "plain"); });
        hooks.get("/large", [](auto&) { return hh::text(std::string(3'000'000, 'x')); });
        hooks.post("/echo", [](auto& c) { return hh::text(c.request().body()); });
        web.async_run([](hh::error_code) {});
    }
    ~tls_fixture() { web.stop(); }

    using stream = asio::ssl::stream<asio::ip::tcp::socket>;

    std::unique_ptr<stream> connect() {
        auto s = std::make_unique<stream>(context, trust);
        s->next_layer().connect({asio::ip::make_address("127.0.0.1"), web.port()});
        s->handshake(stream::client);
        return s;
    }
};

std::string rest(tls_fixture::stream& s) {
    std::string text;
    char piece[16 * 1024];
    hh::error_code ec;
    while (!ec) {
        std::size_t const n = s.read_some(asio::buffer(piece), ec);
        text.append(piece, n);
    }
    CHECK(ec == asio::error::eof);
    return text;
}

}  // namespace

TEST_CASE("the server over TLS answers like the one without, and says goodbye") {
    tls_fixture f;
    auto c = f.connect();
    std::string const all =
        "GET /who HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: "
        "20000\r\n\r\n" +
        std::string(20'000, 'y') + "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    asio::write(*c, asio::buffer(all));
    auto const text = rest(*c);
    CHECK(text.find("\r\n\r\ntlsHTTP/1.1 200 OK") != text.npos);
    CHECK(text.find(std::string(20'000, 'y') + "HTTP/1.1 200 OK") != text.npos);
    CHECK(text.ends_with(std::string(3'000'000, 'x')));
    hh::error_code ec;
    c->shutdown(ec);
}

TEST_CASE("a client that sends no handshake, or nonsense, is closed") {
    auto o = tls_fixture::on_loopback();
    o.handshake_timeout = std::chrono::seconds(1);
    tls_fixture f(o);
    SECTION("nothing") {
        raw_client c(f.web.port());
        CHECK(c.rest().second != read_end::timeout);
    }
    SECTION("plain HTTP") {
        raw_client c(f.web.port());
        REQUIRE(c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        auto const [text, end] = c.rest();
        CHECK(text.find("HTTP/") == text.npos);
        CHECK(end != read_end::timeout);
    }
    auto good = f.connect();
    asio::write(
        *good,
        asio::buffer(std::string("GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")));
    CHECK(rest(*good).ends_with("tls"));
}

TEST_CASE("a client over TLS that writes all before it reads sees why it is refused") {
    auto o = tls_fixture::on_loopback();
    o.linger_timeout = std::chrono::seconds(60);
    tls_fixture f(o);
    std::size_t const size =
        GENERATE(std::size_t{1200} << 10, std::size_t{4} << 20, std::size_t{50} << 20);
    auto c = f.connect();
    asio::write(*c, asio::buffer("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                 std::to_string(size) + "\r\n\r\n"));
    std::string const piece(64 * 1024, 'x');
    for (std::size_t sent = 0; sent < size; sent += piece.size())
        asio::write(*c, asio::buffer(piece));
    CHECK(rest(*c).starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a client over TLS that sends FIN without a farewell gets its replies") {
    tls_fixture f;
    auto c = f.connect();
    asio::write(*c, asio::buffer(std::string("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")));
    c->next_layer().shutdown(asio::socket_base::shutdown_send);
    CHECK(rest(*c).ends_with(std::string(3'000'000, 'x')));
}

TEST_CASE("versions before TLS 1.2 are refused") {
    tls_fixture f;
    SSL_CTX_set_min_proto_version(f.trust.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(f.trust.native_handle(), TLS1_1_VERSION);
    CHECK_THROWS_AS(f.connect(), hh::system_error);
}

TEST_CASE("bodies over TLS wait for room like others, and come whole") {
    hh::http::options o = tls_fixture::on_loopback();
    o.bodies_in_memory = 64 * 1024;
    tls_fixture f(o);
    std::string const body(300'000, 'x');
    std::vector<std::unique_ptr<tls_fixture::stream>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(f.connect());
        asio::write(
            *clients.back(),
            asio::buffer("POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         "Content-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 30'000)));
    }
    CHECK(support::eventually([&] { return f.web.counters()->paused_bodies() > 0; }));
    std::vector<std::thread> senders;
    for (auto& c : clients)
        senders.emplace_back(
            [&c, &body] { asio::write(*c, asio::buffer(body.data(), body.size() - 30'000)); });
    for (auto& t : senders) t.join();
    for (auto& c : clients) CHECK(rest(*c).ends_with("\r\n\r\n" + body));
    CHECK(support::eventually([&] { return f.web.counters()->body_bytes() == 0; }));
    CHECK(f.web.counters()->peak_body_bytes() <= 64 * 1024 + body.size() + 4 * 8 * 1024);
}
