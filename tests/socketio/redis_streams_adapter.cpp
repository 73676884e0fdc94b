// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/socketio/redis_streams_adapter.hpp>

#include <httphooks/socketio/detail/redis_streams.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/server.hpp>

#include <nlohmann/json.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_server.hpp"
#include "support/returning_namespace.hpp"
#include "support/socketio_service.hpp"

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;
using support::eventually;
using support::redis_server;
using support::socketio_peer;
using support::socketio_service;
using namespace std::chrono_literals;

namespace {

sio::options streamed(redis_server const& redis, bool recovery,
                      sio::redis_streams_adapter_options o = {}) {
    hh::redis::options where{redis.url()};
    where.reconnect_delay = 5ms;
    where.reconnect_delay_max = 50ms;
    o.block_time = 200ms;
    sio::options all;
    all.adapter = sio::redis_streams_adapter(where, o);
    if (recovery) all.recovery.emplace();
    return all;
}

/// A server whose clients join rooms.
struct stream_node {
    explicit stream_node(sio::options o, unsigned threads = 1) : service(std::move(o), threads) {
        service.io().on_connection([](sio::socket s) {
            s.on("join", [s](std::string room) { return s.join(room); });
            s.on("mark", [] { return true; });
        });
        service.io().of("/").on_server_side(
            "ping", [](sio::arguments const&, auto const& answer) { answer(true); });
        io().on_error([this](std::exception_ptr e) {
            try {
                std::rethrow_exception(e);
            } catch (boost::system::system_error const& why) {
                if (why.code() == sio::error::messages_missed) ++missed;
            }
        });
        service.port();
    }
    sio::server const& io() { return service.io(); }
    std::size_t polled() {
        std::promise<std::size_t> got;
        io().server_side_emit(
            "ping", [&](hh::error_code, std::vector<json> all) { got.set_value(all.size()); });
        return got.get_future().get();
    }

    /// How often it was told that it has missed something.
    std::atomic<int> missed{0};
    socketio_service service;
};

/// Two servers that hear each other.
struct two_stream_nodes {
    explicit two_stream_nodes(bool recovery, sio::redis_streams_adapter_options o = {},
                              unsigned threads = 1)
        : a(streamed(redis, recovery, o), threads), b(streamed(redis, recovery, o), threads) {
        for (auto* const each : {&a, &b}) REQUIRE(eventually([&] { return each->polled() == 1; }));
        // both read their streams
        socketio_peer here(a.service);
        socketio_peer there(b.service);
        here.join();
        there.join();
        a.io().emit("begin");
        CHECK(there.get().starts_with(R"(2["begin")"));
        b.io().emit("end");
        // with recovery it comes back to the clients of b, too
        for (auto* const each : {&here, &there})
            while (!each->get().starts_with(R"(2["end")")) {
            }
    }

    redis_server redis{};
    stream_node a;
    stream_node b;
};

/// A client that can come back.
struct stream_client {
    explicit stream_client(stream_node& n) { connect(n, "0"); }

    void connect(stream_node& n, std::string const& packet) {
        peer.emplace(n.service);
        peer->send(packet);
        for (;;) {
            std::string const p = peer->get();
            if (!p.starts_with("0{")) {
                take(p);
                continue;
            }
            recovered = support::text_member(p, "pid") == pid;
            pid = support::text_member(p, "pid");
            sid = support::text_member(p, "sid");
            return;
        }
    }
    void leave() { peer.reset(); }
    /// Comes back to a server.
    void come_back(stream_node& n) {
        connect(n, R"(0{"pid":")" + pid + R"(","offset":")" + offset + R"("})");
    }
    void join(std::string const& room) {
        CHECK(peer->ask("20[\"join\",\"" + room + "\"]") == "30[true]");
    }
    void take(std::string const& packet) {
        json const event = json::parse(packet.substr(1));
        if (event.back().is_string()) offset = event.back().get<std::string>();
        events.push_back(event.size() > 2 ? event[1].dump() : event[0].dump());
    }
    void next() { take(peer->get()); }
    /// Takes events until one has this argument.
    void take_until(std::string const& last) {
        while (events.empty() || events.back() != last) next();
    }

