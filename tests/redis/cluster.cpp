// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/error.hpp>
#include <httphooks/redis/hash_slot.hpp>
#include <httphooks/redis/subscriber.hpp>

#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/redis_peer.hpp"
#include "support/redis_server.hpp"

namespace redis = httphooks::redis;
namespace asio = boost::asio;
using httphooks::error_code;
using redis::connection_state;
using support::redis_peer;
using support::redis_server;
using namespace std::chrono_literals;

namespace {

/// Three servers that are one.
struct redis_cluster {
    std::array<std::unique_ptr<redis_server>, 3> servers{};

    redis_cluster() {
        constexpr std::array slots{"0 5460", "5461 10922", "10923 16383"};
        std::array<std::string, 3> bus{};
        for (std::size_t i = 0; i < 3; ++i) {
            bus[i] = std::to_string(redis_server::free_port());
            servers[i] = std::make_unique<redis_server>(
                std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-port", bus[i]});
            servers[i]->ask("CLUSTER ADDSLOTSRANGE " + std::string(slots[i]));
            servers[i]->ask("CLUSTER SET-CONFIG-EPOCH " + std::to_string(i + 1));
        }
        for (std::size_t i = 1; i < 3; ++i)
            servers[0]->ask("CLUSTER MEET 127.0.0.1 " + std::to_string(servers[i]->port()) + " " +
                            bus[i]);
        for (auto& s : servers) wait_until_ready(*s);
    }

    redis_server& owner(std::string_view key) {
        return *servers[redis::hash_slot(key) / 5461 > 2 ? 2 : redis::hash_slot(key) / 5461];
    }
    std::string id(redis_server& s) {
        std::string const reply = s.ask("CLUSTER MYID");
        return reply.substr(reply.find('\n') + 1, 40);
    }
    /// Gives a slot to another node.
    void move_slot(std::uint16_t slot, redis_server& to) {
        for (auto& s : servers)
            s->ask("CLUSTER SETSLOT " + std::to_string(slot) + " NODE " + id(to));
    }

private:
    static void wait_until_ready(redis_server& s) {
        auto const until = std::chrono::steady_clock::now() + 20s;
        for (;;) {
            std::string const info = s.ask("CLUSTER INFO");
            if (info.find("cluster_state:ok") != info.npos &&
                info.find("cluster_known_nodes:3") != info.npos)
                return;
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error(info);
            std::this_thread::yield();
        }
    }
};

struct cluster_client {
    asio::io_context context{1};
    std::optional<redis::connection> connection{};
    std::optional<redis::subscriber> subscriber{};
    std::vector<std::string> heard{};

    explicit cluster_client(std::string url) {
        redis::options o;
        o.url = std::move(url);
        o.reconnect_delay = 5ms;
        o.reconnect_delay_max = 50ms;
        connection.emplace(context.get_executor(), o);
        subscriber.emplace(context.get_executor(), o);
        subscriber->on_message([this](redis::message const& m) {
            heard.push_back(std::string(m.channel).append(" ").append(m.payload));
        });
    }
    ~cluster_client() {
        connection.reset();
        subscriber.reset();
        context.restart();
        context.run_for(5s);
    }

