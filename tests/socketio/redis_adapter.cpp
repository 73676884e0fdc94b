// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/subscriber.hpp>
#include <httphooks/socketio/emitter.hpp>
#include <httphooks/socketio/redis_adapter.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/socketio/sharded_redis_adapter.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
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

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace redis = httphooks::redis;
namespace sio = httphooks::socketio;
using nlohmann::json;
using support::eventually;
using support::redis_server;
using support::socketio_peer;
using support::socketio_service;

namespace {

redis::options at(redis_server const& r) {
    return {.url = r.url()};
}

/// What is published, and a way to publish.
class redis_spy {
public:
    explicit redis_spy(redis_server const& r)
        : commands_(loop_.get_executor(), at(r)),
          subscriber_(loop_.get_executor(), at(r)),
          thread_([this] { loop_.run(); }) {
        subscriber_.on_message([this](redis::message const& m) {
            std::lock_guard const lock(mutex_);
            heard_.emplace_back(m.channel, m.payload);
        });
    }
    ~redis_spy() {
        subscriber_.close();
        commands_.close();
        work_.reset();
        loop_.stop();
        thread_.join();
    }
    void hear(redis::subscription kind, std::string_view channel) {
        subscriber_.want(kind, channel, true);
        subscriber_.async_settle(asio::use_future).get();
    }
    redis::value ask(redis::arguments command) {
        return commands_.async_command(std::move(command), asio::use_future).get();
    }
    /// The next message that was heard: its channel and its bytes.
    std::pair<std::string, std::string> next() {
        std::pair<std::string, std::string> first;
        REQUIRE(eventually([&] {
            std::lock_guard const lock(mutex_);
            if (heard_.empty()) return false;
            first = heard_.front();
            heard_.erase(heard_.begin());
            return true;
        }));
        return first;
    }
    redis::connection& connection() { return commands_; }

private:
    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    redis::connection commands_;
    redis::subscriber subscriber_;
    std::mutex mutex_{};
    std::vector<std::pair<std::string, std::string>> heard_{};
    std::thread thread_;
};

/// A server over Redis.
struct redis_node {
    redis_node(sio::adapter_factory adapter) : service(with(std::move(adapter))) {
        io().on_error([this](std::exception_ptr) {
            std::lock_guard const lock(mutex);
            ++errors;
        });
        for (char const* const name : {"/", "/other"})
            io().of(name).on_connection([](sio::socket s) {
                s.on("join", [s](std::string room) { return s.join(room); });
                s.on("leave", [s](std::string room) {
                    s.leave(room);
                    return true;
                });
                s.on("mark", [] { return true; });
            });
        io().of("/").on_server_side(
            "ping", [](sio::arguments const&, auto const& answer) { answer(true); });
        service.port();
    }
    ~redis_node() { service.drain(5s); }

