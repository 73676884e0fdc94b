// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/memory_adapter.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;

namespace {

/// Says how many servers and clients there are when it is asked to.
class late_adapter : public sio::memory_adapter {
public:
    late_adapter(sio::adapter_context& c, sio::options const& o, asio::io_context* answers)
        : sio::memory_adapter(c, o), answers_(answers) {}

    void server_count(std::function<void(hh::error_code, std::size_t)> done) {
        asio::post(*answers_, [done] { done({}, 1); });
    }
    void broadcast_with_ack(sio::packet_data, std::uint64_t, sio::broadcast_options const&,
                            sio::client_count_handler count, std::function<void(nlohmann::json)>) {
        asio::post(*answers_, [count] { count(0); });
    }

private:
    asio::io_context* answers_;
};

/// Lets clients join rooms, and answer "done" to see that nothing came before.
void serve(socketio_service& s) {
    s.io().on_connection([](sio::socket k) {
        k.on("join", [k](std::vector<std::string> rooms) { return k.join(rooms); });
        k.on("others", [k] { k.broadcast().emit("b", 2); });
        k.on("others in", [k](std::string room) { k.to(room).emit("b", 3); });
        k.on("mark", [k] { k.emit("mark"); });
    });
}

struct three {
    explicit three(socketio_service& s) : a(s), b(s), c(s) {
        ids = {a.join(), b.join(), c.join()};
        CHECK(a.ask("20[\"join\",[\"all\",\"ab\",\"a\"]]") == "30[true]");
        CHECK(b.ask("20[\"join\",[\"all\",\"ab\",\"bc\"]]") == "30[true]");
        CHECK(c.ask("20[\"join\",[\"all\",\"bc\"]]") == "30[true]");
    }
    /// Which of them got an event, once.
    std::string who(std::string const& packet = "2[\"b\",1]") {
        std::string got;
        for (auto* const p : {&a, &b, &c}) {
            p->send("2[\"mark\"]");
            std::string next = p->get();
            if (next == packet) {
                got.push_back(p == &a ? 'a' : p == &b ? 'b' : 'c');
                next = p->get();
            }
            CHECK(next == "2[\"mark\"]");
        }
        return got;
    }

    socketio_peer a, b, c;
    std::vector<std::string> ids{};
};

}  // namespace

TEST_CASE("a broadcast goes once to each socket that is meant") {
    unsigned const threads = GENERATE(1u, 3u);
    socketio_service s({}, threads);
    serve(s);
    three t(s);
    auto const& io = s.io();
    io.emit("b", 1);
    CHECK(t.who() == "abc");
    io.to("ab").emit("b", 1);
    CHECK(t.who() == "ab");
    io.to("ab").to("bc").emit("b", 1);
    CHECK(t.who() == "abc");
    io.in("ab", "all").emit("b", 1);
    CHECK(t.who() == "abc");
    io.to(std::vector<std::string>{"a", "bc"}).emit("b", 1);
    CHECK(t.who() == "abc");
    io.to("all").except("ab").emit("b", 1);
    CHECK(t.who() == "c");
    io.except("bc").emit("b", 1);
    CHECK(t.who() == "a");
    io.except(t.ids[1]).emit("b", 1);
    CHECK(t.who() == "ac");
    io.to(t.ids[2]).emit("b", 1);
    CHECK(t.who() == "c");
    io.to("nobody").emit("b", 1);
    CHECK(t.who().empty());
    io.to("all").local().compress(false).emit("b", 1);
    CHECK(t.who() == "abc");
    t.a.send("2[\"others\"]");
    t.a.send("2[\"mark\"]");
    CHECK(t.a.get() == "2[\"mark\"]");
    CHECK(t.b.get() == "2[\"b\",2]");
    CHECK(t.c.get() == "2[\"b\",2]");
    t.b.send("2[\"others in\",\"ab\"]");
    CHECK(t.a.get() == "2[\"b\",3]");
    CHECK(t.who().empty());
}

TEST_CASE("an operator is not changed by what it gives") {
    socketio_service s;
    serve(s);
    three t(s);
    auto const ab = s.io().to("ab");
    auto const without = ab.except("a");
    auto const more = ab.to("bc").volatile_().timeout(1s);
    CHECK(ab.options().rooms.size() == 1);
    CHECK(ab.options().except.empty());
    CHECK_FALSE(ab.options().flags.timeout);
    without.emit("b", 1);
    CHECK(t.who() == "b");
    ab.emit("b", 1);
    CHECK(t.who() == "ab");
    CHECK(more.options().flags.volatile_);
}

