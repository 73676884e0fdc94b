// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/socketio/postgres_adapter.hpp>

#include <httphooks/postgres/connection.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/server.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/returning_namespace.hpp"
#include "support/socketio_service.hpp"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;
using support::eventually;
using support::postgres_server;
using support::socketio_peer;
using support::socketio_service;

sio::options over_postgres(std::string conninfo, sio::postgres_adapter_options a = {}) {
    sio::options o;
    o.adapter = sio::postgres_adapter({.conninfo = std::move(conninfo)}, std::move(a));
    return o;
}

/// A server of a cluster.
struct postgres_node {
    explicit postgres_node(postgres_server const& store, sio::postgres_adapter_options a = {},
                           unsigned threads = 1)
        : service(over_postgres(store.conninfo(), std::move(a)), threads) {
        io().on_connection([](sio::socket s) {
            s.on("join", [s](std::string const& room) { return s.join(room); });
        });
        io().of("/").on_server_side(
            "ping", [](sio::arguments const&, auto const& answer) { answer(true); });
        service.port();
    }

    sio::server const& io() { return service.io(); }
    std::pair<hh::error_code, std::vector<sio::remote_socket>> fetch(std::string const& nsp = "/") {
        std::promise<std::pair<hh::error_code, std::vector<sio::remote_socket>>> got;
        io().of(nsp).all().async_fetch_sockets(
            [&](hh::error_code ec, std::vector<sio::remote_socket> all) {
                got.set_value({ec, std::move(all)});
            });
        return got.get_future().get();
    }
    std::pair<hh::error_code, std::vector<json>> poll() {
        std::promise<std::pair<hh::error_code, std::vector<json>>> got;
        io().server_side_emit("ping", [&](hh::error_code ec, std::vector<json> all) {
            got.set_value({ec, std::move(all)});
        });
        return got.get_future().get();
    }
    /// Waits until it knows so many other servers.
    bool knows(std::size_t others) {
        return eventually([&] {
            auto const [ec, all] = poll();
            return !ec && all.size() == others;
        });
    }
    std::uint64_t refused(std::string const& reason) {
        for (auto const& [name, n] : io().counters()->refusals())
            if (name == reason) return n;
        return 0;
    }

    socketio_service service;
};

/// Two servers that know each other, each with a client.
struct postgres_pair {
    explicit postgres_pair(sio::postgres_adapter_options o = {}, unsigned threads = 1)
        : a(store, o, threads), b(store, o, threads) {
        REQUIRE(a.knows(1));
        REQUIRE(b.knows(1));
        here.join();
        there.join();
    }

    postgres_server& store = postgres_server::shared();
    postgres_node a;
    postgres_node b;
    socketio_peer here{a.service};
    socketio_peer there{b.service};
};

/// What is heard on a channel, by somebody else.
struct eavesdropper {
    eavesdropper(postgres_server const& store, std::string const& channel)
        : connection(loop.get_executor(), {.conninfo = store.conninfo()}) {
        connection.on_notification(
            [this](hh::postgres::notification const& n) { heard.emplace_back(n.payload); });
        connection.listen(channel);
        bool settled = false;
        connection.async_settle([&](hh::error_code) { settled = true; });
        REQUIRE(until([&] { return settled; }));
    }
    bool until(std::function<bool()> const& holds) {
        auto const late = std::chrono::steady_clock::now() + 20s;
        while (!holds() && std::chrono::steady_clock::now() < late) {
            loop.restart();
            loop.run_one_for(50ms);
        }
        return holds();
    }
    /// The message of a type that has a text in it.
    std::string with(std::string_view text) {
        std::string found;
        until([&] {
            for (auto const& m : heard)
                if (m.find(text) != m.npos) found = m;
            return !found.empty();
        });
        return found;
    }

    asio::io_context loop{1};
    hh::postgres::connection connection;
    std::vector<std::string> heard{};
};

/// Has a server of PostgreSQL notify.
std::string notify(postgres_server const& store, std::string payload) {
    for (std::size_t at = 0; (at = payload.find('\'', at)) != payload.npos; at += 2)
        payload.insert(at, "'");
    return store.ask("SELECT pg_notify('socket.io#/', '" + payload + "')");
}

std::string const stranger = R"(,"uid":"0123456789abcdef","nsp":"/"})";

}  // namespace

