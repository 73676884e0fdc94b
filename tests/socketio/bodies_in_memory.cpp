// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What Engine.IO and Socket.IO keep of messages, in a server with a budget for bodies.
*/

#include <httphooks/engineio/server.hpp>
#include <httphooks/socketio/server.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sio = httphooks::socketio;
namespace eio = httphooks::engineio;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;

namespace {

constexpr std::size_t counted_kib = 1024;

/// A service that answers the event "take" with how many bytes it had.
struct counting_service : socketio_service {
    explicit counting_service(std::uint64_t budget, unsigned threads = 1)
        : socketio_service(options(), threads, budget) {
        sio::server server = io();
        server.on_connection([](sio::socket s) {
            s.on("take", [s](std::string const& what, sio::bytes const& some) mutable {
                s.emit("taken", what.size() + some.data.size());
            });
        });
    }

    static sio::options options() {
        sio::options o;
        o.engine.max_payload = 1'000'000;
        return o;
    }
    httphooks::server_counters const& counters() { return *web().counters(); }
};

constexpr std::string_view take_header = R"(51-["take","",{"_placeholder":true,"num":0}])";

}  // namespace

TEST_CASE("attachments that wait for the rest of their packet count") {
    counting_service s(1024 * counted_kib);
    socketio_peer c(s);
    REQUIRE_FALSE(c.join().empty());
    c.send(R"(52-["take",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
    c.send_bytes(std::string(100 * counted_kib, 'x'));
    CHECK(eventually([&] { return s.counters().body_bytes() >= 100 * counted_kib; }));
    c.send_bytes("y");
    CHECK(eventually([&] { return s.counters().body_bytes() == 0; }));
}

TEST_CASE("attachments wait for room, and all packets come whole") {
    for (unsigned const threads : {1u, 3u}) {
        counting_service s(256 * counted_kib, threads);
        constexpr std::size_t clients = 12;
        std::vector<std::unique_ptr<socketio_peer>> peers;
        for (std::size_t i = 0; i < clients; ++i) {
            peers.push_back(std::make_unique<socketio_peer>(s));
            REQUIRE_FALSE(peers.back()->join().empty());
        }
        std::vector<std::string> answers(clients);
        std::vector<std::thread> all;
        for (std::size_t i = 0; i < clients; ++i)
            all.emplace_back([&, i] {
                peers[i]->send(take_header);
                peers[i]->send_bytes(std::string(200 * counted_kib, 'x'));
                answers[i] = peers[i]->get();
            });
        for (auto& t : all) t.join();
        for (auto const& answer : answers) CHECK(answer == R"(2["taken",204800])");
        CHECK(eventually([&] { return s.counters().body_bytes() == 0; }));
        CHECK(s.counters().paused_bodies() == 0);
        CHECK(s.counters().peak_body_bytes() > 0);
        CHECK(s.counters().peak_body_bytes() <=
              (256 + 400 + clients * 8 + threads * 64) * counted_kib);
    }
}

TEST_CASE("payloads of polls count until they are handed on") {
    counting_service s(1024 * counted_kib);
    support::socketio_poller c(s);
    CHECK(c.post("40") == "ok");
    std::string const payload = R"(451-["take","",{"_placeholder":true,"num":0}])" +
                                std::string(1, '\x1e') + "b" + std::string(400'000, 'A');
    CHECK(c.post(payload) == "ok");
    CHECK(eventually([&] { return s.counters().body_bytes() == 0; }));
    CHECK(s.counters().peak_body_bytes() >= 400'000);
}