    std::optional<socketio_peer> peer{};
    std::string pid{};
    std::string sid{};
    std::string offset{};
    std::vector<std::string> events{};
    bool recovered = false;
};

}  // namespace

TEST_CASE("messages are in the stream as node's servers write them") {
    if (!redis_server::installed()) return;
    redis_server redis;
    stream_node n(streamed(redis, false));
    n.io().to("a", "b").except("c").volatile_().emit("e", 1);
    n.io().in("a").sockets_join("x");
    n.io().emit("bin", sio::bytes{"\x01\x02"});
    REQUIRE(eventually([&] { return redis.ask("XLEN socket.io") == ":3\r\n"; }));
    std::string const all = redis.ask("XRANGE socket.io - +");
    std::string const uid = all.substr(all.find("uid\r\n$16\r\n") + 10, 16);
    auto const entry = [&](std::string const& type, std::string const& data) {
        return "*8\r\n$3\r\nuid\r\n$16\r\n" + uid +
               "\r\n$3\r\nnsp\r\n$1\r\n/\r\n$4\r\ntype\r\n$1\r\n" + type + "\r\n$4\r\ndata\r\n$" +
               std::to_string(data.size()) + "\r\n" + data + "\r\n";
    };
    CHECK(all.find(entry("3", R"({"packet":{"type":2,"data":["e",1]},"opts":{"rooms":["a","b"],)"
                              R"("except":["c"],"flags":{"volatile":true}}})")) != all.npos);
    CHECK(
        all.find(entry("4", R"({"opts":{"rooms":["a"],"except":[],"flags":{}},"rooms":["x"]})")) !=
        all.npos);
    // base64 of MessagePack: {packet: {type: 2, data: ["bin", <01 02>]}, opts: ...}
    CHECK(all.find(
              "\r\ngqZwYWNrZXSCpHR5cGUCpGRhdGGSo2JpbsQCAQKkb3B0c4Olcm9vbXOQpmV4Y2VwdJClZmxhZ3OA") !=
          all.npos);
}

TEST_CASE("events cross over a stream, once and in order, and so do joins") {
    if (!redis_server::installed()) return;
    bool const recovery = GENERATE(false, true);
    sio::redis_streams_adapter_options o;
    o.stream_count = GENERATE(std::size_t(1), std::size_t(4));
    o.use_sharded_pub_sub = recovery;
    two_stream_nodes t(recovery, o);
    stream_client here(t.a);
    stream_client there(t.b);
    t.a.io().all().sockets_join("r");
    for (int i = 0; i < 300; ++i) t.a.io().emit("e", i, 0);
    t.a.io().emit("e", "end", 0);
    for (stream_client* const c : {&here, &there}) {
        c->take_until("\"end\"");
        REQUIRE(c->events.size() == 301);
        for (int i = 0; i < 300; ++i)
            CHECK(c->events[static_cast<std::size_t>(i)] == std::to_string(i));
        CHECK(c->offset.empty() != recovery);
    }
    CHECK(eventually([&] {
        std::promise<std::size_t> got;
        t.b.io().in("r").async_fetch_sockets(
            [&](hh::error_code, std::vector<sio::remote_socket> all) {
                got.set_value(all.size());
            });
        return got.get_future().get() == 2;
    }));
}