TEST_CASE("events reach the clients of other servers over PostgreSQL, in their order, once") {
    if (!postgres_server::installed()) return;
    unsigned const threads = GENERATE(1u, 3u);
    postgres_pair t({}, threads);
    std::string const large(20'000, 'x');
    constexpr int count = 400;
    for (int i = 0; i < count; ++i) {
        if (i % 7 == 3)
            t.a.io().emit("e", i, large);
        else if (i % 7 == 5)
            t.a.io().emit("e", i, sio::bytes{"\x01\x02"});
        else
            t.a.io().emit("e", i);
    }
    t.a.io().emit("same");
    t.a.io().emit("same");
    t.a.io().emit("end");
    for (auto* const each : {&t.here, &t.there}) {
        for (int i = 0; i < count; ++i) {
            std::string const n = std::to_string(i);
            if (i % 7 == 3) {
                CHECK(each->get() == R"(2["e",)" + n + ",\"" + large + "\"]");
            } else if (i % 7 == 5) {
                CHECK(each->get() == R"(51-["e",)" + n + R"(,{"_placeholder":true,"num":0}])");
                CHECK(each->get() == "\x01\x02");
            } else {
                CHECK(each->get() == R"(2["e",)" + n + "]");
            }
        }
        CHECK(each->get() == R"(2["same"])");
        CHECK(each->get() == R"(2["same"])");
        CHECK(each->get() == R"(2["end"])");
    }
}

TEST_CASE("servers do together over PostgreSQL what one does alone") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    auto const all = t.a.fetch();
    CHECK_FALSE(all.first);
    CHECK(all.second.size() == 2);
    t.a.io().all().sockets_join("r");
    CHECK(eventually([&] {
        return std::ranges::all_of(t.b.fetch().second, [](sio::remote_socket const& s) {
            return s.rooms() == std::vector<std::string>{s.id(), "r"};
        });
    }));
    std::promise<std::vector<json>> answers;
    t.a.io().in("r").timeout(20s).emit(
        "q", [&](hh::error_code, std::vector<json> all) { answers.set_value(std::move(all)); });
    for (auto* const each : {&t.here, &t.there}) {
        std::string const q = each->get();
        each->send("3" + q.substr(1, q.find('[') - 1) + "[7]");
    }
    CHECK(answers.get_future().get() == std::vector<json>{7, 7});
    t.a.io().in("r").disconnect_sockets();
    CHECK(t.there.get() == "1");
    CHECK(t.here.get() == "1");
}

TEST_CASE("PostgreSQL carries the messages of node's servers") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    eavesdropper ear(t.store, "socket.io#/");
    t.a.io().to("a").emit("small", 1);
    CHECK(ear.with("small").starts_with(
        R"({"type":3,"data":{"packet":{"type":2,"data":["small",1]},"opts":{"rooms":["a"],)"
        R"("except":[],"flags":{}}},"uid":")"));
    t.a.io().emit("large", std::string(8'000, 'x'));
    std::string const header = ear.with("attachmentId");
    CHECK(header.starts_with(R"({"uid":")"));
    CHECK(header.find(R"(,"type":3,"attachmentId":")") != header.npos);
    std::string const row = json::parse(header).at("attachmentId");
    CHECK(t.store.ask("SELECT substr(payload, 1, 12) FROM socket_io_attachments WHERE id = " +
                      row) == "\\x84a47479706503a464617461");
}

TEST_CASE("what fits into a notification to the byte arrives, and what does not") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    eavesdropper ear(t.store, "socket.io#/");
    t.a.io().emit("e", "");
    std::size_t const frame = ear.with(R"(["e")").size();
    for (std::size_t const size : {7'998u, 7'999u, 8'000u, 8'001u}) {
        std::string const text(size - frame, 'x');
        t.a.io().emit("e", text);
        if (size == 7'998u) CHECK(t.there.get() == R"(2["e",""])");
        CHECK(t.there.get() == R"(2["e",")" + text + "\"]");
    }
    std::size_t longest = 0;
    ear.with("attachmentId");
    for (auto const& m : ear.heard) longest = std::max(longest, m.size());
    CHECK(longest == 7'999);
}

TEST_CASE("what node publishes with PostgreSQL reaches our clients") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    notify(t.store, R"({"type":3,"data":{"packet":{"type":2,"data":["hi"]},)"
                    R"("opts":{"rooms":[],"except":[],"flags":{}}})" +
                        stranger);
    CHECK(t.there.get() == R"(2["hi"])");
    // msgpack of {type: 3, data: {packet: {type: 2, data: ["b", <01>]}, opts: ...}, uid, nsp}
    std::string const row = t.store.ask(
        "INSERT INTO socket_io_attachments (payload) VALUES "
        "('\\x84a47479706503a46461746182a67061636b"
        "657482a47479706502a46461746192a162c40101a46f70747383a5726f6f6d7390a665786365707490a5666c61"
        "67"
        "7380a3756964a178a36e7370a12f') RETURNING id");
    notify(t.store, R"({"uid":"x","type":3,"attachmentId":")" + row + "\"}");
    CHECK(t.there.get() == R"(51-["b",{"_placeholder":true,"num":0}])");
    CHECK(t.there.get() == "\x01");
    CHECK(t.here.get() == R"(2["hi"])");
}

TEST_CASE("what strangers say over PostgreSQL is dropped and counted, and does no harm") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    std::string const event = R"({"type":3,"data":{"packet":{"type":2,"data":["end"]},)"
                              R"("opts":{"rooms":[],"except":[],"flags":{}}})" +
                              stranger;
    for (std::string const bad :
         {"", "x", "{", "[]", R"({"attachmentId":"999999999"})",
          R"({"uid":"x","type":3,"attachmentId":"-1"})",
          R"({"uid":"x","type":3,"attachmentId":"1; DROP TABLE socket_io_attachments"})",
          R"({"uid":"x","type":3,"attachmentId":"99999999999999999999999"})",
          R"({"uid":"x","type":3,"attachmentId":{}})", R"({"uid":"x","type":3,"attachmentId":1e3})",
          R"({"type":3,"data":{"packet":{"type":9,"data":["e"]},"opts":{"rooms":[]}}})",
          R"({"type":77,"data":{},"uid":"x","nsp":"/"})"})
        CHECK(notify(t.store, bad) == "");
    std::string const row = t.store.ask(
        "INSERT INTO socket_io_attachments (payload) VALUES ('\\xc1'), (NULL) RETURNING id");
    notify(t.store, R"({"uid":"x","type":3,"attachmentId":")" + row + "\"}");
    CHECK(notify(t.store, event) == "");
    CHECK(t.here.get() == R"(2["end"])");
    CHECK(t.there.get() == R"(2["end"])");
    CHECK(t.a.refused("Malformed message of another server") >= 10);
    CHECK(t.store.ask("SELECT to_regclass('socket_io_attachments') IS NOT NULL") == "t");
}