    static sio::options with(sio::adapter_factory adapter) {
        sio::options o;
        o.adapter = std::move(adapter);
        return o;
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
    std::size_t polled() {
        std::promise<std::size_t> got;
        io().server_side_emit(
            "ping", [&](hh::error_code, std::vector<json> all) { got.set_value(all.size()); });
        return got.get_future().get();
    }
    int error_count() {
        std::lock_guard const lock(mutex);
        return errors;
    }

    std::mutex mutex{};
    int errors = 0;
    socketio_service service;
};

struct redis_client : socketio_peer {
    redis_client(redis_node& n, std::string const& room, std::string const& nsp = {})
        : socketio_peer(n.service), prefix(nsp) {
        id = join("0" + prefix);
        ask("2" + prefix + "0[\"join\",\"" + room + "\"]");
    }
    std::string prefix;
    std::string id{};
};

sio::adapter_factory adapter_of(bool sharded, redis::options where) {
    if (sharded) return sio::sharded_redis_adapter(std::move(where), {.requests_timeout = 5s});
    return sio::redis_adapter(std::move(where), {.requests_timeout = 5s});
}

}  // namespace

TEST_CASE("two servers over Redis act as one") {
    if (!redis_server::installed()) return;
    redis_server r;
    bool const sharded = GENERATE(false, true);
    redis_node a(adapter_of(sharded, at(r)));
    redis_node b(adapter_of(sharded, at(r)));
    REQUIRE(eventually([&] { return a.polled() == 1 && b.polled() == 1; }));
    redis_client here(a, "r");
    redis_client there(b, "r");
    redis_client other(b, "r", "/other,");
    // until the channels of the room are there
    REQUIRE(eventually([&] {
        a.io().to("r").emit("warm");
        there.send("29[\"mark\"]");
        bool warm = false;
        for (std::string got = there.get(); got != "39[true]"; got = there.get()) warm = true;
        return warm;
    }));
    a.io().to("r").emit("last");
    for (auto* const each : {&here, &there})
        while (each->get() != "2[\"last\"]") {
        }
    b.io().to("r").emit("e", 1);
    CHECK(here.get() == "2[\"e\",1]");
    CHECK(there.get() == "2[\"e\",1]");
    a.io().of("/other").emit("e", sio::bytes{"\x01"});
    CHECK(other.get() == R"(51-/other,["e",{"_placeholder":true,"num":0}])");
    CHECK(other.get() == "\x01");
    CHECK(a.fetch("r").second.size() == 2);
    // a room that was filled this moment
    a.io().in(there.id).sockets_join("fresh");
    a.io().to("fresh").emit("f");
    CHECK(there.get() == "2[\"f\"]");
    // one that is left and joined again
    for (int i = 0; i < 20; ++i) {
        CHECK(there.ask("21[\"leave\",\"r\"]") == "31[true]");
        CHECK(there.ask("21[\"join\",\"r\"]") == "31[true]");
    }
    REQUIRE(eventually([&] { return b.fetch("r").second.size() == 2; }));
    a.io().to("r").emit("still");
    CHECK(there.get() == "2[\"still\"]");
}

TEST_CASE("what a classic server publishes is what node's publish") {
    if (!redis_server::installed()) return;
    redis_server r;
    redis_spy spy(r);
    spy.hear(redis::subscription::pattern, "k*");
    redis_node a(sio::redis_adapter(at(r), {.key = "k"}));
    a.io().to("x").except("y").emit("hello", 1, "2", json{{"a", true}});
    auto const [channel, bytes] = spy.next();
    CHECK(channel == "k#/#x#");
    CHECK(bytes.substr(0, 2) == "\x93\xa6");
    std::string const uid = bytes.substr(2, 6);
    CHECK(bytes.substr(8) == std::string("\x83\xa4type\x02\xa4"
                                         "data\x94\xa5hello\x01\xa1"
                                         "2\x81\xa1"
                                         "a\xc3\xa3nsp"
                                         "\xa1/\x83\xa5rooms\x91\xa1x\xa6"
                                         "except\x91\xa1y\xa5"
                                         "flags\x80"));
    a.io().to("x", "z").volatile_().compress(false).emit("e");
    auto const two = spy.next();
    CHECK(two.first == "k#/#");
    CHECK(
        two.second.ends_with("\xa5"
                             "flags\x82\xa8volatile\xc3\xa8"
                             "compress\xc2"));
    std::string const from = R"({"uid":")" + uid + "\",";
    a.io().in("x").sockets_join("m", "n");
    CHECK(spy.next() == std::pair<std::string, std::string>(
                            "k-request#/#", from + R"("type":2,"opts":{"rooms":["x"],"except":[]},)"
                                                   R"("rooms":["m","n"]})"));
    a.io().all().sockets_leave("m");
    CHECK(spy.next().second == from + R"("type":3,"opts":{"rooms":[],"except":[]},"rooms":["m"]})");
    a.io().all().disconnect_sockets(true);
    CHECK(spy.next().second == from + R"("type":4,"opts":{"rooms":[],"except":[]},"close":true})");
    a.io().server_side_emit("note", 1);
    CHECK(spy.next().second == from + R"("type":6,"data":["note",1]})");
}

