// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/server.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/cluster_bus.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;
using support::cluster_bus;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;

namespace {

sio::options clustered(std::shared_ptr<cluster_bus> const& bus, sio::cluster_options o,
                       bool heartbeats) {
    sio::options all;
    all.adapter = bus->adapter(o, heartbeats);
    return all;
}

/// A server of a cluster, and what its clients ask of it.
struct cluster_node {
    cluster_node(std::shared_ptr<cluster_bus> const& bus, sio::cluster_options o, bool heartbeats,
                 unsigned threads = 1)
        : service(clustered(bus, o, heartbeats), threads) {
        io().of("/").on_server_side(
            "ping", [](sio::arguments const&, auto const& answer) { answer(true); });
        io().on_connection([](sio::socket s) {
            s.on("join", [s](std::string room) { return s.join(room); });
            s.on("mark", [] { return true; });
        });
        service.port();
    }

    sio::server const& io() { return service.io(); }
    std::pair<hh::error_code, std::vector<sio::remote_socket>> fetch(std::string const& room) {
        std::promise<std::pair<hh::error_code, std::vector<sio::remote_socket>>> got;
        io().in(room).async_fetch_sockets(
            [&](hh::error_code ec, std::vector<sio::remote_socket> all) {
                got.set_value({ec, std::move(all)});
            });
        return got.get_future().get();
    }
    std::pair<hh::error_code, std::vector<json>> poll(std::string const& event) {
        std::promise<std::pair<hh::error_code, std::vector<json>>> got;
        io().server_side_emit(event, [&](hh::error_code ec, std::vector<json> all) {
            got.set_value({ec, std::move(all)});
        });
        return got.get_future().get();
    }
    std::pair<hh::error_code, std::vector<json>> ask(std::string const& room,
                                                     std::chrono::milliseconds timeout) {
        std::promise<std::pair<hh::error_code, std::vector<json>>> got;
        io().to(room).timeout(timeout).emit("q", [&](hh::error_code ec, std::vector<json> all) {
            got.set_value({ec, std::move(all)});
        });
        return got.get_future().get();
    }

    socketio_service service;
};

/// Two servers that know each other.
struct two_nodes {
    explicit two_nodes(bool heartbeats, sio::cluster_options o = {}, unsigned threads = 1)
        : a(bus, o, heartbeats, threads), b(bus, o, heartbeats, threads) {
        for (auto* const each : {&a, &b})
            REQUIRE(eventually([&] { return each->poll("ping").second.size() == 1; }));
    }

    std::shared_ptr<cluster_bus> bus = std::make_shared<cluster_bus>();
    cluster_node a;
    cluster_node b;
};

/// A client that answers nothing by itself.
struct cluster_peer : socketio_peer {
    cluster_peer(cluster_node& n, std::string const& room) : socketio_peer(n.service) {
        id = join();
        CHECK(ask("20[\"join\",\"" + room + "\"]") == "30[true]");
    }
    /// The next event; empty: nothing has come before an answer that is waited for.
    std::string next_or_nothing() {
        send("29[\"mark\"]");
        std::string first = get();
        if (first == "39[true]") return {};
        CHECK(get() == "39[true]");
        return first;
    }
    std::string id{};
};

}  // namespace

TEST_CASE("events reach the clients of other servers, once") {
    bool const heartbeats = GENERATE(true, false);
    unsigned const threads = GENERATE(1u, 3u);
    two_nodes t(heartbeats, {}, threads);
    cluster_peer here(t.a, "r");
    cluster_peer there(t.b, "r");
    cluster_peer elsewhere(t.b, "s");
    t.a.io().emit("e", 1, "x", json{{"b", true}});
    for (auto* const each : {&here, &there, &elsewhere})
        CHECK(each->get() == R"(2["e",1,"x",{"b":true}])");
    t.a.io().to("r").emit("e", 2);
    CHECK(here.get() == R"(2["e",2])");
    CHECK(there.get() == R"(2["e",2])");
    t.a.io().except("r").emit("e", 3);
    CHECK(elsewhere.get() == R"(2["e",3])");
    t.b.io().to(here.id).emit("e", 4);
    CHECK(here.get() == R"(2["e",4])");
    t.a.io().local().emit("e", 5);
    CHECK(here.get() == R"(2["e",5])");
    t.a.io().to("r").except(here.id).emit("e", sio::bytes{"\x01\x02"});
    CHECK(there.get() == R"(51-["e",{"_placeholder":true,"num":0}])");
    CHECK(there.get() == "\x01\x02");
    for (auto* const each : {&here, &there, &elsewhere}) CHECK(each->next_or_nothing().empty());
}

