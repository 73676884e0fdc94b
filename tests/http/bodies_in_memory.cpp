// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The budget of a server for bodies of requests: who waits, who is next, what counts.
*/

#include <httphooks/http/server.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/request_body.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/memory_server.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/detached.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using support::eventually;
using support::memory_client;
using support::memory_server;
using support::raw_client;
using support::read_end;
using support::take;

namespace {

constexpr std::size_t kib = 1024;

hh::http::options budget_options(std::uint64_t budget) {
    hh::http::options o;
    o.address = "127.0.0.1";
    o.bodies_in_memory = budget;
    return o;
}

std::string post_head(std::string_view path, std::uint64_t size, std::string_view more = {}) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n" +
           std::string(more) + "\r\n";
}

/// What POST /size and POST /park answer.
std::string size_of(hh::request const& r) {
    return std::to_string(r.body().size()) + " bytes";
}

/// A server whose POST /park holds a body until release().
struct budget_server {
    hh::registry hooks{};
    hh::http::server web;

    explicit budget_server(hh::http::options const& o) : web(o, hooks) {
        hooks.post("/size", [](auto& c) { return hh::text(size_of(c.request())); });
        hooks.post("/park", [this](hh::responder_context& c, hh::hook_done done) {
            std::lock_guard const lock(mutex_);
            parked_.push_back([&c, done] {
                c.set_response(hh::text(size_of(c.request())));
                done();
            });
        });
        hooks.get("/hello", [](auto&) { return hh::text("hello"); });
        web.listen();
        web.async_run(asio::detached);
    }
    ~budget_server() {
        release();
        web.stop();
    }

    std::size_t parked() {
        std::lock_guard const lock(mutex_);
        return parked_.size();
    }
    void release() {
        std::vector<std::function<void()>> all;
        {
            std::lock_guard const lock(mutex_);
            all.swap(parked_);
        }
        for (auto const& f : all) f();
    }
    hh::server_counters const& counters() const { return *web.counters(); }
    /// Has a client whose body takes the whole budget.
    raw_client fill(std::size_t bytes) {
        raw_client c(web.port());
        REQUIRE(c.send(post_head("/park", bytes) + std::string(bytes, 'p')));
        REQUIRE(eventually([&] { return parked() == 1; }));
        return c;
    }

private:
    std::mutex mutex_{};
    std::vector<std::function<void()>> parked_{};
};

/// The same on memory, where nothing happens by itself.
struct small_server : memory_server {
    explicit small_server(std::uint64_t budget, hh::http::options const& o = {})
        : memory_server(o) {
        settings->bodies = std::make_shared<hh::detail::body_budget>(budget, settings->counters);
        registry.post("/size", [](auto& c) { return hh::text(size_of(c.request())); });
        registry.post("/park", [this](hh::responder_context& c, hh::hook_done done) {
            parked.push_back([&c, done] {
                c.set_response(hh::text(size_of(c.request())));
                done();
            });
        });
        registry.get("/hello", [](auto&) { return hh::text("hello"); });
    }
    ~small_server() { parked.clear(); }

    void release() {
        for (auto const& f : std::exchange(parked, {})) f();
        run();
    }
    void send(memory_client& c, std::string_view bytes) {
        c.send(bytes);
        run();
    }
    /// A client whose body takes all of a budget of 64 KiB.
    memory_client fill() {
        memory_client c = connect();
        send(c, post_head("/park", 64 * kib) + std::string(64 * kib, 'p'));
        CHECK(parked.size() == 1);
        return c;
    }
    std::uint64_t bytes() const { return settings->counters->body_bytes(); }
    std::uint64_t paused() const { return settings->counters->paused_bodies(); }

    std::vector<std::function<void()>> parked{};
};

bool has_answer(memory_client& c, std::string_view with) {
    return take(c).find(with) != std::string::npos;
}

}  // namespace

TEST_CASE("64 uploads of half a budget at once are all answered within the budget") {
    hh::http::options o = budget_options(1024 * kib);
    o.threads = 3;
    budget_server s(o);
    raw_client first = s.fill(1024 * kib);
    constexpr std::size_t size = 512 * kib;
    constexpr int clients = 64;
    std::atomic<int> good{0};
    std::vector<std::thread> all;
    for (int i = 0; i < clients; ++i)
        all.emplace_back([&] {
            raw_client c(s.web.port());
            bool const sent = c.send(post_head("/size", size)) && c.send(std::string(size, 'x'));
            if (sent && c.until("bytes").ends_with("\r\n\r\n524288 bytes")) ++good;
        });
    // one of them goes on beyond the budget, perhaps to its end
    bool const paused = eventually(
        [&] { return s.counters().paused_bodies() + static_cast<std::size_t>(good) >= clients; });
    std::uint64_t const waited = s.counters().paused_bodies();
    s.release();
    for (auto& t : all) t.join();
    CHECK(paused);
    CHECK(waited <= clients);
    CHECK(good == clients);
    CHECK(first.until("bytes").ends_with("1048576 bytes"));
    CHECK(eventually([&] { return s.counters().body_bytes() == 0; }));
    CHECK(s.counters().paused_bodies() == 0);
    CHECK(s.counters().peak_body_bytes() > 1024 * kib);
    CHECK(s.counters().peak_body_bytes() <= (1024 + 512 + clients * 8 + 3 * 64) * kib);
}

