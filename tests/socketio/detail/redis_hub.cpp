// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/redis_hub.hpp>

#include <httphooks/redis/options.hpp>
#include <httphooks/socketio/cluster_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/idle_link.hpp"
#include "support/redis_peer.hpp"

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace redis = httphooks::redis;
namespace sio = httphooks::socketio;
using sio::detail::redis_hub;
using support::redis_peer;

namespace {

/// Counts what is lost.
struct counting_link final : support::idle_link {
    void lost() noexcept override { ++lost_messages; }

    int lost_messages = 0;
};

struct deaf_listener final : sio::detail::redis_listener {
    void on_message(redis::message const&) override {}
    std::weak_ptr<sio::cluster_link> link() const override { return {}; }
};

struct noting_listener final : sio::detail::redis_listener {
    void on_message(redis::message const& m) override { heard += m.payload; }
    std::weak_ptr<sio::cluster_link> link() const override { return {}; }

    std::string heard{};
};

/// A hub, with a server that answers publications as a test wants.
struct hub_test {
    explicit hub_test(std::function<std::string(std::string const& payload)> f)
        : answer(std::move(f)), server(context, [this](redis_peer::words const& w) {
              if (w[0] == "PUBLISH") {
                  published += w[2];
                  return answer(w[2]);
              }
              if (w[0] == "SUBSCRIBE")
                  return "*3\r\n$9\r\nsubscribe\r\n$1\r\n" + w[1] + "\r\n:1\r\n";
              return w[0] == "ASK" ? unanswered + ":7\r\n" : std::string("greet");
          }) {
        redis::options o;
        o.url = server.url();
        hub = redis_hub::make(context.get_executor(), o);
        hub->enter();
        hub->want(redis::subscription::channel, "c", listener);
        hub->settle();
        REQUIRE(until([&] { return hub->is_open(); }));
    }
    ~hub_test() {
        hub->leave();
        server.stop();
        context.restart();
        context.run_for(1s);
    }

    void publish(std::string_view payload) { hub->publish("PUBLISH", "c", payload, link); }

    bool until(std::function<bool()> const& so) {
        auto const end = std::chrono::steady_clock::now() + 20s;
        context.restart();
        while (!so()) {
            if (std::chrono::steady_clock::now() > end) return false;
            context.run_one_for(50ms);
            if (context.stopped()) context.restart();
        }
        return true;
    }

    asio::io_context context{1};
    std::function<std::string(std::string const& payload)> answer;
    std::string published{};
    /// What is answered before the next question.
    std::string unanswered{};
    redis_peer server;
    std::shared_ptr<counting_link> link = std::make_shared<counting_link>();
    std::shared_ptr<deaf_listener> listener = std::make_shared<deaf_listener>();
    std::shared_ptr<redis_hub> hub{};
};

}  // namespace

TEST_CASE("messages of one turn leave in one write, in their order") {
    hub_test t([](std::string const&) { return ":1\r\n"; });
    int const before = t.server.reads();
    for (char const c : std::string("abcdefgh")) t.publish(std::string(1, c));
    bool asked = false;
    t.hub->ask({"ASK"}, [&](hh::error_code ec, redis::value const& v) {
        asked = !ec && v.number() == 7;
        CHECK(t.published == "abcdefgh");
    });
    REQUIRE(t.until([&] { return asked; }));
    CHECK(t.server.reads() == before + 1);
    CHECK(t.link->lost_messages == 0);
}

TEST_CASE("a message goes to who wants its channel by then") {
    hub_test t([](std::string const&) { return ":1\r\n"; });
    auto const first = std::make_shared<noting_listener>();
    auto const second = std::make_shared<noting_listener>();
    t.hub->want(redis::subscription::channel, "x", first);
    auto const say = [&](std::string const& channel, char text) {
        std::size_t const before = first->heard.size() + second->heard.size();
        t.server.say("*3\r\n$7\r\nmessage\r\n$1\r\n" + channel + "\r\n$1\r\n" + text + "\r\n" +
                     "*3\r\n$7\r\nmessage\r\n$1\r\ny\r\n$1\r\n.\r\n");
        return t.until([&] { return first->heard.size() + second->heard.size() > before; });
    };
    auto third = std::make_shared<noting_listener>();
    t.hub->want(redis::subscription::channel, "y", third);
    REQUIRE(t.until([&] { return t.hub->is_open(); }));
    CHECK(say("x", '1'));
    CHECK(say("x", '2'));
    t.hub->want(redis::subscription::channel, "x", second);
    CHECK(say("x", '3'));
    t.hub->forget(redis::subscription::channel, "x", *first);  // another one has come
    CHECK(say("x", '.'));
    t.hub->forget(redis::subscription::channel, "x", *second);
    t.hub->want(redis::subscription::channel, "z", first);
    t.server.say("*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\n4\r\n");
    CHECK(say("z", '5'));
    CHECK((first->heard == "125" && second->heard == "3."));
    REQUIRE(t.until([&] { return third->heard.size() == 5; }));
    third.reset();  // who is gone is not told
    CHECK(say("z", '6'));
    CHECK(first->heard == "1256");
}