TEST_CASE(
    "what is no message of Redis' servers is dropped and counted; old questions are answered") {
    if (!redis_server::installed()) return;
    redis_server r;
    redis_spy spy(r);
    spy.hear(redis::subscription::channel, "socket.io-response#/#");
    redis_node a(sio::redis_adapter(at(r)));
    redis_client here(a, "r");
    REQUIRE(eventually([&] {
        return spy.ask({"PUBSUB", "NUMSUB", "socket.io-request#/#"})[1].number() == 1;
    }));
    std::vector<std::pair<std::string, std::string>> const bad{
        {"socket.io#/#", ""},
        {"socket.io#/#", "\xc1"},
        {"socket.io#/#", "\x93\xa1x\x80\x80"},
        {"socket.io#/#r#", std::string("\x93\xa1x\x82\xa4type\x09\xa4"
                                       "data\x91\xa1"
                                       "e\x81\xa5rooms\x90")},
        {"socket.io-request#/#", "{"},
        {"socket.io-request#/#", R"({"type":99})"},
        {"socket.io-request#/#", R"({"type":5,"opts":{"rooms":[]}})"},
        {"socket.io-request#/#", R"({"type":6,"data":{}})"},
        {"socket.io-request#/#", R"({"type":2,"opts":{"rooms":[]},"rooms":7})"},
        {"socket.io-response#/#", R"({"type":8})"},
        {"socket.io-response#/#", R"({"sockets":[7],"requestId":"x"})"},
    };
    // an event for nobody here is not even read, nor is an answer to somebody else
    for (std::string_view const bytes : {"", "\xc1", "\x93\xa1x\x80\x80", "{"})
        spy.ask({"PUBLISH", "socket.io#/#empty#", bytes});
    spy.ask({"PUBLISH", "socket.io-response#/#", R"({"requestId":"x","sockets":[7]})"});
    spy.next();
    for (auto const& [channel, bytes] : bad) spy.ask({"PUBLISH", channel, bytes});
    for (auto const& [channel, bytes] : bad)
        if (channel == "socket.io-response#/#") spy.next();
    spy.ask({"PUBLISH", "socket.io-request#/#", R"({"type":0,"requestId":"q","rooms":["r"]})"});
    CHECK(spy.next().second == R"({"requestId":"q","sockets":[")" + here.id + "\"]}");
    spy.ask({"PUBLISH", "socket.io-request#/#", R"({"type":1,"requestId":"q"})"});
    CHECK(json::parse(spy.next().second).at("rooms").size() == 2);
    spy.ask({"PUBLISH", "socket.io-request#/#",
             R"({"type":2,"requestId":"q","sid":")" + here.id + R"(","room":"old"})"});
    CHECK(spy.next().second == R"({"requestId":"q"})");
    CHECK(a.fetch("old").second.size() == 1);
    // as node's emitter does
    sio::redis_emitter(spy.connection()).to("old").emit("e", 1);
    CHECK(here.get() == "2[\"e\",1]");
    std::size_t counted = 0;
    for (auto const& [reason, n] : a.io().counters()->refusals())
        if (reason == "Malformed message of another server") counted = n;
    CHECK(counted == bad.size());
}