TEST_CASE("whoever has begun first is read on first") {
    small_server s(64 * kib);
    std::string order;
    s.registry.post("/order", [&](auto& c) {
        order += c.request().body().front();
        return hh::text(size_of(c.request()));
    });
    memory_client full = s.fill();
    std::vector<memory_client> clients;
    for (char const c : {'a', 'b', 'c', 'd', 'e'}) {
        clients.push_back(s.connect());
        s.send(clients.back(), post_head("/order", 12 * kib) + c);
    }
    CHECK(s.paused() == 4);  // the first goes on although there is no room
    for (std::size_t i = 5; i-- > 1;) s.send(clients[i], std::string(12 * kib - 1, 'x'));
    CHECK(s.paused() == 4);
    CHECK(s.bytes() == 72 * kib + 5);
    s.release();
    CHECK(order == "bcde");
    s.send(clients[0], std::string(12 * kib - 1, 'x'));
    CHECK(order == "bcdea");
    for (auto& c : clients) CHECK(has_answer(c, "12288 bytes"));
    CHECK(has_answer(full, "65536 bytes"));
    CHECK(s.bytes() == 0);
    CHECK(s.paused() == 0);
}

TEST_CASE("small requests and those without a body are served while others wait for room") {
    small_server s(64 * kib);
    memory_client const full = s.fill();
    memory_client ahead = s.connect();
    s.send(ahead, post_head("/size", 60 * kib) + "x");
    memory_client waiting = s.connect();
    s.send(waiting, post_head("/size", 60 * kib) + "x");
    CHECK(s.paused() == 1);
    memory_client c = s.connect();
    s.send(c, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(has_answer(c, "hello"));
    s.send(c, post_head("/size", 4 * kib) + std::string(4 * kib, 'x'));
    CHECK(has_answer(c, "4096 bytes"));
}

TEST_CASE(
    "a body that is larger than the budget passes, one that is larger than its limit does not") {
    hh::http::options o;
    o.body_limit = 300 * kib;
    small_server s(10 * kib, o);
    memory_client c = s.connect();
    s.send(c, post_head("/size", 300 * kib) + std::string(300 * kib, 'x'));
    CHECK(has_answer(c, "307200 bytes"));
    s.send(c, post_head("/size", 300 * kib + 1));
    CHECK(take(c).starts_with("HTTP/1.1 413 "));
    memory_client chunked = s.connect();
    s.send(chunked, "POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 10; ++i) s.send(chunked, "8000\r\n" + std::string(32 * kib, 'x') + "\r\n");
    CHECK(take(chunked).starts_with("HTTP/1.1 413 "));
    CHECK(s.bytes() == 0);
    CHECK(s.settings->counters->peak_body_bytes() <= 308 * kib);
}

TEST_CASE("two bodies that are larger than the budget each come one after the other") {
    small_server s(64 * kib);
    std::array<memory_client, 2> c{s.connect(), s.connect()};
    for (auto& one : c) s.send(one, post_head("/size", 200 * kib) + std::string(40 * kib, 'x'));
    for (int i = 0; i < 4; ++i)
        for (auto& one : c) s.send(one, std::string(40 * kib, 'x'));
    for (auto& one : c) CHECK(has_answer(one, "204800 bytes"));
    CHECK(s.bytes() == 0);
    CHECK(s.settings->counters->peak_body_bytes() <= (64 + 200 + 16) * kib);
}

TEST_CASE("the time that a client waits for room is not held against it") {
    hh::http::options o;
    o.handler_timeout = 3600s;
    small_server s(64 * kib, o);
    memory_client const full = s.fill();
    memory_client ahead = s.connect();
    s.send(ahead, post_head("/park", 60 * kib) + std::string(60 * kib, 'x'));
    CHECK(s.parked.size() == 2);
    memory_client c = s.connect();
    s.send(c, post_head("/size", 20 * kib) + "x");
    CHECK(s.paused() == 1);
    s.pass(5s);
    for (int i = 0; i < 20; ++i) s.pass(60s);
    CHECK_FALSE(c.ended());
    s.release();
    CHECK(s.paused() == 0);
    SECTION("it has as much left as before") {
        s.pass(10s);
        CHECK_FALSE(c.ended());
        s.send(c, std::string(20 * kib - 1, 'x'));
        CHECK(has_answer(c, "20480 bytes"));
    }
    SECTION("and no more") {
        s.pass(31s);
        CHECK(take(c).starts_with("HTTP/1.1 408 "));
        CHECK(s.bytes() == 0);
    }
}

TEST_CASE("clients that are too slow do not keep others waiting for ever") {
    small_server s(64 * kib);
    std::vector<memory_client> slow;
    for (int i = 0; i < 6; ++i) {
        slow.push_back(s.connect());
        s.send(slow.back(), post_head("/size", 500 * kib) + std::string(20 * kib, 'x'));
    }
    memory_client c = s.connect();
    s.send(c, post_head("/size", 20 * kib) + std::string(20 * kib, 'x'));
    std::uint64_t const paused = s.paused();
    CHECK(paused > 2);
    CHECK(take(c).empty());
    int ended = 0;
    for (int i = 0; i < 6 && !has_answer(c, "20480 bytes"); ++i) s.pass(31s);
    for (auto& one : slow) ended += take(one).starts_with("HTTP/1.1 408 ");
    CHECK(ended > 0);
    for (int i = 0; i < 6; ++i) s.pass(31s);
    for (auto& one : slow) ended += take(one).starts_with("HTTP/1.1 408 ");
    CHECK(ended == 6);
    CHECK(s.bytes() == 0);
}

TEST_CASE("a client that leaves while it waits for room is forgotten when it is its turn") {
    small_server s(64 * kib);
    memory_client const full = s.fill();
    memory_client ahead = s.connect();
    s.send(ahead, post_head("/park", 60 * kib) + std::string(60 * kib, 'x'));
    std::array<memory_client, 2> gone{s.connect(), s.connect()};
    for (auto& one : gone) s.send(one, post_head("/size", 60 * kib) + "x");
    memory_client c = s.connect();
    s.send(c, post_head("/size", 60 * kib) + "x");
    CHECK(s.paused() == 3);
    gone[0].finish();
    gone[1].reset();
    s.send(c, std::string(60 * kib - 1, 'x'));
    CHECK(take(c).empty());
    s.release();
    CHECK(has_answer(c, "61440 bytes"));
    CHECK(gone[0].ended());
    CHECK(gone[1].closed());
    CHECK(s.bytes() == 0);
    CHECK(s.paused() == 0);
}

TEST_CASE("a reset of a client that waits for room is noticed at once on a socket") {
    budget_server s(budget_options(64 * kib));
    raw_client const full = s.fill(64 * kib);
    raw_client ahead(s.web.port());
    REQUIRE(ahead.send(post_head("/size", 60 * kib) + "x"));
    REQUIRE(eventually([&] { return s.counters().body_bytes() > 64 * kib; }));
    raw_client gone(s.web.port());
    REQUIRE(gone.send(post_head("/size", 60 * kib) + "x"));
    REQUIRE(eventually([&] { return s.counters().paused_bodies() == 1; }));
    gone.reset();
    CHECK(eventually([&] { return s.counters().paused_bodies() == 0; }));
    CHECK(s.parked() == 1);
}

TEST_CASE("a server that shuts down answers what waits for room, if it gets some in time") {
    small_server s(64 * kib);
    memory_client full = s.fill();
    memory_client ahead = s.connect();
    s.send(ahead, post_head("/park", 60 * kib) + std::string(60 * kib, 'x'));
    memory_client c = s.connect();
    s.send(c, post_head("/size", 60 * kib) + "x");
    CHECK(s.paused() == 1);
    s.loop().drain([] {});
    s.run();
    SECTION("it does") {
        s.release();
        s.send(c, std::string(60 * kib - 1, 'x'));
        std::string const reply = take(c);
        CHECK(reply.find("61440 bytes") != reply.npos);
        CHECK(reply.find("Connection: close") != reply.npos);
    }
    SECTION("it does not") {
        s.parked.clear();
        s.loop().cut();
        s.run();
        CHECK(c.closed());
    }
    CHECK(s.bytes() == 0);
    CHECK(s.paused() == 0);
}

TEST_CASE("a request may wait for room behind others of its connection") {
    small_server s(64 * kib);
    memory_client c = s.connect();
    s.send(c, post_head("/park", 100 * kib) + std::string(100 * kib, 'p'));
    s.send(c, post_head("/size", 30 * kib) + "x");
    s.send(c, std::string(30 * kib - 1, 'x') + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(take(c).empty());
    CHECK(s.parked.size() == 1);
    CHECK(s.paused() == 1);
    s.release();
    std::string const replies = take(c);
    CHECK(replies.find("102400 bytes") < replies.find("30720 bytes"));
    CHECK(replies.find("30720 bytes") < replies.find("\r\n\r\nhello"));
    CHECK(replies.find("\r\n\r\nhello") != replies.npos);
    CHECK(s.bytes() == 0);
}

TEST_CASE("guards refuse before a body waits for room, and those that pass wait") {
    small_server s(64 * kib);
    s.registry.pre_responder(hh::verb::post, "/guarded/size",
                             [](auto& c) {
                                 if (c.request().contains("X-Key")) return c.pass();
                                 c.set_response(hh::status::unauthorized);
                             },
                             {.needs_body = false});
    s.registry.post("/guarded/size", [](auto& c) { return hh::text(size_of(c.request())); });
    memory_client const full = s.fill();
    memory_client ahead = s.connect();
    s.send(ahead, post_head("/park", 60 * kib) + std::string(60 * kib, 'x'));
    memory_client refused = s.connect();
    s.send(refused, post_head("/guarded/size", 60 * kib));
    CHECK(take(refused).starts_with("HTTP/1.1 401 "));
    memory_client passed = s.connect();
    s.send(passed, post_head("/guarded/size", 60 * kib, "X-Key: k\r\n") + "x");
    CHECK(s.paused() == 1);
    for (int i = 0; i < 20; ++i) s.pass(1s);
    CHECK(take(passed).empty());
    s.release();
    s.send(passed, std::string(60 * kib - 1, 'x'));
    CHECK(has_answer(passed, "61440 bytes"));
    CHECK(s.bytes() == 0);
}

TEST_CASE("a body counts as long as a hook has it, and holds nobody up once it is answered") {
    small_server s(64 * kib);
    std::vector<hh::hook_done> kept;
    s.registry.response_listener(hh::verb::post, "/kept", [&](auto&, hh::hook_done done) {
        kept.push_back(std::move(done));
    });
    s.registry.post("/kept", [](auto& c) { return hh::text(size_of(c.request())); });
    memory_client c = s.connect();
    s.send(c, post_head("/kept", 100 * kib) + std::string(100 * kib, 'x'));
    CHECK(has_answer(c, "102400 bytes"));
    CHECK(s.bytes() == 100 * kib);
    s.send(c, post_head("/size", 100 * kib) + std::string(100 * kib, 'x'));
    CHECK(has_answer(c, "102400 bytes"));
    CHECK(s.bytes() == 100 * kib);
    for (auto& done : std::exchange(kept, {})) done();
    s.run();
    CHECK(s.bytes() == 0);
}

TEST_CASE("of a body that a hook reads as a stream only counts what is buffered") {
    small_server s(1024 * kib);
    std::function<void()> read;
    std::string all;
    s.registry.post(
        "/stream",
        [&](hh::responder_context& c, hh::hook_done done) {
            read = [&, body = c.body(), done] {
                body.async_read_chunk([&, done](hh::error_code, std::string_view piece) {
                    all += piece;
                    if (!piece.empty()) return;
                    c.set_response(hh::text(std::to_string(all.size()) + " bytes"));
                    done();
                });
            };
        },
        {.body_limit = 0, .body = hh::body::stream});
    memory_client c = s.connect();
    s.send(c, post_head("/stream", 500 * kib) + "x");
    for (int i = 0; i < 10; ++i) {
        s.send(c, std::string(50 * kib - (i == 0 ? 1 : 0), 'x'));
        CHECK(s.bytes() <= 64 * kib);
    }
    for (int i = 0; i < 200 && take(c).empty(); ++i) {
        read();
        s.run();
        CHECK(s.bytes() <= 128 * kib);
    }
    CHECK(all.size() == 500 * kib);
    read = nullptr;
    CHECK(s.bytes() == 0);
    CHECK(s.settings->counters->peak_body_bytes() > 0);
}

TEST_CASE("a server without a budget counts nothing") {
    budget_server s(budget_options(0));
    raw_client c(s.web.port());
    REQUIRE(c.send(post_head("/size", 100 * kib) + std::string(100 * kib, 'x')));
    CHECK(c.until("bytes").ends_with("102400 bytes"));
    CHECK(s.counters().peak_body_bytes() == 0);
}
