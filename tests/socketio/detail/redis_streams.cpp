// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/redis_streams.hpp>

#include <httphooks/socketio/cluster_message.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/idle_link.hpp"

namespace sio = httphooks::socketio;
using sio::detail::redis_stream_ear;
using list = std::vector<std::string>;

namespace {

/// Notes the events that clients get, each with its place in the stream.
struct noting_link final : support::idle_link {
    void receive(sio::cluster_message m, std::string_view offset) override {
        got.push_back(m.packet.text + std::string(offset));
    }
    void malformed() noexcept override { got.emplace_back("malformed"); }

    list got{};
};

/// What a namespace hears, and a stream to which its events are added.
struct ear_test {
    ear_test() { ear.open(link); }

    /// An event leaves for the stream. @return its number
    std::uint64_t add(std::string const& name) {
        return ear.keep(std::make_shared<std::string const>(data_of(name)));
    }
    /// It is read from there.
    void read(std::string const& name, std::string const& offset) {
        std::string const data = data_of(name);
        ear.on_entry({offset, link->own_uid, "/", "3", data});
    }
    static std::string data_of(std::string const& name) {
        sio::cluster_message m;
        m.type = sio::cluster_message_type::broadcast;
        m.packet.text = "[\"" + name + "\"]";
        return sio::encode_data(m).text;
    }

    std::shared_ptr<noting_link> link = std::make_shared<noting_link>();
    redis_stream_ear ear{true};
};

}  // namespace

TEST_CASE("an event that came back before its reply was lost is not delivered again") {
    ear_test t;
    auto const a = t.add("a");
    t.read("a", "1-0");
    t.ear.deliver_lost(a, true);
    t.ear.deliver_all();
    CHECK(t.link->got == list{R"(["a"]1-0)"});
}

TEST_CASE("events whose replies were lost are delivered in their order, and once") {
    ear_test t;
    t.add("a");
    auto const b = t.add("b");
    t.add("c");
    t.ear.deliver_lost(b, true);
    CHECK(t.link->got == list{R"(["a"])", R"(["b"])"});
    for (auto const* const each : {"a", "b", "c"}) t.read(each, "2-0");
    CHECK(t.link->got == list{R"(["a"])", R"(["b"])", R"(["c"]2-0)"});
}

TEST_CASE("what has not come back when Redis goes is delivered in front of what follows") {
    ear_test t;
    t.add("a");
    t.add("b");
    t.ear.on_away();
    CHECK(t.link->got == list{R"(["a"])", R"(["b"])"});
    t.link->got.clear();
    // the next of the same content is another, whether or not the first is in the stream
    t.add("a");
    t.read("a", "3-0");
    CHECK(t.link->got == list{R"(["a"]3-0)"});
    t.read("a", "3-1");
    t.read("b", "3-2");
    CHECK(t.link->got.size() == 1);
    t.read("b", "3-3");
    CHECK(t.link->got.size() == 2);
}

TEST_CASE("an event that did not leave, or was refused, is doubted by nobody") {
    ear_test t;
    CHECK(t.ear.forget(t.add("a")));
    t.ear.deliver_all();
    CHECK(t.link->got.empty());
    // Redis went between the two: it was delivered with the others
    auto const x = t.add("x");
    t.ear.on_away();
    CHECK_FALSE(t.ear.forget(x));
    CHECK(t.link->got == list{R"(["x"])"});
    t.link->got.clear();
    t.ear.deliver_lost(t.add("b"), false);
    t.read("b", "4-0");
    CHECK(t.link->got == list{R"(["b"])", R"(["b"]4-0)"});
}
