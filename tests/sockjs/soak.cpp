// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Many sessions: what is aborted leaves nothing, and what is idle is held.
*/

#include <httphooks/sockjs/server.hpp>

#include "support/catch.hpp"
#include "support/raw_client.hpp"
#include "support/sockjs_services.hpp"
#include "support/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
namespace sockjs = httphooks::sockjs;
using support::raw_client;

namespace {

std::string post(std::string const& target, std::string_view body = {}) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

/// How many descriptors this process has open.
std::ptrdiff_t descriptors() {
    std::filesystem::path const all = "/proc/self/fd";
    if (!std::filesystem::exists(all)) return 0;
    return std::distance(std::filesystem::directory_iterator(all),
                         std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("A thousand aborted streams leave no session and no descriptor") {
    support::sockjs_services services(2);
    support::tally opened, closed;
    sockjs::server& server =
        services.add(support::service_options("/soak"), [&](sockjs::connection c) {
            opened.add();
            c.on_close([&](sockjs::close_code, std::string_view) { closed.add(); });
        });
    std::uint16_t const port = services.port();
    std::ptrdiff_t const before = descriptors();
    for (int i = 0; i < 1000; ++i) {
        raw_client c(port);
        c.send(post("/soak/0/" + std::to_string(i) + "/xhr_streaming"));
        REQUIRE(c.until("\no\n").find("\no\n") != std::string::npos);
        if (i % 2 == 0) c.reset();
    }
    CHECK(opened.reaches(1000));
    CHECK(closed.reaches(1000));
    CHECK(server.size() == 0);
    auto const cut = services.drain(std::chrono::seconds(10));
    CHECK(cut.connections == 0);
    CHECK(descriptors() <= before);
}

TEST_CASE("Ten thousand idle sessions are held, and can all be reached") {
    support::sockjs_services services(2);
    support::tally opened, closed, received;
    sockjs::options o = support::service_options("/soak");
    o.disconnect_delay = std::chrono::minutes(5);
    sockjs::server& server = services.add(o, [&](sockjs::connection c) {
        opened.add();
        c.on_message([&](std::string_view) { received.add(); });
        c.on_close([&](sockjs::close_code, std::string_view) { closed.add(); });
    });
    std::uint16_t const port = services.port();
    std::size_t const polling = 9'000;
    std::size_t const all = 10'000;

    raw_client poller(port);
    for (std::size_t i = 0; i < polling; ++i) {
        poller.send(post("/soak/0/" + std::to_string(i) + "/xhr"));
        REQUIRE(poller.until("o\n").ends_with("o\n"));
    }
    std::vector<raw_client> sockets;
    for (std::size_t i = polling; i < all; ++i) {
        sockets.emplace_back(port);
        sockets.back().send(support::handshake("/soak/0/" + std::to_string(i) + "/websocket"));
        REQUIRE(sockets.back().until("\x81\x01o").ends_with("\x81\x01o"));
    }
    CHECK(opened.reaches(all));
    CHECK(closed.count() == 0);
    CHECK(server.size() == all);

    for (std::size_t i = 0; i < polling; i += 100) {
        poller.send(post("/soak/0/" + std::to_string(i) + "/xhr_send", R"(["still here"])"));
        REQUIRE(poller.until("\r\n\r\n").starts_with("HTTP/1.1 204"));
    }
    for (raw_client& s : sockets) s.send(support::client_text(R"(["still here"])"));
    CHECK(received.reaches(polling / 100 + sockets.size()));

    server.broadcast("news");
    for (raw_client& s : sockets) REQUIRE(s.until(R"(["news"])").ends_with(R"(["news"])"));
    poller.send(post("/soak/0/0/xhr"));
    CHECK(poller.until("\"]\n").ends_with("a[\"news\"]\n"));

    sockets.clear();
    services.drain(std::chrono::seconds(10));
    CHECK(closed.reaches(all));
    CHECK(server.size() == 0);
}