TEST_CASE("a client comes back to another server, and gets what it has missed") {
    if (!redis_server::installed()) return;
    two_stream_nodes t(true);
    stream_client c(t.a);
    c.join("r");
    t.a.io().emit("e", 1, 0);
    c.take_until("1");
    std::string const sid = c.sid;
    c.leave();
    REQUIRE(eventually([&] { return t.redis.ask("EXISTS sio:session:" + c.pid) == ":1\r\n"; }));
    // all by one server: the order of what two of them send is open
    t.b.io().emit("e", 2, 0);
    t.b.io().to("r").emit("e", 3, sio::bytes{"\x01"});
    t.b.io().to("other").emit("e", 4, 0);
    t.b.io().except("r").emit("e", 5, 0);
    t.b.io().volatile_().emit("e", 6, 0);
    t.b.io().to(sid).emit("e", 7, 0);
    stream_client witness(t.b);
    t.b.io().to("other", "r").emit("e", 8, 0);
    t.b.io().emit("e", 9, 0);
    witness.take_until("9");
    c.events.clear();
    c.peer.emplace(t.b.service);
    c.peer->send(R"(0{"pid":")" + c.pid + R"(","offset":")" + c.offset + R"("})");
    CHECK(c.peer->get().starts_with(R"(2["e",2,0,")"));
    CHECK(c.peer->get().starts_with(R"(51-["e",3,{"_placeholder":true,"num":0},")"));
    CHECK(c.peer->get() == "\x01");
    for (char const* const n : {"7", "8", "9"})
        CHECK(c.peer->get().starts_with(R"(2["e",)" + std::string(n)));
    CHECK(c.peer->get() == R"(0{"sid":")" + sid + R"(","pid":")" + c.pid + R"("})");
    // it has its rooms, and its session is gone
    t.a.io().to("r").emit("e", 10, 0);
    CHECK(c.peer->get().starts_with(R"(2["e",10)"));
    CHECK(t.redis.ask("EXISTS sio:session:" + c.pid) == ":0\r\n");
}

TEST_CASE("a client comes back when its server was started again") {
    if (!redis_server::installed()) return;
    redis_server redis;
    std::optional<stream_node> n(std::in_place, streamed(redis, true));
    stream_client c(*n);
    REQUIRE(eventually([&] {
        n->io().emit("e", 1, 0);
        c.next();
        return !c.offset.empty() && c.offset != "0-0";
    }));
    n->io().of("/").emit("e", 2, 0);
    c.take_until("2");
    c.leave();
    REQUIRE(eventually([&] { return redis.ask("EXISTS sio:session:" + c.pid) == ":1\r\n"; }));
    n.reset();
    stream_node again(streamed(redis, true));
    stream_client other(again);
    REQUIRE(eventually([&] {
        again.io().emit("e", 3, 0);
        other.next();
        return !other.offset.empty();
    }));
    again.io().emit("e", 4, 0);
    other.take_until("4");
    c.events.clear();
    c.come_back(again);
    CHECK(c.recovered);
    CHECK(std::ranges::count(c.events, "4") == 1);
}

TEST_CASE("what is unknown, or no place in a stream, is not recovered") {
    if (!redis_server::installed()) return;
    two_stream_nodes t(true);
    stream_client c(t.a);
    t.a.io().emit("e", 1, 0);
    c.take_until("1");
    std::string const good = c.offset;
    for (std::string const& offset : {std::string("1-1"), std::string("x"), std::string("-"),
                                      std::string("99999999999999-0"), std::string("+")}) {
        std::string const pid = c.pid;
        c.leave();
        REQUIRE(eventually([&] { return t.redis.ask("EXISTS sio:session:" + pid) == ":1\r\n"; }));
        c.offset = offset;
        c.come_back(t.b);
        CHECK_FALSE(c.recovered);
        CHECK(c.pid != pid);
    }
    c.leave();
    c.pid = "no such session";
    c.offset = good;
    c.come_back(t.b);
    CHECK_FALSE(c.recovered);
}

TEST_CASE("nothing is lost and nothing comes twice when clients come back under load") {
    if (!redis_server::installed()) return;
    two_stream_nodes t(true, {}, 2);
    std::vector<std::unique_ptr<stream_client>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(std::make_unique<stream_client>(i % 2 == 0 ? t.a : t.b));
        clients.back()->join("r");
    }
    t.a.io().to("r").emit("e", -1, 0);
    for (auto& c : clients) c->take_until("-1");
    std::atomic<bool> stop{false};
    std::atomic<int> sent{0};
    std::jthread emitting([&] {
        for (int i = 0; !stop && i < 5'000; ++i) {
            (i % 3 == 0 ? t.b : t.a).io().to("r").emit("e", i, 0);
            sent = i + 1;
            if (i % 4 == 0) static_cast<void>(t.redis.ask("PING"));
        }
    });
    for (int round = 0; round < 10; ++round)
        for (std::size_t i = 0; i < clients.size(); ++i) {
            stream_client& c = *clients[i];
            for (int k = 0; k < 3 && !stop && sent < 4'900; ++k) c.next();
            c.leave();
            // a server that is asked before the session is kept knows of none
            REQUIRE(
                eventually([&] { return t.redis.ask("EXISTS sio:session:" + c.pid) == ":1\r\n"; }));
            c.come_back((round + static_cast<int>(i)) % 2 == 0 ? t.b : t.a);
            CHECK(c.recovered);
        }
    stop = true;
    emitting.join();
    int const last = sent;
    // the last ones of both servers
    t.a.io().to("r").emit("e", "end a", 0);
    t.b.io().to("r").emit("e", "end b", 0);
    for (auto& c : clients) {
        for (int ends = 0; ends < 2; ends += c->events.back().starts_with("\"end")) c->next();
        std::vector<int> numbers;
        for (auto const& e : c->events)
            if (!e.starts_with('"')) numbers.push_back(std::stoi(e));
        std::ranges::sort(numbers);
        REQUIRE(numbers.size() == static_cast<std::size_t>(last) + 1);
        for (int i = -1; i < last; ++i) CHECK(numbers[static_cast<std::size_t>(i + 1)] == i);
    }
}

TEST_CASE("malformed entries and messages are passed over, and counted") {
    if (!redis_server::installed()) return;
    two_stream_nodes t(true);
    stream_client c(t.b);
    for (char const* const fields :
         {"uid x nsp / type 3 data {}", "uid x nsp / type 3", "uid x nsp / type 99 data {}",
          "uid x nsp / type x", "nsp / type 3 data {}", "uid x nsp / type 3 data %%%",
          "uid x nsp / type 4 data AAAA", "a b", "nsp /"})
        t.redis.ask(std::string("XADD socket.io * ") + fields);
    t.redis.ask("PUBLISH socket.io#/# garbage");
    t.a.io().emit("e", 1, 0);
    c.take_until("1");
    CHECK(c.events.size() == 1);
    CHECK(t.b.polled() == 1);
    for (char const* const text : {"x", "AAAA", "gaNzaWShYQ=="})
        CHECK_FALSE(sio::detail::decode_session(text).has_value());
}

TEST_CASE("while Redis is away own clients get everything at once, others afterwards") {
    if (!redis_server::installed()) return;
    bool const recovery = GENERATE(false, true);
    two_stream_nodes t(recovery);
    stream_client here(t.a);
    stream_client there(t.b);
    t.redis.kill();
    t.a.io().emit("e", 1, 0);
    here.take_until("1");
    REQUIRE(eventually([&] { return t.a.polled() == 0; }));
    t.a.io().emit("e", 2, 0);
    here.take_until("2");
    t.redis.start();
    there.take_until("2");
    REQUIRE(eventually([&] { return t.a.polled() == 1 && t.b.polled() == 1; }));
    t.b.io().emit("e", 3, 0);
    here.take_until("3");
    there.take_until("3");
    CHECK(here.events.size() == 3);
    CHECK(std::ranges::count(there.events, "2") == 1);
}

TEST_CASE("entries that are trimmed before they are read are told, and reading goes on") {
    if (!redis_server::installed()) return;
    bool const recovery = GENERATE(false, true);
    sio::redis_streams_adapter_options o;
    o.max_len = 5;
    two_stream_nodes t(recovery, o);
    stream_client c(t.b);
    std::string all = "MULTI\r\n";  // nobody reads in between
    for (int i = 0; i < 40; ++i)
        all += R"(XADD socket.io MAXLEN 5 * uid x nsp / type 3 data '{"packet":{"type":2,)"
               R"("data":["e",)" +
               std::to_string(i) +
               R"(,0]},"opts":{"rooms":[],"except":[],"flags":{}}}')"
               "\r\n";
    t.redis.ask(all + "EXEC");
    c.take_until("39");
    CHECK(c.events == std::vector<std::string>{"35", "36", "37", "38", "39"});
    CHECK(eventually([&] { return t.a.missed > 0 && t.b.missed > 0; }));
    int const told = t.b.missed;
    for (int i = 100; i < 120; ++i) {
        t.a.io().emit("e", i, 0);
        c.take_until(std::to_string(i));
    }
    CHECK(c.events.size() == 25);
    CHECK(t.b.missed == told);
}

TEST_CASE("a stream that is made anew is read, though its entries are older than what was read") {
    if (!redis_server::installed()) return;
    two_stream_nodes t(false);
    stream_client there(t.b);
    t.redis.ask(R"(XADD socket.io 99999999999999-0 uid x nsp / type 3 data '{"packet":{"type":2,)"
                R"("data":["e","late",0]},"opts":{"rooms":[],"except":[],"flags":{}}}')");
    there.take_until("\"late\"");
    t.redis.kill();
    t.redis.start();
    CHECK(eventually([&] { return t.b.missed > 0; }));
    REQUIRE(eventually([&] { return t.a.polled() == 1; }));
    t.a.io().emit("e", 1, 0);
    there.take_until("1");
    CHECK(there.events.size() == 2);
}

TEST_CASE("a server of streams that goes says so, and is waited for no more") {
    if (!redis_server::installed()) return;
    sio::redis_streams_adapter_options o;
    o.requests_timeout = 60s;
    o.use_sharded_pub_sub = GENERATE(false, true);
    two_stream_nodes t(false, o);
    std::promise<void> asked;
    t.b.io().of("/").on_server_side("never",
                                    [&](sio::arguments const&, auto const&) { asked.set_value(); });
    std::promise<hh::error_code> answered;
    t.a.io().server_side_emit(
        "never", [&](hh::error_code ec, std::vector<json> const&) { answered.set_value(ec); });
    asked.get_future().wait();
    t.b.service.drain(10s);
    CHECK_FALSE(answered.get_future().get());
}

TEST_CASE("a session is kept as node's servers keep it") {
    sio::session_state s;
    s.sid = "s";
    s.pid = "p";
    s.rooms = {"s", "r"};
    s.data = json{{"name", "x"}};
    std::string const text = sio::detail::encode_session(s);
    // base64 of MessagePack: {sid, pid, rooms, data}
    CHECK(text == "hKNzaWShc6NwaWShcKVyb29tc5Khc6FypGRhdGGBpG5hbWWheA==");
    auto const again = sio::detail::decode_session(text);
    REQUIRE(again.has_value());
    CHECK(again->sid == "s");
    CHECK(again->pid == "p");
    CHECK(again->rooms == s.rooms);
    CHECK(again->data == s.data);
}

TEST_CASE("namespaces are spread over streams as node's servers do") {
    sio::redis_streams_adapter_options o;
    CHECK(sio::detail::stream_of("/any", o) == "socket.io");
    o.stream_count = 4;
    CHECK(sio::detail::stream_of("/", o) == "socket.io-3");
    CHECK(sio::detail::stream_of("/notifications", o) == "socket.io--3");
}

TEST_CASE("places in a stream are read and written") {
    using sio::detail::stream_place;
    CHECK(stream_place::parse("12-3") == stream_place{12, 3});
    CHECK(stream_place::parse("18446744073709551615-0").has_value());
    for (char const* const text :
         {"", "-", "1", "1-", "-1", "1-2-3", "x-1", "1-18446744073709551616"})
        CHECK_FALSE(stream_place::parse(text).has_value());
    CHECK(stream_place{12, 3}.text() == "12-3");
    CHECK(stream_place{12, 3}.next() == stream_place{12, 4});
    CHECK(stream_place{12, UINT64_MAX}.next() == stream_place{13, 0});
    CHECK(stream_place{12, 3} < stream_place{13, 0});
}

TEST_CASE("a server over streams hears a namespace that comes again, though the old one is kept") {
    if (!redis_server::installed()) return;
    redis_server const r;
    support::returning_namespace t(streamed(r, false).adapter);
    CHECK(t.is_heard());
    REQUIRE(t.is_empty());
    CHECK(t.is_heard());
}
