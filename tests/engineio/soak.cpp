// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Many Engine.IO sessions: what is aborted leaves nothing, and what is idle is held.
*/

#include <httphooks/engineio/server.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"
#include "support/raw_client.hpp"
#include "support/websocket.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace eio = httphooks::engineio;
using namespace std::chrono_literals;
using support::engineio_service;
using support::raw_client;

namespace {

std::string const polling = "/engine.io/?EIO=4&transport=polling";
std::string const websocket = "/engine.io/?EIO=4&transport=websocket";

std::string get(std::string const& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}
std::string post(std::string const& target, std::string_view body) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

/// Opens a session that polls. @return its id
std::string open(raw_client& c) {
    c.send(get(polling));
    std::string const sid = support::sid_of(c.until("000}"));
    REQUIRE(sid.size() == 20);
    return sid;
}

/// How many descriptors this process has open.
std::ptrdiff_t descriptors() {
    std::filesystem::path const all = "/proc/self/fd";
    if (!std::filesystem::exists(all)) return 0;
    return std::distance(std::filesystem::directory_iterator(all),
                         std::filesystem::directory_iterator());
}

/// Whether something becomes so before long.
template <class Condition>
bool becomes(Condition so) {
    auto const end = std::chrono::steady_clock::now() + 30s;
    while (!so() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return so();
}

/// Whether so many descriptors stay open. Those of loops are opened when they are first needed.
bool left_at_most(std::ptrdiff_t before) {
    constexpr std::ptrdiff_t loops = 8;
    INFO(before << " before, " << descriptors() << " now");
    bool const so = becomes([&] { return descriptors() <= before + loops; });
    CHECK(so);
    return so;
}

}  // namespace

TEST_CASE("two thousand clients that come and go in storms leave no session and no descriptor") {
    eio::options o;
    o.ping_interval = 2s;
    o.ping_timeout = 3s;
    engineio_service service(o, 2);
    std::atomic<std::size_t> opened{0};
    service.on_connection([&](eio::connection) { ++opened; });
    std::uint16_t const port = service.port();
    std::ptrdiff_t const before = descriptors();
    std::size_t const storm = 500;
    std::vector<raw_client> last;
    for (int round = 0; round < 4; ++round) {
        std::vector<raw_client> now;
        now.reserve(storm);
        for (std::size_t i = 0; i < storm; ++i) {
            raw_client& c = now.emplace_back(port);
            switch (i % 4) {
                case 0:  // straight over WebSocket
                    c.send(support::handshake(websocket));
                    REQUIRE(c.until("000}").ends_with("000}"));
                    break;
                case 1:  // a poll that waits
                    c.send(get(polling + "&sid=" + open(c)));
                    break;
                case 2: {  // upgraded
                    raw_client first(port);
                    c.send(support::handshake(websocket + "&sid=" + open(first)));
                    c.send(support::client_text("2probe"));
                    REQUIRE(c.until("3probe").ends_with("3probe"));
                    c.send(support::client_text("5"));
                    break;
                }
                default:  // gone before it polls
                    open(c);
            }
            // while these come, those of the last round go
            if (!last.empty()) {
                if (i % 2 == 0) last.back().reset();
                last.pop_back();
            }
        }
        last = std::move(now);
    }
    last.clear();
    CHECK(becomes([&] { return opened == 4 * storm; }));
    CHECK(becomes([&] { return service.server().size() == 0; }));
    CHECK(becomes([&] { return service.note_count() == 4 * storm; }));
    CHECK(left_at_most(before));
}

TEST_CASE("ten thousand idle sessions are held, and all of them reached") {
    eio::options o;
    o.ping_interval = 300s;
    engineio_service service(o, 2);
    std::atomic<std::size_t> received{0};
    service.on_connection(
        [&](eio::connection c) { c.on_message([&](std::string_view) { ++received; }); });
    std::uint16_t const port = service.port();
    std::size_t const all = 10'000;
    std::size_t const sockets = 1'000;

    raw_client poller(port);
    std::vector<std::string> sids;
    for (std::size_t i = sockets; i < all; ++i) sids.push_back(open(poller));
    std::vector<raw_client> clients;
    for (std::size_t i = 0; i < sockets; ++i) {
        clients.emplace_back(port);
        clients.back().send(support::handshake(websocket));
        REQUIRE(clients.back().until("000}").ends_with("000}"));
    }
    CHECK(service.server().size() == all);
    CHECK(service.note_count() == 0);

    std::size_t posts = 0;
    for (std::size_t i = 0; i < sids.size(); i += 100, ++posts) {
        poller.send(post(polling + "&sid=" + sids[i], "4still here"));
        REQUIRE(poller.until("ok").ends_with("ok"));
    }
    for (raw_client& c : clients) c.send(support::client_text("4still here"));
    CHECK(becomes([&] { return received == posts + sockets; }));

    service.server().broadcast(eio::prepared_message("news"));
    for (raw_client& c : clients) REQUIRE(c.until("4news").ends_with("4news"));
    for (std::string const& sid : sids) {
        poller.send(get(polling + "&sid=" + sid));
        REQUIRE(poller.until("4news").ends_with("4news"));
    }
    service.server().drain();
    CHECK(becomes([&] { return service.note_count() >= sockets; }));
}

TEST_CASE("a thousand upgrades that are left half-finished leave no session and no descriptor") {
    eio::options o;
    o.ping_interval = 2s;
    o.ping_timeout = 3s;
    o.upgrade_timeout = 1s;
    engineio_service service(o, 2);
    std::uint16_t const port = service.port();
    std::ptrdiff_t const before = descriptors();
    {
        raw_client poller(port);
        std::vector<raw_client> probes;
        for (std::size_t i = 0; i < 1'000; ++i) {
            std::string const sid = open(poller);
            raw_client& c = probes.emplace_back(port);
            c.send(support::handshake(websocket + "&sid=" + sid));
            // without a probe, with one, and with one that goes
            if (i % 3 == 0) continue;
            c.send(support::client_text("2probe"));
            REQUIRE(c.until("3probe").ends_with("3probe"));
            if (i % 3 == 1) c.reset();
        }
        CHECK(becomes([&] { return service.server().size() == 0; }));
        CHECK(becomes([&] { return service.note_count() >= 1'000; }));
        CHECK(service.note_count() == 1'000);
    }
    CHECK(left_at_most(before));
}