TEST_CASE("no name of a namespace is SQL, and none is deaf") {
    if (!postgres_server::installed()) return;
    postgres_server& store = postgres_server::shared();
    postgres_node a(store), b(store);
    for (std::string const& name :
         {std::string("/dyn-x\"; CREATE TABLE pwned(); --"), '/' + std::string(200, 'n'),
          '/' + std::string(52, 'n'), std::string("/\xc3\xbc'$1")}) {
        INFO(name);
        a.io().of(name);
        b.io().of(name);
        socketio_peer there(b.service);
        there.join('0' + name + ',');
        REQUIRE(eventually([&] { return a.fetch(name).second.size() == 1; }));
        a.io().of(name).emit("e", 1);
        CHECK(there.get() == '2' + name + R"(,["e",1])");
    }
    CHECK(store.ask("SELECT count(*) FROM pg_class WHERE relname = 'pwned'") == "0");
}

TEST_CASE("a server that goes says so, and is waited for no more") {
    if (!postgres_server::installed()) return;
    postgres_server& store = postgres_server::shared();
    postgres_node a(store);
    std::optional<postgres_node> b(std::in_place, store);
    REQUIRE(a.knows(1));
    b->service.drain(10s);
    auto const from = std::chrono::steady_clock::now();
    REQUIRE(a.knows(0));
    CHECK(std::chrono::steady_clock::now() - from < 4s);
}

TEST_CASE("what a server that goes was asked over PostgreSQL ends") {
    if (!postgres_server::installed()) return;
    postgres_server& store = postgres_server::shared();
    sio::postgres_adapter_options o;
    o.requests_timeout = 60s;
    postgres_node a(store, o);
    std::optional<postgres_node> b(std::in_place, store);
    REQUIRE(a.knows(1));
    std::promise<void> asked;
    b->io().of("/").on_server_side("never",
                                   [&](sio::arguments const&, auto const&) { asked.set_value(); });
    std::promise<hh::error_code> answered;
    a.io().server_side_emit(
        "never", [&](hh::error_code ec, std::vector<json> const&) { answered.set_value(ec); });
    asked.get_future().wait();
    auto const from = std::chrono::steady_clock::now();
    b->service.drain(10s);
    CHECK_FALSE(answered.get_future().get());
    CHECK(std::chrono::steady_clock::now() - from < 9s);  // before it is missed
}

