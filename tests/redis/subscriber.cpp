// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/subscriber.hpp>

#include <httphooks/redis/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
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
using redis::subscription;
using support::redis_peer;
using support::redis_server;
using namespace std::chrono_literals;

namespace {

/// A subscriber on a context of its own, and what it hears.
struct redis_listener {
    asio::io_context context{1};
    std::optional<redis::subscriber> subscriber{};
    std::vector<std::string> heard{};
    std::vector<connection_state> states{};
    std::vector<std::string> refused{};
    error_code why{};

    explicit redis_listener(std::string url) {
        redis::options o;
        o.url = std::move(url);
        o.reconnect_delay = 5ms;
        o.reconnect_delay_max = 50ms;
        open(std::move(o));
    }
    explicit redis_listener(redis::options o) { open(std::move(o)); }
    ~redis_listener() {
        subscriber.reset();
        context.restart();
        context.run_for(5s);
    }

    void open(redis::options o) {
        subscriber.emplace(context.get_executor(), std::move(o));
        subscriber->on_message([this](redis::message const& m) {
            std::string text(1, "cps"[static_cast<std::size_t>(m.kind)]);
            text.append(" ").append(m.channel).append(" ").append(m.payload);
            if (m.kind == subscription::pattern) text.append(" by ").append(m.pattern);
            heard.push_back(std::move(text));
        });
        subscriber->on_state([this](connection_state s, error_code ec) {
            states.push_back(s);
            why = ec;
        });
        subscriber->on_refused([this](subscription, std::string_view name, std::string_view text) {
            refused.push_back(std::string(name).append(": ").append(text.substr(0, 6)));
        });
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
    bool reaches(connection_state s) {
        return until([&] { return subscriber->state() == s; });
    }
    error_code settle() {
        std::optional<error_code> result;
        subscriber->async_settle([&](error_code ec) { result = ec; });
        REQUIRE(until([&] { return result.has_value(); }));
        return *result;
    }
    bool hears(std::size_t n) {
        return until([&] { return heard.size() >= n; });
    }
};

/// Answers subscriptions as Redis does.
std::string subscribe_answer(redis_peer::words const& w) {
    std::string name = w[0];
    for (char& c : name) c = static_cast<char>(c | 0x20);
    if (name.find("subscribe") == name.npos) return "greet";
    return "*3\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n$" +
           std::to_string(w[1].size()) + "\r\n" + w[1] + "\r\n:1\r\n";
}

std::string names_of(std::vector<redis_peer::words> const& commands) {
    std::string text;
    for (auto const& c : commands)
        text.append(text.empty() ? "" : ", ").append(c[0]).append(" ").append(c.at(1));
    return text;
}

}  // namespace

TEST_CASE("channels, patterns and channels of shards are heard") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_listener l(server.url());
    l.subscriber->subscribe("news");
    l.subscriber->psubscribe("news.*");
    l.subscriber->ssubscribe("shard");
    CHECK_FALSE(l.settle());
    CHECK(l.subscriber->is_connected());
    CHECK(l.states == std::vector{connection_state::connecting, connection_state::connected});

    CHECK(server.ask("PUBLISH news one") == ":1\r\n");
    CHECK(server.ask("PUBLISH news.x two") == ":1\r\n");
    CHECK(server.ask("SPUBLISH shard three") == ":1\r\n");
    CHECK(server.ask("PUBLISH other four") == ":0\r\n");
    REQUIRE(l.hears(3));
    std::ranges::sort(l.heard);
    CHECK(l.heard ==
          std::vector<std::string>{"c news one", "p news.x two by news.*", "s shard three"});
    CHECK(l.subscriber->stats().messages == 3);

    l.subscriber->unsubscribe("news");
    l.subscriber->punsubscribe("news.*");
    l.subscriber->sunsubscribe("shard");
    l.subscriber->unsubscribe("never subscribed");
    CHECK_FALSE(l.settle());
    CHECK(server.ask("PUBLISH news one") == ":0\r\n");
    CHECK(server.ask("PUBLISH news.x two") == ":0\r\n");
    CHECK(server.ask("SPUBLISH shard three") == ":0\r\n");
}

