// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/engineio/client.hpp>
#include <httphooks/http/tls.hpp>
#include <httphooks/http/tls_client.hpp>

#include "support/catch.hpp"
#include "support/certificate.hpp"
#include "support/engineio_service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace eio = httphooks::engineio;
using namespace std::chrono_literals;
using list = std::vector<std::string>;
using way = eio::transport_kind;
using support::engineio_service;

namespace {

/// A client on a context of its own, that notes what it is told.
struct subject {
    explicit subject(eio::client_options o = {}) : client(context.get_executor(), std::move(o)) {
        client.on_message([this](eio::client_connection& c, std::string_view m, bool binary) {
            log.push_back((binary ? "bytes:" : "") + std::string(m));
            if (on_message) on_message(c, m);
        });
        client.on_close([this](eio::client_connection&, eio::close_reason why) {
            log.push_back("close:" + std::string(to_string(why)));
        });
        client.on_upgrade([this](eio::client_connection& c) {
            upgrades += c.transport() == way::websocket ? 1 : 100;
        });
        client.on_drain([this](eio::client_connection&) { ++drains; });
    }

    /// Runs until something is so.
    bool until(std::function<bool()> const& so) {
        context.restart();
        auto const end = std::chrono::steady_clock::now() + 10s;
        while (!so() && std::chrono::steady_clock::now() < end) context.run_one_for(100ms);
        return so();
    }
    bool logged(std::size_t n) {
        return until([this, n] { return log.size() >= n; });
    }

    hh::error_code connect(std::string const& url) {
        std::optional<hh::error_code> result;
        client.async_connect(url, [&](hh::error_code ec, eio::client_connection c) {
            result = ec;
            connection = std::move(c);
        });
        REQUIRE(until([&] { return result.has_value(); }));
        return *result;
    }

    asio::io_context context{1};
    eio::client client;
    eio::client_connection connection{};
    list log{};
    int upgrades = 0;
    int drains = 0;
    std::function<void(eio::client_connection&, std::string_view)> on_message{};
};

std::string url_of(std::uint16_t port, std::string_view path = "/engine.io/") {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(path);
}

eio::client_options ways(std::vector<way> w) {
    eio::client_options o;
    o.transports = std::move(w);
    return o;
}

}  // namespace

TEST_CASE("a client talks to a server over each transport") {
    engineio_service service;
    auto const by = GENERATE(way::websocket, way::polling);
    subject s(ways({by}));
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    CHECK(s.connection.is_open());
    CHECK(s.connection.transport() == by);
    CHECK(s.connection.id().size() == 20);
    std::string const bytes("\0\x1e\xff", 3);
    CHECK(s.connection.send("one"));
    CHECK(s.connection.send_binary(bytes));
    CHECK(s.connection.send("\xe6\x97\xa5\xf0\x9f\x98\x80"));
    REQUIRE(s.logged(3));
    CHECK(s.log == list{"one", "bytes:" + bytes, "\xe6\x97\xa5\xf0\x9f\x98\x80"});
    CHECK(s.until([&] { return s.drains > 0 && s.connection.buffered_amount() == 0; }));
    s.connection.send("last");
    s.connection.close();
    CHECK_FALSE(s.connection.is_open());
    CHECK_FALSE(s.connection.send("too late"));
    REQUIRE(s.logged(4));
    CHECK(s.log.back() == "close:forced close");
    CHECK(s.until([&] { return service.server().size() == 0; }));
    CHECK(service.next_note() == "transport close");
}

TEST_CASE("a client that polls goes over to a WebSocket") {
    engineio_service service;
    subject s(ways({way::polling, way::websocket}));
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    CHECK(s.connection.transport() == way::polling);
    list expected;
    // sent before, while and after the transport changes
    int n = 0;
    auto const send = [&] {
        expected.push_back(std::to_string(n++));
        s.connection.send(expected.back());
    };
    send();
    s.on_message = [&](eio::client_connection&, std::string_view) {
        if (n < 200) send();
    };
    REQUIRE(s.until([&] { return s.upgrades != 0; }));
    CHECK(s.upgrades == 1);
    CHECK(s.connection.transport() == way::websocket);
    REQUIRE(s.logged(200));
    CHECK(s.log == expected);
    CHECK(service.server().connections().at(0).transport() == way::websocket);
}