TEST_CASE("while PostgreSQL is away clients get what their own server sends, and the rest waits") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    t.store.kill();
    REQUIRE(eventually([&] { return t.a.fetch().first == sio::error::servers_unreachable; }));
    CHECK(t.a.fetch().second.size() == 1);
    CHECK(t.a.poll().first == sio::error::servers_unreachable);
    REQUIRE(eventually([&] { return t.b.poll().first == sio::error::servers_unreachable; }));
    for (int i = 0; i < 200; ++i) t.a.io().emit("e", i);
    for (int i = 0; i < 200; ++i) CHECK(t.here.get() == R"(2["e",)" + std::to_string(i) + "]");
    t.a.io().all().volatile_().emit("v");
    CHECK(t.here.get() == R"(2["v"])");
    t.store.start();
    t.store.ask("DROP TABLE socket_io_attachments");
    // what waits is sent when this server is back, and heard by who listens by then
    REQUIRE(eventually([&] { return t.a.fetch().second.size() == 2; }));
    REQUIRE(eventually([&] { return t.b.fetch().second.size() == 2; }));
    t.a.io().emit("e", 200);
    int last = -1;
    while (last < 200) {
        std::string const event = t.there.get();
        REQUIRE(event.starts_with(R"(2["e",)"));
        int const next = std::stoi(event.substr(6));
        CHECK(next > last);
        last = next;
    }
    CHECK(t.here.get() == R"(2["e",200])");
    t.a.io().emit("bytes", sio::bytes{"\x07"});
    CHECK(t.there.get() == R"(51-["bytes",{"_placeholder":true,"num":0}])");
    CHECK(t.there.get() == "\x07");
}

TEST_CASE("PostgreSQL may be absent at the start, and what waits for it is bounded") {
    if (!postgres_server::installed()) return;
    postgres_server& store = postgres_server::shared();
    store.kill();
    sio::postgres_adapter_options o;
    o.queue_limit = 10'000;
    postgres_node a(store, o), b(store, o);
    socketio_peer here(a.service), there(b.service);
    here.join();
    there.join();
    std::string const text(1'000, 'x');
    for (int i = 0; i < 100; ++i) a.io().emit("e", i, text);
    CHECK(here.get() == R"(2["e",0,")" + text + "\"]");
    CHECK(a.fetch().first == sio::error::servers_unreachable);
    CHECK(a.refused("Message to other servers not sent") > 80);
    store.start();
    REQUIRE(b.knows(1));
    a.io().emit("last");
    for (;;) {
        std::string const got = there.get();
        if (got == R"(2["last"])") break;
        CHECK(got.starts_with(R"(2["e",9)"));
    }
}

TEST_CASE("the table of PostgreSQL may be removed, and what was to be in it is not lost") {
    if (!postgres_server::installed()) return;
    postgres_pair t;
    t.store.ask("DROP TABLE socket_io_attachments");
    t.a.io().emit("bytes", sio::bytes{"\x07"});
    t.a.io().emit("e", 1);
    for (auto* const each : {&t.here, &t.there}) {
        CHECK(each->get() == R"(51-["bytes",{"_placeholder":true,"num":0}])");
        CHECK(each->get() == "\x07");
        CHECK(each->get() == R"(2["e",1])");
    }
    CHECK(t.a.refused("Message to other servers not sent") == 0);
}

TEST_CASE("rows of PostgreSQL that are old are deleted") {
    if (!postgres_server::installed()) return;
    sio::postgres_adapter_options o;
    o.table_name = "Clean.Rows";
    o.cleanup_interval = 50ms;
    postgres_server& store = postgres_server::shared();
    store.ask("CREATE SCHEMA IF NOT EXISTS clean");
    postgres_node a(store, o);
    REQUIRE(eventually(
        [&] { return store.ask("SELECT to_regclass('clean.rows') IS NOT NULL") == "t"; }));
    a.io().emit("e", std::string(9'000, 'x'));
    // there was a row, which may have gone already
    REQUIRE(
        eventually([&] { return store.ask("SELECT is_called FROM clean.rows_id_seq") == "t"; }));
    CHECK(eventually([&] { return store.ask("SELECT count(*) FROM clean.rows") == "0"; }));
}

TEST_CASE("clusters with other prefixes do not hear each other, and have tables of their own") {
    if (!postgres_server::installed()) return;
    postgres_server& store = postgres_server::shared();
    sio::postgres_adapter_options o;
    o.channel_prefix = "My-\xc3\xbc App";
    postgres_node a(store), b(store, o);
    REQUIRE(eventually([&] {
        return store.ask("SELECT to_regclass('my___app_attachments') IS NOT NULL") == "t";
    }));
    REQUIRE(b.knows(0));
    for (char const* bad : {"", "a..b", ".", "a."}) {
        o.table_name = std::string("x") + bad;
        if (*bad) CHECK_THROWS(sio::postgres_adapter({}, o));
    }
    CHECK_THROWS(socketio_service(over_postgres("nonsense")).io().of("/"));
}

TEST_CASE(
    "a server over PostgreSQL hears a namespace that comes again, though the old one is kept") {
    if (!postgres_server::installed()) return;
    support::returning_namespace t(over_postgres(postgres_server::shared().conninfo(), {}).adapter);
    CHECK(t.is_heard());
    REQUIRE(t.is_empty());
    CHECK(t.is_heard());
}