TEST_CASE("a message may be large, and any bytes") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_listener l(server.url());
    l.subscriber->subscribe("c");
    CHECK_FALSE(l.settle());
    std::string const large(400'000, 'x');
    CHECK(server.ask("EVAL \"return redis.call('publish','c',string.rep('x',400000))\" 0") ==
          ":1\r\n");
    CHECK(server.ask("PUBLISH c \"\\x00\\r\\n\"") == ":1\r\n");
    REQUIRE(l.hears(2));
    CHECK(l.heard[0] == "c c " + large);
    CHECK(l.heard[1] == "c c " + std::string("\0\r\n", 3));
}

TEST_CASE("what is left and entered again before the answer is in stays subscribed") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_listener l(server.url());
    for (int round = 0; round < 20; ++round) {
        l.subscriber->subscribe("room");
        CHECK_FALSE(l.settle());
        l.subscriber->unsubscribe("room");
        l.context.poll();  // it is on its way
        l.subscriber->subscribe("room");
        CHECK_FALSE(l.settle());
        CHECK(server.ask("PUBLISH room x") == ":1\r\n");
        REQUIRE(l.hears(static_cast<std::size_t>(round) + 1));
    }
}

TEST_CASE("while an answer is awaited nothing else is asked for that channel") {
    std::vector<std::string> answers;
    redis_listener l("redis://127.0.0.1");
    redis_peer server(l.context, [&](redis_peer::words const& w) {
        std::string const answer = subscribe_answer(w);
        if (answer == "greet") return answer;
        answers.push_back(answer);
        return std::string();
    });
    l.open(redis::options{server.url()});
    l.subscriber->subscribe("a");
    REQUIRE(l.until([&] { return answers.size() == 1; }));
    l.subscriber->unsubscribe("a");
    l.subscriber->subscribe("a");
    l.subscriber->unsubscribe("a");
    l.subscriber->subscribe("b");
    REQUIRE(l.until([&] { return answers.size() == 2; }));
    CHECK(names_of(server.commands()) == "SUBSCRIBE a, SUBSCRIBE b");
    CHECK(l.subscriber->state() == connection_state::connecting);
    server.say(answers[0] + answers[1]);
    REQUIRE(l.until([&] { return answers.size() == 3; }));
    CHECK(names_of(server.commands()) == "SUBSCRIBE a, SUBSCRIBE b, UNSUBSCRIBE a");
    server.say(answers[2]);
    REQUIRE(l.reaches(connection_state::connected));
    CHECK_FALSE(l.settle());
    CHECK(server.commands().size() == 3);
}

TEST_CASE("everything wanted is subscribed again before connected is told") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_listener l(server.url());
    for (int i = 0; i < 500; ++i) l.subscriber->subscribe("room" + std::to_string(i));
    l.subscriber->psubscribe("p*");
    CHECK_FALSE(l.settle());
    server.kill();
    REQUIRE(l.reaches(connection_state::away));
    l.subscriber->unsubscribe("room7");
    l.subscriber->subscribe("another");
    server.start();
    REQUIRE(l.reaches(connection_state::connected));
    CHECK(server.ask("PUBLISH room7 x") == ":0\r\n");
    CHECK(server.ask("PUBLISH room499 x") == ":1\r\n");
    CHECK(server.ask("PUBLISH another x") == ":1\r\n");
    CHECK(server.ask("PUBLISH pp x") == ":1\r\n");
    REQUIRE(l.hears(3));
    CHECK(l.states == std::vector{connection_state::connecting, connection_state::connected,
                                  connection_state::away, connection_state::connected});
    CHECK(l.subscriber->stats().connections == 2);
}

TEST_CASE("a subscriber waits for a server that is absent at the start") {
    if (!redis_server::installed()) return;
    redis_server server;
    server.kill();
    redis_listener l(server.url());
    l.subscriber->subscribe("a");
    REQUIRE(l.reaches(connection_state::away));
    CHECK(l.why == asio::error::connection_refused);
    server.start();
    REQUIRE(l.reaches(connection_state::connected));
    CHECK(server.ask("PUBLISH a x") == ":1\r\n");
}