TEST_CASE("bytes of a broadcast stay together") {
    socketio_service s;
    serve(s);
    three t(s);
    s.io().to("all").emit("b", sio::bytes{"x"});
    s.io().to("all").emit("n");
    for (auto* const p : {&t.a, &t.b, &t.c}) {
        CHECK(p->get() == "51-[\"b\",{\"_placeholder\":true,\"num\":0}]");
        CHECK(p->get() == "x");
        CHECK(p->get() == "2[\"n\"]");
    }
}

TEST_CASE("a volatile broadcast reaches those who can take it at once") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.on("go", [&s, k] {
            k.emit("n", 1);
            s.io().volatile_().emit("v", 2);
        });
    });
    socketio_peer a(s);
    socketio_peer b(s);
    a.join();
    b.join();
    CHECK(a.ask("2[\"go\"]") == "2[\"n\",1]");
    CHECK(b.get() == "2[\"v\",2]");
    CHECK(a.ask("2[\"go\"]") == "2[\"n\",1]");
}

TEST_CASE("the acknowledgements of a broadcast are gathered") {
    socketio_service s({}, 2);
    serve(s);
    three t(s);
    SECTION("all of them") {
        s.io().to("ab").timeout(10s).emit(
            "q", 1, [&s](hh::error_code ec, std::vector<nlohmann::json> all) {
                std::sort(all.begin(), all.end());
                s.note(ec ? ec.message() : nlohmann::json(all).dump());
            });
        for (auto* const p : {&t.a, &t.b}) CHECK(p->get().ends_with("[\"q\",1]"));
        t.a.send("30[\"x\",2]");
        t.b.send("30[5]");
        CHECK(s.next_note() == "[5,\"x\"]");
    }
    SECTION("those that came in time") {
        s.io().to("ab").timeout(1s).async_emit_with_ack(
            "q", [&s](hh::error_code ec, std::vector<nlohmann::json> all) {
                s.note(ec.message() + ' ' + nlohmann::json(all).dump());
            });
        CHECK(t.a.get() == "20[\"q\"]");
        t.a.send("30[5]");
        CHECK(s.next_note() == "operation has timed out [5]");
    }
    SECTION("those that came in time, though the others are gone") {
        s.io().to("ab").timeout(1s).emit(
            "q", [&s](hh::error_code ec, std::vector<nlohmann::json> all) {
                s.note(ec.message() + ' ' + nlohmann::json(all).dump());
            });
        CHECK(t.a.get() == "20[\"q\"]");
        t.a.send("30[5]");
        t.b.send("1");
        CHECK(s.next_note() == "operation has timed out [5]");
    }
    SECTION("of nobody there are none") {
        CHECK(s.io().to("nobody").async_emit_with_ack("q", asio::use_future).get().empty());
    }
}

TEST_CASE("acknowledgements are waited for until it is known how many there will be") {
    sio::options o;
    asio::io_context answers;
    o.adapter = sio::make_adapter_factory<late_adapter>(o, &answers);
    socketio_service s(o);
    std::atomic<int> told{0};
    s.io().of("/").emit("q", [&](hh::error_code ec, std::vector<nlohmann::json> const& all) {
        CHECK(!ec);
        CHECK(all.empty());
        ++told;
    });
    CHECK(told == 0);
    CHECK(answers.run_one_for(10s) == 1);
    CHECK(told == 0);
    CHECK(answers.run_one_for(10s) == 1);
    CHECK(told == 1);
}

TEST_CASE("a function that throws when it has the acknowledgements costs nobody else") {
    socketio_service s;
    serve(s);
    s.io().on_error([&s](std::exception_ptr) { s.note("error"); });
    three t(s);
    s.io().to("a").timeout(20ms).emit("q", [](hh::error_code, std::vector<nlohmann::json> const&) {
        throw std::runtime_error("late");
    });
    s.io().to(t.ids[1]).emit("q", [](hh::error_code, std::vector<nlohmann::json> const&) {
        throw std::runtime_error("in time");
    });
    CHECK(t.a.get() == "20[\"q\"]");
    CHECK(t.b.get() == "21[\"q\"]");
    CHECK(s.next_note() == "error");
    t.b.send("31[1]");
    CHECK(s.next_note() == "error");
    s.io().emit("b", 1);
    CHECK(t.who() == "abc");
}