TEST_CASE("servers tell each other what node's servers tell") {
    auto const bus = std::make_shared<cluster_bus>();
    std::optional<cluster_node> a(std::in_place, bus, sio::cluster_options{}, true);
    REQUIRE(eventually([&] { return bus->uids("/").size() == 1; }));
    std::string const end = R"(,"uid":")" + bus->uids("/").front() + R"(","nsp":"/"})";
    a->io().to("a", "b").except("c").volatile_().compress(false).emit("e", 1);
    a->io().in("a").sockets_join("x", "y");
    a->io().all().sockets_leave("x");
    a->io().to("a").disconnect_sockets(true);
    a->io().server_side_emit("note", 1);
    a->io().emit("bin", sio::bytes{"\x01"});
    a.reset();
    CHECK(bus->messages().front() == R"({"type":1)" + end);
    auto const all = bus->messages();
    REQUIRE(all.size() == 8);
    CHECK(all[1] ==
          R"({"type":3,"data":{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":["a","b"],)"
          R"("except":["c"],"flags":{"volatile":true,"compress":false}}})" +
              end);
    CHECK(all[2] == R"({"type":4,"data":{"opts":{"rooms":["a"],"except":[],"flags":{}},)"
                    R"("rooms":["x","y"]})" +
                        end);
    CHECK(all[3] == R"({"type":5,"data":{"opts":{"rooms":[],"except":[],"flags":{}},)"
                    R"("rooms":["x"]})" +
                        end);
    CHECK(all[4] == R"({"type":6,"data":{"opts":{"rooms":["a"],"except":[],"flags":{}},)"
                    R"("close":true})" +
                        end);
    CHECK(all[5] == R"({"type":9,"data":{"packet":["note",1]})" + end);
    CHECK(
        all[6].starts_with("\x84\xa4type\x03\xa4"
                           "data\x82\xa6packet\x82\xa4type\x02\xa4"
                           "data"
                           "\x92\xa3"
                           "bin\xc4\x01\x01\xa4opts\x83\xa5rooms\x90\xa6"
                           "except\x90"
                           "\xa5"
                           "flags\x80\xa3uid\xb0"));
    CHECK(all[7] == R"({"type":13)" + end);
}

TEST_CASE("sockets of other servers are described, moved and disconnected") {
    bool const heartbeats = GENERATE(true, false);
    two_nodes t(heartbeats);
    cluster_peer here(t.a, "r");
    cluster_peer there(t.b, "r");
    auto const [ec, all] = t.a.fetch("r");
    CHECK_FALSE(ec);
    REQUIRE(all.size() == 2);
    auto const& other = all[0].id() == there.id ? all[0] : all[1];
    CHECK(other.id() == there.id);
    CHECK(other.rooms() == std::vector<std::string>{there.id, "r"});
    CHECK(other.handshake().at("query").at("EIO") == "4");
    CHECK(other.data() == json::object());
    t.a.io().in("r").sockets_join("more");
    CHECK(eventually([&] { return t.b.fetch("more").second.size() == 2; }));
    t.a.io().in(there.id).sockets_leave("more");
    CHECK(eventually([&] { return t.b.fetch("more").second.size() == 1; }));
    t.a.io().in("r").local().sockets_leave("r");
    CHECK(t.b.fetch("r").second.size() == 1);
    t.a.io().in("r").disconnect_sockets();
    CHECK(there.get() == "1");
    CHECK(here.next_or_nothing().empty());
}

TEST_CASE("clients of all servers acknowledge") {
    bool const heartbeats = GENERATE(true, false);
    two_nodes t(heartbeats);
    cluster_peer here(t.a, "r");
    cluster_peer there(t.b, "r");
    auto asked = std::async(std::launch::async, [&] { return t.a.ask("r", 20s); });
    std::string const q = here.get();
    here.send("3" + q.substr(1, q.find('[') - 1) + "[1]");
    std::string const other = there.get();
    CHECK(other.ends_with(R"(["q"])"));
    there.send("3" + other.substr(1, other.find('[') - 1) + "[2]");
    auto got = asked.get();
    CHECK_FALSE(got.first);
    std::sort(got.second.begin(), got.second.end());
    CHECK(got.second == std::vector<json>{1, 2});
    CHECK(t.a.ask("nobody", 20s) == std::pair<hh::error_code, std::vector<json>>());
    auto const late = t.a.ask("r", 1ms);
    CHECK(late.first == sio::error::ack_timed_out);
    CHECK(late.second.empty());
}