TEST_CASE("a subscription that the server refuses is told, and the others stand") {
    if (!redis_server::installed()) return;
    redis_server server({"--user", "anna", "on", ">pw", "&good*", "+@pubsub", "+ping"});
    redis_listener l("redis://anna:pw@127.0.0.1:" + std::to_string(server.port()));
    l.subscriber->subscribe("good");
    l.subscriber->subscribe("bad");
    l.subscriber->psubscribe("good*");
    l.subscriber->psubscribe("*");
    CHECK_FALSE(l.settle());
    CHECK(l.refused == std::vector<std::string>{"bad: NOPERM", "*: NOPERM"});
    CHECK(l.subscriber->is_connected());
    CHECK(l.subscriber->stats().refused == 2);
    CHECK(server.ask("PUBLISH good x") == ":2\r\n");
    REQUIRE(l.hears(2));
    l.subscriber->unsubscribe("bad");
    l.subscriber->subscribe("bad");
    CHECK_FALSE(l.settle());
    CHECK(l.refused.size() == 3);
}

TEST_CASE("a password that is wrong is told") {
    if (!redis_server::installed()) return;
    redis_server server({"--requirepass", "right"});
    redis_listener l("redis://:wrong@127.0.0.1:" + std::to_string(server.port()));
    l.subscriber->subscribe("a");
    REQUIRE(l.reaches(connection_state::away));
    CHECK(l.why == redis::error::authentication_failed);
}

TEST_CASE("a subscriber finds out that the server is silent") {
    redis_listener l("redis://127.0.0.1");
    bool silent = false;
    redis_peer server(l.context, [&](redis_peer::words const& w) {
        if (w[0] == "PING" && silent) return std::string();
        return subscribe_answer(w);
    });
    redis::options o{server.url()};
    o.health_check_interval = 20ms;
    o.health_check_timeout = 20ms;
    o.reconnect_delay = 5ms;
    l.open(o);
    l.subscriber->subscribe("a");
    REQUIRE(l.reaches(connection_state::connected));
    silent = true;
    REQUIRE(l.reaches(connection_state::away));
    CHECK(l.why == asio::error::timed_out);
    silent = false;
    REQUIRE(l.reaches(connection_state::connected));
    CHECK(names_of(server.commands()) == "SUBSCRIBE a, SUBSCRIBE a");
}

TEST_CASE("what handlers of a subscriber throw leaves the event loop, and it goes on") {
    redis_listener l(redis::options{});
    redis_peer peer(l.context, [](redis_peer::words const& w) {
        return w[0] == "SUBSCRIBE" && w[1] == "no" ? std::string("-NOPERM no\r\n")
                                                   : subscribe_answer(w);
    });
    l.open({.url = peer.url(), .reconnect_delay = 5ms});
    std::vector<std::string> heard;
    l.subscriber->on_message([&](redis::message const& m) {
        heard.emplace_back(m.payload);
        throw std::runtime_error("message");
    });
    l.subscriber->on_state(
        [&](connection_state, error_code) { throw std::runtime_error("state"); });
    l.subscriber->on_refused([&](subscription, std::string_view, std::string_view) {
        throw std::runtime_error("refused");
    });
    int thrown = 0;
    auto const until = [&](auto holds) {
        for (;;) try {
                return l.until(holds);
            } catch (std::runtime_error const&) {
                ++thrown;
            }
    };
    l.subscriber->subscribe("no");
    l.subscriber->subscribe("yes");
    l.subscriber->async_settle([&](error_code) { throw std::runtime_error("settled"); });
    // two states, one refusal, what was waited for
    REQUIRE(until([&] { return l.subscriber->is_connected() && thrown == 4; }));
    std::string const message = "*3\r\n$7\r\nmessage\r\n$3\r\nyes\r\n$1\r\n";
    peer.say(message + "1\r\n" + message + "2\r\n");
    REQUIRE(until([&] { return thrown == 6; }));
    peer.say(message + "3\r\n");
    REQUIRE(until([&] { return thrown == 7; }));
    CHECK(heard == std::vector<std::string>{"1", "2", "3"});
    peer.hang_up();
    REQUIRE(until([&] { return thrown == 10 && l.subscriber->is_connected(); }));
    l.subscriber->close();
    REQUIRE(until([&] { return thrown == 11; }));
    peer.stop();
}