TEST_CASE("what is published before a hub is left goes out, if it can at once") {
    bool const busy = GENERATE(false, true);
    hub_test t([&](std::string const&) { return std::string(busy ? "" : ":1\r\n"); });
    for (std::string_view const each : {"a", "b"}) {
        t.publish(each);
        REQUIRE(t.until([&] { return t.published.ends_with(each); }));
    }
    for (char const c : std::string("xyz")) t.publish(std::string(1, c));
    t.hub->leave();
    t.hub->enter();  // for the end
    CHECK(t.until([&] { return t.published == "abxyz"; }));
}

TEST_CASE("what is published when Redis is away is told as lost when the hub is left") {
    hub_test t([](std::string const&) { return ":1\r\n"; });
    t.server.stop();
    REQUIRE(t.until([&] { return !t.hub->is_open(); }));
    t.publish("x");
    CHECK(t.link->lost_messages == 0);
    t.hub->leave();
    t.hub->enter();  // for the end
    REQUIRE(t.until([&] { return t.link->lost_messages == 1; }));
}

TEST_CASE("while two batches are not answered, messages wait for the next") {
    hub_test t([](std::string const&) { return std::string(); });
    for (std::string_view const each : {"a", "b"}) {
        t.publish(each);
        REQUIRE(t.until([&] { return t.published.ends_with(each); }));
    }
    t.publish("c");
    t.context.run_for(50ms);
    CHECK(t.published == "ab");
    bool asked = false;
    t.unanswered = ":1\r\n:1\r\n:1\r\n";
    t.hub->ask({"ASK"}, [&](hh::error_code, redis::value const&) { asked = true; });
    REQUIRE(t.until([&] { return asked; }));
    // a command does not overtake what waits
    CHECK(t.published == "abc");
    for (std::string_view const each : {"d", "e"}) {
        t.publish(each);
        REQUIRE(t.until([&] { return t.published.ends_with(each); }));
    }
    t.publish(std::string(64 * 1024, 'x'));
    CHECK(t.until([&] { return t.published.size() == 5 + 64 * 1024; }));
    CHECK(t.link->lost_messages == 0);
}

TEST_CASE("each message that Redis refuses is told of") {
    hub_test t([](std::string const& payload) {
        return payload == "bad" ? std::string("-NOPERM no\r\n") : std::string(":1\r\n");
    });
    for (std::string_view const each : {"a", "bad", "b", "bad", "c"}) t.publish(each);
    REQUIRE(t.until([&] { return t.link->lost_messages == 2; }));
    for (std::string_view const each : {"a", "b", "bad"}) t.publish(each);
    REQUIRE(t.until([&] { return t.link->lost_messages == 3; }));
    t.publish("end");
    REQUIRE(t.until([&] { return t.published.ends_with("end"); }));
    CHECK(t.link->lost_messages == 3);
}

TEST_CASE("messages without a reply are told of when the connection ends") {
    hub_test t([](std::string const&) { return std::string(); });
    for (int i = 0; i < 5; ++i) t.publish("x");
    REQUIRE(t.until([&] { return t.published == "xxxxx"; }));
    t.publish("y");
    t.hub->leave();
    CHECK(t.until([&] { return t.link->lost_messages == 6; }));
    t.hub->enter();
}

TEST_CASE("a command leaves now, or is not taken") {
    hub_test t([](std::string const&) { return std::string(":1\r\n"); });
    std::vector<hh::error_code> ended;
    auto const ask_now = [&] {
        return t.hub->ask_now({"ASK"},
                              [&](hh::error_code ec, redis::value const&) { ended.push_back(ec); });
    };
    REQUIRE(ask_now());
    REQUIRE(t.until([&] { return ended.size() == 1; }));
    CHECK_FALSE(ended[0]);
    t.server.stop();
    REQUIRE(t.until([&] { return !t.hub->is_open(); }));
    CHECK_FALSE(ask_now());
    bool queued = false;
    t.hub->queue({"ASK"}, [&](hh::error_code, redis::value const&) { queued = true; });
    t.context.run_for(50ms);
    CHECK_FALSE(queued);
    CHECK(ended.size() == 1);
}
