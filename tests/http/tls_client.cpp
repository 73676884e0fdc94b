// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/client.hpp>
#include <httphooks/http/streamed_body.hpp>
#include <httphooks/http/tls.hpp>
#include <httphooks/http/tls_client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/certificate.hpp"

namespace hh = httphooks;
namespace asio = boost::asio;
using hh::error_code;
using hh::verb;
using namespace std::chrono_literals;

namespace {

/// A server with a certificate, and a client that trusts it or does not.
struct tls_client_fixture {
    asio::io_context context{1};
    hh::registry hooks{context.get_executor()};
    support::certificate certificate;
    hh::http::tls_server server;
    hh::http::client client;

    tls_client_fixture(char const* subject, bool trusted)
        : certificate(support::make_certificate(subject)),
          server(context.get_executor(), server_context(), hooks, server_options()),
          client(context.get_executor(), client_options(trusted)) {
        hooks.get("/secret", [](auto& c) { return c.origin().tls() ? "tls" : "plain"; });
        server.async_run([](error_code) {});
    }
    ~tls_client_fixture() {
        server.stop();
        context.restart();
        context.run_for(20s);
    }

    static hh::http::options server_options() {
        hh::http::options o;
        o.address = "127.0.0.1";
        return o;
    }
    std::shared_ptr<asio::ssl::context> server_context() const {
        auto made = hh::http::make_server_context();
        made->use_certificate_chain(asio::buffer(certificate.chain));
        made->use_private_key(asio::buffer(certificate.key), asio::ssl::context::pem);
        return made;
    }
    hh::http::client_options client_options(bool trusted) const {
        auto made = hh::http::default_tls_client_context();
        if (trusted) made->add_certificate_authority(asio::buffer(certificate.chain));
        hh::http::client_options o;
        o.tls = hh::http::tls_streams(std::move(made));
        return o;
    }

    std::pair<error_code, std::string> get(std::string const& host, std::string const& scheme) {
        std::optional<std::pair<error_code, std::string>> result;
        std::string const url =
            scheme + "://" + host + ":" + std::to_string(server.port()) + "/secret";
        client.async_request(
            url, hh::request(verb::get, "/", 11),
            [&](error_code ec, hh::response r) { result.emplace(ec, std::move(r.body())); });
        auto const limit = std::chrono::steady_clock::now() + 20s;
        while (!result) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            context.run_one_for(1s);
        }
        return *result;
    }
};

bool is_verification_failure(error_code const& ec) {
    return ec.category() == asio::error::get_ssl_category() &&
           ec.message().find("certificate verify failed") != std::string::npos;
}

}  // namespace

TEST_CASE("a server with a certificate for its name is asked over TLS, on a kept connection") {
    tls_client_fixture f("DNS:localhost", true);
    for (int i = 0; i < 3; ++i) {
        auto const [ec, body] = f.get("localhost", "https");
        CHECK_FALSE(ec);
        CHECK(body == "tls");
    }
}

TEST_CASE("a server with a certificate for its address is asked over TLS") {
    tls_client_fixture f("IP:127.0.0.1", true);
    auto const [ec, body] = f.get("127.0.0.1", "https");
    CHECK_FALSE(ec);
    CHECK(body == "tls");
}

TEST_CASE("a certificate of an authority that is not trusted is refused") {
    tls_client_fixture f("DNS:localhost", false);
    CHECK(is_verification_failure(f.get("localhost", "https").first));
}

TEST_CASE("a certificate for another host is refused") {
    tls_client_fixture f("DNS:other.example", true);
    CHECK(is_verification_failure(f.get("localhost", "https").first));
    CHECK(is_verification_failure(f.get("127.0.0.1", "https").first));
}

TEST_CASE("content and a response are streams over TLS, too") {
    tls_client_fixture f("DNS:localhost", true);
    constexpr std::size_t piece = 100'000, count = 50;
    auto const write = [](hh::stream_writer& out) -> asio::awaitable<void> {
        std::string const text(piece, 'x');
        for (std::size_t i = 0; i < count; ++i) co_await out.async_write(text);
    };
    f.hooks.post("/count",
                 [](auto& c) -> asio::awaitable<std::string> {
                     std::size_t const bytes = co_await c.body().async_skip();
                     co_return std::to_string(bytes);
                 },
                 {.body_limit = 0, .body = hh::body::stream});
    f.hooks.get("/stream", [&](auto&) { return hh::stream("text/plain", write); });
    std::string const url = "https://localhost:" + std::to_string(f.server.port());
    std::optional<std::exception_ptr> ended;
    auto const talk = [&]() -> asio::awaitable<void> {
        auto const content = hh::http::streamed_body(write);
        auto const counted = co_await f.client.async_stream(
            url + "/count", hh::request(verb::post, "/", 11), content);
        std::string_view const text = co_await counted.async_read_chunk();
        CHECK(text == std::to_string(piece * count));
        auto const reply =
            co_await f.client.async_stream(url + "/stream", hh::request(verb::get, "/", 11));
        std::size_t const bytes = co_await reply.async_skip();
        CHECK(bytes == piece * count);
        auto const given_up =
            co_await f.client.async_stream(url + "/stream", hh::request(verb::get, "/", 11));
        co_await given_up.async_read_chunk();
    };
    asio::co_spawn(f.context, talk(), [&](std::exception_ptr e) { ended = e; });
    auto const limit = std::chrono::steady_clock::now() + 20s;
    while (!ended && std::chrono::steady_clock::now() < limit) f.context.run_one_for(1s);
    REQUIRE(ended.has_value());
    CHECK_FALSE(*ended);
    CHECK_FALSE(f.get("localhost", "https").first);
}

TEST_CASE("plain HTTP to a TLS server, and TLS to a plain server, are errors") {
    tls_client_fixture f("DNS:localhost", true);
    CHECK(f.get("localhost", "http").first);

    hh::http::server plain(f.context.get_executor(), f.hooks, tls_client_fixture::server_options());
    plain.async_run([](error_code) {});
    std::optional<error_code> result;
    f.client.async_request("https://localhost:" + std::to_string(plain.port()) + "/",
                           hh::request(verb::get, "/", 11),
                           [&](error_code ec, hh::response) { result = ec; });
    auto const limit = std::chrono::steady_clock::now() + 20s;
    while (!result && std::chrono::steady_clock::now() < limit) f.context.run_one_for(1s);
    REQUIRE(result.has_value());
    CHECK(*result);
    plain.stop();
}