TEST_CASE("messages may come in any pieces") {
    redis_listener l("redis://127.0.0.1");
    redis_peer server(l.context, subscribe_answer);
    server.in_pieces = true;
    l.open(redis::options{server.url()});
    l.subscriber->subscribe("a");
    l.subscriber->psubscribe("b*");
    CHECK_FALSE(l.settle());
    server.say(
        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n"
        "*4\r\n$8\r\npmessage\r\n$2\r\nb*\r\n$2\r\nbx\r\n$0\r\n\r\n"
        "*3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\n1\r\n");
    REQUIRE(l.hears(3));
    CHECK(l.heard == std::vector<std::string>{"c a hello", "p bx  by b*", "s s 1"});
}

TEST_CASE("messages are the same wherever a read ends, and whatever comes between them") {
    std::string const large(150'000, '\n');
    std::string const small =
        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\n\r\n$1\r\n"
        "*4\r\n$8\r\npmessage\r\n$2\r\nb*\r\n$2\r\nbx\r\n$0\r\n\r\n";
    std::string const between = small + "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:3\r\n" + small +
                                "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$150000\r\n" + large + "\r\n" +
                                small;
    std::string answer;
    redis_listener l("redis://127.0.0.1");
    redis_peer server(l.context, [&](redis_peer::words const& w) {
        return w.size() == 2 && w[1] == "c" ? answer : subscribe_answer(w);
    });
    l.open(redis::options{server.url()});
    l.subscriber->subscribe("a");
    l.subscriber->psubscribe("b*");
    CHECK_FALSE(l.settle());
    std::vector<std::string> const two{"c a \r\n$1", "p bx  by b*"};
    for (std::size_t n = 0; n <= small.size(); ++n) {
        CAPTURE(n);
        l.heard.clear();
        std::size_t const first = small.find("*4");
        if (n != 0) server.say(small.substr(0, n));
        if (n >= first) REQUIRE(l.hears(1));
        l.context.poll();
        if (n != small.size()) server.say(small.substr(n));
        REQUIRE(l.hears(2));
        CHECK(l.heard == two);
    }
    for (bool const pieces : {false, true}) {
        if (pieces)
            answer = small +
                     between.substr(0, between.find("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$150000"));
        else
            answer = between;
        server.in_pieces = pieces;
        l.heard.clear();
        l.subscriber->subscribe("c");
        REQUIRE(l.hears(pieces ? 6 : 7));
        CHECK_FALSE(l.settle());
        CHECK(l.heard[0] == two[0]);
        CHECK(l.heard[3] == two[1]);
        if (!pieces) CHECK(l.heard[4] == "c a " + large);
        CHECK(l.heard.back() == two[1]);
        server.in_pieces = false;
        l.subscriber->unsubscribe("c");
        answer = "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:2\r\n";
        CHECK_FALSE(l.settle());
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("what no server says to a subscriber ends the connection") {
    for (std::string const& text :
         {std::string("*0\r\n"), std::string(":1\r\n"),
          std::string("*3\r\n$9\r\nsubscribe\r\n$1\r\nz\r\n:1\r\n"), std::string("+PONG\r\n"),
          std::string("-ERR nobody asked\r\n"), std::string("*2\r\n$7\r\nmessage\r\n$1\r\na\r\n"),
          std::string("*2\r\n*1\r\n$7\r\nmessage\r\n$1\r\na\r\n"), std::string("$99999999999\r\n"),
          std::string("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$x\r\n"),
          std::string("GET / HTTP/1.1\r\n")}) {
        CAPTURE(text);
        redis_listener l("redis://127.0.0.1");
        redis_peer server(l.context, subscribe_answer);
        redis::options o{server.url()};
        o.reconnect_delay = 5ms;
        l.open(o);
        l.subscriber->subscribe("a");
        REQUIRE(l.reaches(connection_state::connected));
        server.say(text);
        REQUIRE(l.until([&] { return server.connections() == 2; }));
        REQUIRE(l.reaches(connection_state::connected));
        CHECK(l.heard.empty());
    }
}

TEST_CASE("waiting for answers ends in time, and when the subscriber is closed") {
    redis_listener l("redis://127.0.0.1");
    redis_peer server(l.context, [](redis_peer::words const& w) {
        return w[0] == "SUBSCRIBE" ? std::string() : std::string("greet");
    });
    redis::options o{server.url()};
    o.command_timeout = 30ms;
    l.open(o);
    CHECK_FALSE(l.settle());
    l.subscriber->subscribe("a");
    CHECK(l.settle() == asio::error::timed_out);
    std::optional<error_code> before;
    l.subscriber->async_settle([&](error_code ec) { before = ec; });
    l.subscriber->close();
    CHECK(l.settle() == redis::error::closed);
    CHECK(before == redis::error::closed);
    CHECK(l.subscriber->state() == connection_state::closed);
}

TEST_CASE("threads may subscribe while messages come") {
    if (!redis_server::installed()) return;
    redis_server server;
    asio::io_context context(2);
    auto work = asio::make_work_guard(context);
    std::vector<std::thread> running;
    for (int i = 0; i < 2; ++i) running.emplace_back([&] { context.run(); });
    {
        redis::subscriber subscriber(context.get_executor(), {server.url()});
        std::atomic<int> inside{0};
        std::atomic<int> messages{0};
        std::atomic<bool> alone{true};
        subscriber.on_message([&](redis::message const&) {
            if (++inside != 1) alone = false;
            ++messages;
            --inside;
        });
        subscriber.subscribe("all");
        subscriber.async_settle(asio::use_future).get();
        std::vector<std::thread> asking;
        for (int t = 0; t < 3; ++t)
            asking.emplace_back([&, t] {
                for (int i = 0; i < 100; ++i) {
                    std::string const name = "room" + std::to_string((i * 7 + t) % 10);
                    subscriber.want(subscription::channel, name, i % 3 != 0);
                    if (i % 10 == 0) server.ask("PUBLISH all x");
                }
                subscriber.subscribe("end" + std::to_string(t));
                subscriber.async_settle(asio::use_future).get();
            });
        for (auto& t : asking) t.join();
        CHECK(server.ask("PUBSUB NUMSUB end0 end1 end2").find(":0") == std::string::npos);
        CHECK(alone);
        subscriber.close();
    }
    work.reset();
    for (auto& t : running) t.join();
}

TEST_CASE("a handler may close the subscriber, and the last handle does") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_listener l(server.url());
    l.subscriber->subscribe("a");
    CHECK_FALSE(l.settle());
    l.subscriber->on_message([&](redis::message const&) {
        l.heard.emplace_back("closing");
        l.subscriber->close();
    });
    CHECK(server.ask("PUBLISH a x") == ":1\r\n");
    REQUIRE(l.reaches(connection_state::closed));
    CHECK(l.heard.size() == 1);
    l.subscriber.reset();
    l.context.restart();
    l.context.run_for(5s);
    CHECK(l.context.stopped());
}

TEST_CASE("a text in a pattern matches itself alone") {
    CHECK(redis::escape_pattern("a*b?[c]\\") == "a\\*b\\?\\[c]\\\\");
    if (!redis_server::installed()) return;
    redis_server server;
    redis_listener l(server.url());
    l.subscriber->psubscribe(redis::escape_pattern("n[1]*#") + "*");
    CHECK_FALSE(l.settle());
    CHECK(server.ask("PUBLISH n[1]*#x y") == ":1\r\n");
    CHECK(server.ask("PUBLISH n1x#x y") == ":0\r\n");
}
