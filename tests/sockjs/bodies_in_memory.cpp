// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What SockJS keeps of messages, in a server with a budget for bodies.
*/

#include <httphooks/sockjs/server.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket_peer.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using support::eventually;
using support::sockjs_services;
using support::websocket_peer;

namespace {

constexpr std::size_t counted_kib = 1024;

}  // namespace

TEST_CASE("messages of SockJS come whole within a server's budget, posted or over WebSocket") {
    for (unsigned const threads : {1u, 3u}) {
        sockjs_services s(threads, 256 * counted_kib);
        httphooks::sockjs::options o = support::service_options("/sizes");
        o.message_limit = 1'000'000;
        s.add(o, [](httphooks::sockjs::connection c) {
            c.on_message([c](std::string_view m) mutable { c.send(std::to_string(m.size())); });
        });
        constexpr std::size_t clients = 12;
        std::string const message = "[\"" + std::string(200 * counted_kib, 'x') + "\"]";
        std::vector<std::string> answers(clients);
        std::vector<std::thread> all;
        auto const port = s.port();
        for (std::size_t i = 0; i < clients; ++i)
            all.emplace_back([&, i] {
                std::string const session = "/sizes/000/s" + std::to_string(i);
                if (i % 2 == 0) {
                    websocket_peer c(port, session + "/websocket");
                    c.text();
                    c.send(message);
                    answers[i] = c.text();
                    return;
                }
                support::http_peer poll(port);
                support::http_peer post(port);
                poll.ask("POST", session + "/xhr");
                post.ask("POST", session + "/xhr_send", {}, message);
                answers[i] = poll.ask("POST", session + "/xhr").body;
            });
        for (auto& t : all) t.join();
        for (auto const& answer : answers) CHECK(answer.find("\"204800\"") != answer.npos);
        CHECK(eventually([&] { return s.web().counters()->body_bytes() == 0; }));
        auto const& counters = *s.web().counters();
        CHECK(counters.paused_bodies() == 0);
        CHECK(counters.peak_body_bytes() >= 200 * counted_kib);
        CHECK(counters.peak_body_bytes() <= (256 + 208 + clients * 8 + threads * 64) * counted_kib);
    }
}
