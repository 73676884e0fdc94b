// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/tls_client.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/subscriber.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "support/catch.hpp"
#include "support/certificate.hpp"
#include "support/redis_server.hpp"

namespace redis = httphooks::redis;
namespace asio = boost::asio;
using httphooks::error_code;
using redis::connection_state;
using support::redis_server;
using namespace std::chrono_literals;

namespace {

/// A server with a certificate for localhost.
struct redis_tls_server {
    support::certificate made = support::make_certificate("DNS:localhost");
    std::string folder;
    std::uint16_t port = redis_server::free_port();
    std::optional<redis_server> server{};

    redis_tls_server() {
        folder = (std::filesystem::temp_directory_path() / "httphooks-tls-XXXXXX").string();
        if (!::mkdtemp(folder.data())) throw std::runtime_error("mkdtemp");
        std::ofstream(folder + "/chain.pem") << made.chain;
        std::ofstream(folder + "/key.pem") << made.key;
        server.emplace(std::vector<std::string>{
            "--tls-port", std::to_string(port), "--tls-cert-file", folder + "/chain.pem",
            "--tls-key-file", folder + "/key.pem", "--tls-ca-cert-file", folder + "/chain.pem",
            "--tls-auth-clients", "no"});
    }
    ~redis_tls_server() {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    redis::options options(std::string const& host, bool trusted) const {
        auto const context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
        if (trusted) context->add_certificate_authority(asio::buffer(made.chain));
        redis::options o;
        o.url = "rediss://" + host + ':' + std::to_string(port);
        o.tls = httphooks::http::tls_streams(context);
        o.reconnect_delay = 5ms;
        return o;
    }
};

template <class Condition>
bool run_redis_tls_until(asio::io_context& context, Condition c) {
    auto const until = std::chrono::steady_clock::now() + 20s;
    while (!c() && std::chrono::steady_clock::now() < until) {
        context.run_one_for(50ms);
        if (context.stopped()) context.restart();
    }
    return c();
}

}  // namespace

TEST_CASE("a connection and a subscriber can be over TLS") {
    if (!redis_server::installed()) return;
    redis_tls_server server;
    asio::io_context context(1);
    redis::connection connection(context.get_executor(), server.options("localhost", true));
    redis::subscriber subscriber(context.get_executor(), server.options("localhost", true));
    std::string heard;
    subscriber.on_message([&](redis::message const& m) { heard = m.payload; });
    subscriber.subscribe("c");
    REQUIRE(run_redis_tls_until(context, [&] { return subscriber.is_connected(); }));
    std::string const large(200'000, 'x');
    connection.async_command({"PUBLISH", "c", large}, [](error_code, redis::value const&) {});
    REQUIRE(run_redis_tls_until(context, [&] { return heard == large; }));
    connection.close();
    subscriber.close();
    context.restart();
    context.run_for(5s);
}

TEST_CASE("a server that cannot prove who it is gets nothing") {
    if (!redis_server::installed()) return;
    redis_tls_server server;
    asio::io_context context(1);
    for (auto const& o : {server.options("localhost", false), server.options("127.0.0.1", true)}) {
        redis::connection connection(context.get_executor(), o);
        std::optional<error_code> why;
        connection.on_state([&](connection_state s, error_code ec) {
            if (s == connection_state::away) why = ec;
        });
        connection.connect();
        REQUIRE(run_redis_tls_until(context, [&] { return why.has_value(); }));
        CHECK(std::string(why->category().name()) == "asio.ssl");
        connection.close();
        context.restart();
        context.run_for(5s);
    }
}