TEST_CASE("an event loop does not wait for a broadcast that nobody gets") {
    asio::io_context context;
    sio::server const io(context.get_executor());
    auto const timeout = GENERATE(std::chrono::milliseconds(1h), std::chrono::milliseconds::max());
    bool told = false;
    io.to("nobody").timeout(timeout).emit(
        "q", [&](hh::error_code ec, std::vector<nlohmann::json> const&) { told = !ec; });
    CHECK(told);
    context.run_for(10s);
    CHECK(context.stopped());
}

TEST_CASE("sockets are told of, made to join and leave, and disconnected") {
    socketio_service s({}, 2);
    serve(s);
    s.io().of("/").on_connection([](sio::socket k) { k.data()["n"] = 1; });
    three t(s);
    auto const all = s.io().all().async_fetch_sockets(asio::use_future).get();
    REQUIRE(all.size() == 3);
    auto const some = s.io().to("ab").except("a").async_fetch_sockets(asio::use_future).get();
    REQUIRE(some.size() == 1);
    CHECK(some[0].id() == t.ids[1]);
    CHECK(some[0].rooms() == std::vector<std::string>{t.ids[1], "all", "ab", "bc"});
    CHECK(some[0].data() == nlohmann::json{{"n", 1}});
    CHECK(some[0].handshake()["address"] == "127.0.0.1");
    auto const again = s.io().to("ab").except("a").async_fetch_sockets(asio::use_future).get();
    REQUIRE(again.size() == 1);
    CHECK(again[0].handshake() == some[0].handshake());
    some[0].emit("b", 1);
    CHECK(t.who() == "b");
    some[0].join("x");
    s.io().to("x").emit("b", 1);
    CHECK(t.who() == "b");
    some[0].leave("x");
    s.io().to("x").emit("b", 1);
    CHECK(t.who().empty());
    s.io().in("all").sockets_join("y", std::vector<std::string>{"z"});
    s.io().to("z").emit("b", 1);
    CHECK(t.who() == "abc");
    s.io().in("a").sockets_leave("y");
    s.io().to("y").emit("b", 1);
    CHECK(t.who() == "bc");
    some[0].disconnect();
    CHECK(t.b.get() == "1");
    s.io().in("bc").disconnect_sockets(true);
    CHECK(t.c.get() == "1");
    CHECK(t.c.get() == "<end>");
    CHECK(eventually([&] { return s.io().of("/").size() == 1; }));
}

TEST_CASE("broadcasts, joins and departures on many threads do not disturb each other") {
    sio::options o;
    bool const recovers = GENERATE(false, true);
    if (recovers) o.recovery.emplace();
    socketio_service s(o, 4);
    s.io().on_connection([&s](sio::socket k) {
        k.join("room");
        k.on("go", [&s, k](int n) {
            for (int i = 0; i < n; ++i) {
                k.leave("room");
                k.join("room");
                s.io().to("room").except(k.id()).emit("e", i);
                k.broadcast().emit("f", i);
            }
        });
        k.on("done", [] { return true; });
    });
    std::vector<socketio_peer> peers;
    for (int i = 0; i < 8; ++i) peers.emplace_back(s);
    for (auto& p : peers) CHECK(p.join().size() == 20);
    std::thread foreign([&] {
        for (int i = 0; i < 100; ++i) {
            s.io().to("room").emit("g", i);
            s.io().in("room").sockets_join("other");
            s.io().in("other").sockets_leave("other");
            s.io().of("/").size();
        }
    });
    std::vector<std::thread> clients;
    std::atomic<int> finished{0};
    for (auto& p : peers)
        clients.emplace_back([&finished, &p] {
            p.send("2[\"go\",50]");
            p.send("29[\"done\"]");
            // the events of others come in their order
            for (int i = 0; i < 10'000; ++i) {
                std::string const next = p.get();
                if (next == "39[true]") {
                    ++finished;
                    return;
                }
                if (next == "<end>") return;
            }
        });
    for (auto& c : clients) c.join();
    foreign.join();
    CHECK(finished == 8);
    for (int i = 0; i < 4; ++i) peers.pop_back();
    CHECK(eventually([&] { return s.io().of("/").size() == 4; }));
}