TEST_CASE("servers ask each other") {
    bool const heartbeats = GENERATE(true, false);
    two_nodes t(heartbeats);
    auto const n = t.b.io().of("/");
    n.on_server_side("who", [](sio::arguments const&, auto const& answer) {
        answer("b");
        answer("again");
    });
    auto const [ec, values] = t.a.poll("who");
    CHECK_FALSE(ec);
    CHECK(values == std::vector<json>{"b"});
    CHECK(t.a.io().of("/other").name() == "/other");
    std::promise<std::vector<json>> none;
    t.a.io().of("/other").server_side_emit(
        "who", [&](hh::error_code, std::vector<json> all) { none.set_value(std::move(all)); });
    CHECK(none.get_future().get().empty());
}

TEST_CASE("a server that does not answer costs one time-out, until it answers again") {
    sio::cluster_options o;
    o.requests_timeout = 100ms;
    two_nodes t(false, o);
    cluster_peer here(t.a, "r");
    cluster_peer there(t.b, "r");
    t.bus->freeze(t.bus->uids("/").at(1));
    auto const first = t.a.fetch("r");
    CHECK(first.first == sio::error::servers_timed_out);
    CHECK(first.second.size() == 1);
    auto const second = t.a.fetch("r");
    CHECK_FALSE(second.first);
    CHECK(second.second.size() == 1);
    t.bus->thaw();
    CHECK(eventually([&] { return t.a.fetch("r").second.size() == 2; }));
}

TEST_CASE("a server without an answer to a question is not silent") {
    sio::cluster_options o;
    o.requests_timeout = 100ms;
    two_nodes t(false, o);
    cluster_peer there(t.b, "r");
    auto const [ec, values] = t.a.poll("nobody listens");
    CHECK(ec == sio::error::servers_timed_out);
    CHECK(values.empty());
    CHECK(t.a.fetch("r").second.size() == 1);
    t.bus->freeze(t.bus->uids("/").at(1));
    CHECK(t.a.poll("nobody hears").first == sio::error::servers_timed_out);
    CHECK_FALSE(t.a.fetch("r").first);
}

TEST_CASE("a server that is heard no more is waited for no more") {
    sio::cluster_options o;
    o.requests_timeout = 20s;
    o.heartbeat_interval = 50ms;
    o.heartbeat_timeout = 200ms;
    two_nodes t(true, o);
    cluster_peer here(t.a, "r");
    t.bus->freeze(t.bus->uids("/").at(0));
    CHECK(t.a.fetch("r").second.size() == 1);
    auto const [ec, all] = t.b.fetch("r");
    CHECK_FALSE(ec);
    CHECK(all.empty());
}

TEST_CASE("nobody waits for a server that goes, and what it has answered counts") {
    bool const heartbeats = GENERATE(true, false);
    bool const answers = GENERATE(true, false);
    sio::cluster_options o;
    o.requests_timeout = 60s;
    two_nodes t(heartbeats, o);
    std::optional<cluster_node> c(std::in_place, t.bus, o, heartbeats);
    REQUIRE(eventually([&] { return t.a.poll("ping").second.size() == 2; }));
    std::promise<std::function<void()>> b_asked;
    t.b.io().of("/").on_server_side("who", [&](sio::arguments const&, auto const& answer) {
        b_asked.set_value([answer] { answer("b"); });
    });
    std::promise<void> c_asked;
    c->io().of("/").on_server_side("who", [&](sio::arguments const&, auto const& answer) {
        if (answers) answer("c");
        c_asked.set_value();
    });
    auto asked = std::async(std::launch::async, [&] { return t.a.poll("who"); });
    auto const b_says = b_asked.get_future().get();
    c_asked.get_future().wait();
    std::size_t const counts = t.bus->counts();
    c->service.drain(10s);
    // who counts servers does so again
    CHECK((heartbeats || eventually([&] { return t.bus->counts() > counts; })));
    b_says();
    auto [ec, values] = asked.get();
    CHECK_FALSE(ec);
    std::vector<json> expected{"b"};
    if (answers) expected.insert(expected.begin(), "c");
    CHECK(values == expected);
}