TEST_CASE("who comes back has missed nothing that others sent to a room without members") {
    if (!redis_server::installed()) return;
    redis_server r;
    sio::options o = redis_node::with(sio::redis_adapter(at(r)));
    o.recovery.emplace();
    socketio_service a(o);
    a.io().on_connection([](sio::socket const& s) { s.join("r"); });
    std::optional<socketio_peer> c(std::in_place, a);
    c->join();
    std::string const pid = support::text_member(c->joined(), "pid");
    redis_node b(sio::redis_adapter(at(r)));
    REQUIRE(eventually([&] { return b.fetch("r").second.size() == 1; }));
    for (std::vector<std::string> const& rooms : {std::vector<std::string>{"r"}, {"r", "x"}}) {
        a.io().emit("first");
        std::string const first = c->get();
        REQUIRE(first.starts_with(R"(2["first",")"));
        std::string const offset = first.substr(11, first.size() - 13);
        c.reset();
        REQUIRE(eventually([&] { return a.io().of("/").size() == 0; }));
        auto to = b.io().to(rooms.front());
        if (rooms.size() > 1) to = to.to(rooms.back());
        to.emit("missed");
        CHECK(b.fetch("r").second.empty());  // a has read what was before
        c.emplace(a);
        std::string const missed =
            c->ask(R"(0{"pid":")" + pid + R"(","offset":")" + offset + R"("})");
        CHECK(missed.starts_with(R"(2["missed",")"));
        REQUIRE(c->get().starts_with("0{"));
    }
}

TEST_CASE("answers go to the server alone that has asked, once it is seen to hear them") {
    if (!redis_server::installed()) return;
    bool const always = GENERATE(false, true);
    redis_server r;
    redis_spy spy(r);
    auto const adapter = [&] {
        return sio::redis_adapter(at(r), {.publish_on_specific_response_channel = always});
    };
    redis_node a(adapter());
    redis_node b(adapter());
    redis_client there(b, "r");
    REQUIRE(eventually([&] { return a.fetch("r").second.size() == 1; }));
    spy.hear(redis::subscription::pattern, "socket.io-response*");
    spy.hear(redis::subscription::channel, "socket.io-request#/#");
    // the question says who asks
    REQUIRE(eventually([&] {
        CHECK(a.fetch("r").second.size() == 1);
        auto const [to, question] = spy.next();
        CHECK(to == "socket.io-request#/#");
        auto const [channel, answer] = spy.next();
        CHECK(json::parse(answer).at("requestId") == json::parse(question).at("requestId"));
        std::string const uid = json::parse(question).at("uid");
        return channel == "socket.io-response#/#" + uid + "#";
    }));
    // one that hears no channel of its own, and one that does not say who it is
    for (std::string const who : {R"("uid":"nobody",)", ""}) {
        for (int i = 0; i < 3; ++i) {
            spy.ask(
                {"PUBLISH", "socket.io-request#/#",
                 "{" + who + R"("requestId":"q","type":5,"opts":{"rooms":["r"],"except":[]}})"});
            spy.next();
            for (int answers = 0; answers < 2; ++answers)
                CHECK(spy.next().first == (always && !who.empty() ? "socket.io-response#/#nobody#"
                                                                  : "socket.io-response#/#"));
        }
    }
}

TEST_CASE("the channels of a sharded server come and go with its rooms") {
    if (!redis_server::installed()) return;
    redis_server r;
    redis_spy spy(r);
    redis_node a(sio::sharded_redis_adapter(at(r), {.channel_prefix = "k"}));
    auto const subscribers = [&](std::string const& channel) {
        return spy.ask({"PUBSUB", "SHARDNUMSUB", channel})[1].number().value_or(-1);
    };
    CHECK(eventually([&] { return subscribers("k#/#") == 1; }));
    std::optional<redis_client> here(std::in_place, a, "room");
    CHECK(eventually([&] { return subscribers("k#/#room#") == 1; }));
    CHECK(subscribers("k#/#" + here->id + "#") == 0);
    CHECK(here->ask("21[\"leave\",\"room\"]") == "31[true]");
    CHECK(eventually([&] { return subscribers("k#/#room#") == 0; }));
    here.reset();
}

TEST_CASE("without Redis the clients of a server are served, and the others when it is back") {
    if (!redis_server::installed()) return;
    bool const sharded = GENERATE(false, true);
    redis_server r;
    redis_node a(adapter_of(sharded, at(r)));
    redis_node b(adapter_of(sharded, at(r)));
    REQUIRE(eventually([&] { return a.polled() == 1 && b.polled() == 1; }));
    redis_client here(a, "r");
    redis_client there(b, "r");
    r.kill();
    REQUIRE(eventually([&] { return a.fetch("r").first == sio::error::servers_unreachable; }));
    auto const [ec, all] = a.fetch("r");
    REQUIRE(all.size() == 1);
    CHECK(all.front().id() == here.id);
    a.io().to("r").emit("own");
    CHECK(here.get() == "2[\"own\"]");
    CHECK(eventually([&] { return a.error_count() >= 1; }));
    r.start();
    CHECK(eventually([&] { return a.fetch("r").second.size() == 2; }));
    a.io().to("r").emit("both");
    std::string got = there.get();
    while (got == "2[\"own\"]") got = there.get();
    CHECK(got == "2[\"both\"]");
    CHECK(here.get() == "2[\"both\"]");
}

TEST_CASE("a sharded server that goes says so, and is waited for no more") {
    if (!redis_server::installed()) return;
    redis_server r;
    auto const patient = [&] {
        return sio::sharded_redis_adapter(at(r), {.requests_timeout = 60s});
    };
    redis_node a(patient());
    std::optional<redis_node> b(std::in_place, patient());
    REQUIRE(eventually([&] { return a.polled() == 1; }));
    std::promise<void> asked;
    b->io().of("/").on_server_side("never",
                                   [&](sio::arguments const&, auto const&) { asked.set_value(); });
    std::promise<hh::error_code> answered;
    a.io().server_side_emit(
        "never", [&](hh::error_code ec, std::vector<json> const&) { answered.set_value(ec); });
    asked.get_future().wait();
    b.reset();
    CHECK_FALSE(answered.get_future().get());
}

TEST_CASE("an emitter says what node's emitters say") {
    if (!redis_server::installed()) return;
    redis_server r;
    redis_spy spy(r);
    spy.hear(redis::subscription::pattern, "k*");
    sio::redis_emitter const io(spy.connection(), "k");
    io.to("x").except("y").volatile_().emit("e", 1);
    auto const [channel, bytes] = spy.next();
    CHECK(channel == "k#/#x#");
    CHECK(bytes ==
          "\x93\xa7"
          "emitter\x83\xa4type\x02\xa4"
          "data\x92\xa1"
          "e\x01\xa3nsp\xa1/\x83\xa5"
          "rooms\x91\xa1x\xa5"
          "flags\x81\xa8volatile\xc3\xa6"
          "except\x91\xa1y");
    io.of("other").in("x").sockets_join("m");
    CHECK(spy.next() == std::pair<std::string, std::string>(
                            "k-request#/other#",
                            R"({"type":2,"opts":{"rooms":["x"],"except":[]},"rooms":["m"]})"));
    io.sockets_leave("m");
    CHECK(spy.next().second == R"({"type":3,"opts":{"rooms":[],"except":[]},"rooms":["m"]})");
    io.disconnect_sockets();
    CHECK(spy.next().second == R"({"type":4,"opts":{"rooms":[],"except":[]},"close":false})");
    io.server_side_emit("note", 1);
    CHECK(spy.next().second == R"({"uid":"emitter","type":6,"data":["note",1]})");
    CHECK_NOTHROW(io.async_flush(asio::use_future).get());
}

TEST_CASE("a server over Redis hears a namespace that comes again, though the old one is kept") {
    if (!redis_server::installed()) return;
    redis_server const r;
    bool const sharded = GENERATE(false, true);
    support::returning_namespace t(sharded ? sio::sharded_redis_adapter(at(r))
                                           : sio::redis_adapter(at(r)));
    CHECK(t.is_heard());
    REQUIRE(t.is_empty());
    CHECK(t.is_heard());
}