    template <class Condition>
    bool until(Condition c) {
        auto const end = std::chrono::steady_clock::now() + 20s;
        context.restart();
        while (!c()) {
            if (std::chrono::steady_clock::now() > end) return false;
            context.run_one_for(50ms);
            if (context.stopped()) context.restart();
        }
        return true;
    }
    redis::value ask(redis::arguments a, error_code* failure = nullptr) {
        bool done = false;
        redis::value reply;
        connection->async_command(std::move(a), [&](error_code ec, redis::value v) {
            done = true;
            reply = std::move(v);
            if (failure) *failure = ec;
        });
        REQUIRE(until([&] { return done; }));
        return reply;
    }
    error_code settle() {
        std::optional<error_code> result;
        subscriber->async_settle([&](error_code ec) { result = ec; });
        REQUIRE(until([&] { return result.has_value(); }));
        return *result;
    }
};

}  // namespace

TEST_CASE("commands go to the node of a cluster that has the key") {
    if (!redis_server::installed()) return;
    redis_cluster cluster;
    cluster_client c(cluster.servers[0]->url());
    for (int i = 0; i < 60; ++i) {
        std::string const key = "key" + std::to_string(i);
        CHECK(c.ask({"SET", key, i}).text() == "OK");
        CHECK(cluster.owner(key).ask("GET " + key) != "$-1\r\n");
        CHECK(c.ask({"GET", key}).number() == i);
    }
    CHECK(c.ask({"PING"}).text() == "PONG");
    CHECK(c.connection->stats().connections == 3);
    CHECK(c.connection->stats().sent == 121);

    redis::transaction t;
    t.add({"SET", "{tag}a", "1"}).add({"GET", "{tag}a"});
    std::optional<redis::value> reply;
    c.connection->async_transaction(std::move(t),
                                    [&](error_code, redis::value v) { reply = std::move(v); });
    REQUIRE(c.until([&] { return reply.has_value(); }));
    CHECK((*reply)[1].text() == "1");
}

TEST_CASE("sharded messages cross a cluster of three, whatever node has the channel") {
    if (!redis_server::installed()) return;
    redis_cluster cluster;
    cluster_client a(cluster.servers[0]->url());
    cluster_client b(cluster.servers[2]->url());
    std::vector<std::string> channels;
    for (int i = 0; i < 30; ++i) channels.push_back("channel" + std::to_string(i));
    for (auto const& name : channels) a.subscriber->ssubscribe(name);
    a.subscriber->subscribe("plain");
    CHECK_FALSE(a.settle());
    CHECK(a.subscriber->is_connected());
    CHECK(a.subscriber->stats().connections == 3);
    for (auto const& name : channels) {
        redis::value const counted = b.ask({"PUBSUB", "SHARDNUMSUB", name});
        CHECK(counted[1].number() == 1);
        CHECK(b.ask({"SPUBLISH", name, "x"}).number() == 1);
    }
    b.ask({"PUBLISH", "plain", "x"});
    REQUIRE(a.until([&] { return a.heard.size() == 31; }));
    for (auto const& name : channels) a.subscriber->sunsubscribe(name);
    CHECK_FALSE(a.settle());
    for (auto const& name : channels) CHECK(b.ask({"SPUBLISH", name, "x"}).number() == 0);
}

TEST_CASE("a slot may move to another node") {
    if (!redis_server::installed()) return;
    redis_cluster cluster;
    cluster_client c(cluster.servers[0]->url());
    std::string const name = "moving";
    c.subscriber->ssubscribe(name);
    CHECK_FALSE(c.settle());
    c.ask({"SPUBLISH", name, "1"});
    redis_server& from = cluster.owner(name);
    redis_server& to = *cluster.servers[&from == cluster.servers[0].get() ? 1 : 0];
    cluster.move_slot(redis::hash_slot(name), to);
    // the old node has told the subscriber to go
    REQUIRE(c.until([&] { return to.ask("PUBSUB SHARDNUMSUB " + name).ends_with(":1\r\n"); }));
    error_code ec;
    CHECK(c.ask({"SPUBLISH", name, "2"}, &ec).number() == 1);
    CHECK_FALSE(ec);
    CHECK(c.ask({"SET", name, "x"}).text() == "OK");
    REQUIRE(c.until([&] { return c.heard.size() == 2; }));
    CHECK(c.heard[1] == "moving 2");
}

TEST_CASE("a slot that is on its way is asked for where a node says") {
    if (!redis_server::installed()) return;
    redis_cluster cluster;
    cluster_client c(cluster.servers[0]->url());
    std::string const key = "going";
    redis_server& from = cluster.owner(key);
    redis_server& to = *cluster.servers[&from == cluster.servers[0].get() ? 1 : 0];
    std::string const slot = std::to_string(redis::hash_slot(key));
    to.ask("CLUSTER SETSLOT " + slot + " IMPORTING " + cluster.id(from));
    from.ask("CLUSTER SETSLOT " + slot + " MIGRATING " + cluster.id(to));
    // the key is not there any more: ASK
    error_code ec;
    CHECK(c.ask({"SET", key, "x"}, &ec).text() == "OK");
    CHECK_FALSE(ec);
    CHECK(c.ask({"GET", key}).text() == "x");
    CHECK(from.ask("GET " + key).starts_with("-ASK"));
}

TEST_CASE("a node that is away takes its channels away alone, and brings them back") {
    if (!redis_server::installed()) return;
    redis_cluster cluster;
    cluster_client c(cluster.servers[0]->url());
    std::string on_third;
    for (int i = 0; on_third.empty(); ++i)
        if (std::string const name = "c" + std::to_string(i);
            &cluster.owner(name) == cluster.servers[2].get())
            on_third = name;
    c.subscriber->ssubscribe(on_third);
    c.subscriber->subscribe("plain");
    CHECK_FALSE(c.settle());
    cluster.servers[2]->kill();
    REQUIRE(c.until([&] { return c.subscriber->state() == connection_state::away; }));
    c.ask({"PUBLISH", "plain", "x"});
    REQUIRE(c.until([&] { return c.heard.size() == 1; }));
    cluster.servers[2]->start();
    REQUIRE(c.until([&] { return c.subscriber->is_connected(); }));
    REQUIRE(c.until([&] {
        return cluster.servers[2]->ask("PUBSUB SHARDNUMSUB " + on_third).ends_with(":1\r\n");
    }));
}

TEST_CASE("nodes that send a command to one another end it") {
    asio::io_context context(1);
    std::string moved;
    auto const answer = [&](redis_peer::words const& w) {
        return w[0] == "GET" ? moved : std::string("greet");
    };
    redis_peer first(context, answer);
    redis_peer second(context, answer);
    for (char const* const kind : {"MOVED", "ASK"}) {
        moved = "-" + std::string(kind) + " 1 127.0.0.1:" + std::to_string(second.port()) + "\r\n";
        redis::connection connection(context.get_executor(), {first.url()});
        error_code ec;
        connection.async_command({"GET", "key"},
                                 [&](error_code e, redis::value const&) { ec = e; });
        auto const end = std::chrono::steady_clock::now() + 20s;
        while (!ec && std::chrono::steady_clock::now() < end) context.run_one_for(50ms);
        CHECK(ec == redis::error::redirection_limit);
        connection.close();
        context.restart();
    }
    first.stop();
    second.stop();
    context.run_for(1s);
}

TEST_CASE("a node is asked for the slots itself, whatever becomes known before it can be") {
    asio::io_context context(1);
    std::string slots, moved;
    int asked_of_first = 0;
    int asked_of_second = 0;
    redis_peer first(context, [&](redis_peer::words const& w) {
        if (w != redis_peer::words{"CLUSTER", "SLOTS"})
            return std::string(w[0] == "GET" ? "+OK\r\n" : "greet");
        ++asked_of_first;
        return slots;
    });
    redis_peer second(context, [&](redis_peer::words const& w) {
        if (w == redis_peer::words{"CLUSTER", "SLOTS"}) {
            ++asked_of_second;
            return slots;
        }
        return std::string(w[0] == "GET" ? "" : w[0] == "SET" ? "+OK\r\n" : "greet");
    });
    std::string const port = std::to_string(second.port());
    slots = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + port + "\r\n";
    moved = "-MOVED 15495 127.0.0.1:" + std::to_string(first.port()) + "\r\n";
    redis::options o;
    o.url = first.url();
    o.reconnect_delay = 1ms;
    o.queue_limit = 256 * 1024 * 1024;
    redis::connection connection(context.get_executor(), o);
    auto const until = [&](auto holds) {
        auto const end = std::chrono::steady_clock::now() + 20s;
        context.restart();
        while (!holds() && std::chrono::steady_clock::now() < end) context.run_one_for(50ms);
        return holds();
    };
    int answered = 0;
    auto const ask = [&](redis::arguments command) {
        connection.async_command(std::move(command),
                                 [&](error_code, redis::value const&) { ++answered; });
    };
    ask({"GET", "a"});
    REQUIRE(until([&] { return second.commands().size() == 1; }));
    // while that is written, the other answer comes, and the slots from the first node
    ask({"SET", "b", std::string(32 * 1024 * 1024, 'x')});
    context.poll_one();
    second.say(moved);
    first.hang_up();
    REQUIRE(until([&] { return answered == 2 && first.connections() == 2; }));
    REQUIRE(until([&] { return asked_of_second == 1; }));
    CHECK(asked_of_first == 2);
    connection.close();
    first.stop();
    second.stop();
    context.run_for(1s);
}

TEST_CASE("a command times out behind a question for the slots that is not answered") {
    asio::io_context context(1);
    int questions = 0;
    int commands = 0;
    std::string moved;
    redis_peer peer(context, [&](redis_peer::words const& w) {
        if (w == redis_peer::words{"CLUSTER", "SLOTS"})
            return std::string(++questions == 1 ? "greet" : "");
        if (w[0] != "GET") return std::string("greet");
        ++commands;
        return commands == 1 ? moved : std::string(commands == 2 ? "+OK\r\n" : "");
    });
    moved = "-MOVED 1 127.0.0.1:" + std::to_string(peer.port()) + "\r\n";
    redis::options o;
    o.url = peer.url();
    o.command_timeout = 200ms;
    o.connect_timeout = 60s;
    redis::connection connection(context.get_executor(), o);
    auto const ask = [&] {
        std::optional<error_code> result;
        connection.async_command({"GET", "key"},
                                 [&](error_code ec, redis::value const&) { result = ec; });
        auto const end = std::chrono::steady_clock::now() + 20s;
        context.restart();
        while (!result && std::chrono::steady_clock::now() < end) context.run_one_for(50ms);
        REQUIRE(result);
        return *result;
    };
    CHECK_FALSE(ask());
    CHECK(questions == 2);
    CHECK(ask() == asio::error::timed_out);
    connection.close();
    peer.stop();
    context.restart();
    context.run_for(1s);
}