TEST_CASE("without the others everything goes on, and what wants them fails at once") {
    bool const heartbeats = GENERATE(true, false);
    two_nodes t(heartbeats);
    cluster_peer here(t.a, "r");
    cluster_peer there(t.b, "r");
    t.bus->go_away();
    t.a.io().emit("e");
    CHECK(here.get() == R"(2["e"])");
    auto const [ec, all] = t.a.fetch("r");
    CHECK(ec == sio::error::servers_unreachable);
    REQUIRE(all.size() == 1);
    CHECK(all.front().id() == here.id);
    CHECK(t.a.poll("who").first == sio::error::servers_unreachable);
    auto asked = std::async(std::launch::async, [&] { return t.a.ask("r", 20s); });
    std::string const q = here.get();
    here.send("3" + q.substr(1, q.find('[') - 1) + "[1]");
    auto const answered = asked.get();
    CHECK(answered.first == sio::error::servers_unreachable);
    CHECK(answered.second == std::vector<json>{1});
    t.bus->go_away(false);
    CHECK(t.a.fetch("r").second.size() == 2);
}

TEST_CASE("what is no message of a server is dropped and counted, and no client hears of it") {
    two_nodes t(true);
    cluster_peer here(t.a, "r");
    std::string const uid = R"(,"uid":"x","nsp":"/"})";
    std::vector<std::string> const bad{
        "",
        "{",
        "\xc1",
        "null",
        R"({"type":14,"data":{})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":["e"]},"opts":{"rooms":[],"except":[]}}})",
        R"({"type":3)" + uid,
        R"({"type":3,"data":{"packet":{"type":9,"data":["e"]},"opts":{"rooms":[]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":[]},"opts":{"rooms":[]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":["connect"]},"opts":{"rooms":[]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":[{}]},"opts":{"rooms":[]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":{}},"opts":{"rooms":[]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":["e"]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":["e"]},"opts":{"rooms":"r"}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":["e"]},"opts":{"rooms":[[]]}})" + uid,
        R"({"type":3,"data":{"packet":{"type":2,"data":["e"]},"opts":{"rooms":[],"flags":1}})" +
            uid,
        R"({"type":7,"data":{"opts":{"rooms":[]}})" + uid,
        R"({"type":8,"data":{"requestId":"a","sockets":[1]})" + uid,
        R"({"type":9,"data":{"packet":[]})" + uid,
        R"({"type":11,"data":{"requestId":"a","clientCount":-1})" + uid,
        R"({"type":4,"data":{"opts":{"rooms":[]},"rooms":7})" + uid,
        "{\"type\":9,\"data\":{\"packet\":[\"\xff\"]}" + uid,
        R"({"type":9,"data":{"packet":["a",)" + std::string(300, '[') + std::string(300, ']') +
            "]}" + uid,
    };
    for (std::string const& bytes : bad) t.bus->send(bytes, "/");
    t.bus->send(
        R"({"type":3,"data":{"packet":{"type":2,"data":["good"]},"opts":{"rooms":["r"]}})" + uid,
        "/");
    CHECK(here.get() == R"(2["good"])");
    CHECK(here.next_or_nothing().empty());
    std::size_t counted = 0;
    for (auto const& [reason, n] : t.a.io().counters()->refusals())
        if (reason == "Malformed message of another server") counted = n;
    CHECK(counted == bad.size());
}

TEST_CASE("recovery goes on at the same server") {
    auto const bus = std::make_shared<cluster_bus>();
    sio::options o = clustered(bus, {}, true);
    o.recovery.emplace();
    socketio_service a(o);
    o.adapter = bus->adapter();
    socketio_service b(o);
    std::optional<socketio_peer> c(std::in_place, a);
    c->join();
    std::string const pid = support::text_member(c->joined(), "pid");
    b.io().emit("e", 1);
    std::string const first = c->get();
    REQUIRE(first.starts_with(R"(2["e",1,")"));
    std::string const offset = first.substr(9, first.size() - 11);
    c.reset();
    REQUIRE(eventually([&] { return a.io().of("/").size() == 0; }));
    b.io().emit("e", 2);
    REQUIRE(
        eventually([&] { return bus->messages().back().find("[\"e\",2]") != std::string::npos; }));
    socketio_peer back(a);
    std::string const missed =
        back.ask(R"(0{"pid":")" + pid + R"(","offset":")" + offset + R"("})");
    CHECK(missed.starts_with(R"(2["e",2,")"));
}
