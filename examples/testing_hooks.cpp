// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Tests of hooks and of a Socket.IO handler: no port, no thread, no waiting. The time limit of
// thirty seconds and the answer that never comes take no time at all.

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/testing.hpp>
#include <httphooks/testing/socketio_client.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using namespace std::chrono_literals;

// what is tested --------------------------------------------------------------------------------
void add_hooks(hh::registry& hooks, std::optional<hh::hook_done>& job) {
    hooks.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name"), "!"); });
    // a job that is done elsewhere, and may take thirty seconds
    hooks.get("/report", [&job](auto&, hh::hook_done done) { job = std::move(done); },
              {.time_limit = 30s});
}

void add_chat(sio::server const& io) {
    io.of("/chat").on_connection([](sio::socket s) {
        s.on("say", [s](std::string text) { s.broadcast().emit("said", text); });
        s.on("leave", [s] {
            // the client may object for five seconds
            s.timeout(5s).emit("sure?", [s](hh::error_code ec, bool sure) {
                if (ec || sure) s.disconnect();
            });
        });
    });
}

// the tests -------------------------------------------------------------------------------------
bool passed = true;

void check(bool good, char const* what) {
    std::cout << (good ? "passed: " : "FAILED: ") << what << '\n';
    passed = passed && good;
}

int main() {
    hh::testing::clock clock;

    hh::registry hooks;
    std::optional<hh::hook_done> job;
    add_hooks(hooks, job);
    auto const hello = hh::testing::inject(hooks, hh::request(hh::verb::get, "/hello/Ann", 11));
    check(hello.body() == "Hello, Ann!", "a name is greeted");

    auto const report = hh::testing::start(hooks, hh::request(hh::verb::get, "/report", 11), clock);
    clock.advance(29s);
    check(!report.ready(), "a report may take 29 seconds");
    clock.advance(1s);
    check(report.get().result() == hh::status::gateway_timeout, "and not 30");

    sio::server io(clock.get_executor());
    add_chat(io);
    hh::testing::socketio_client ann(clock, io, {.nsp = "/chat"});
    hh::testing::socketio_client bob(clock, io, {.nsp = "/chat"});
    ann.emit("say", "hello");
    check(bob.receive()->text() == R"(["said","hello"])", "what one says the other hears");
    ann.emit("leave");
    ann.receive()->ack(false);
    check(ann.connected(), "who is not sure stays");
    bob.emit("leave");
    clock.advance(5s);
    check(!bob.connected(), "who does not answer is let go");
    return passed ? 0 : 1;
}
