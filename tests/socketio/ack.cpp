// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/ack.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sio = httphooks::socketio;
namespace detail = httphooks::socketio::detail;

namespace {

struct recorder final : detail::ack_target {
    void acknowledge(std::uint64_t id, detail::payload&& answer) override {
        ++calls;
        last = std::to_string(id) + answer.text;
        attachments = answer.attachments;
    }

    std::atomic<int> calls = 0;
    std::string last;
    std::vector<std::string> attachments;
};

}  // namespace

TEST_CASE("an acknowledgement answers once, whichever copy is called") {
    auto const target = std::make_shared<recorder>();
    sio::acknowledgement const ack(target, 7);
    sio::acknowledgement const copy = ack;
    CHECK(ack);
    copy(1, "two", sio::bytes{"3"});
    ack(4);
    copy();
    CHECK(target->calls == 1);
    CHECK(target->last == R"(7[1,"two",{"_placeholder":true,"num":0}])");
    CHECK(target->attachments == std::vector<std::string>{"3"});
}

TEST_CASE("an acknowledgement without arguments is an empty array") {
    auto const target = std::make_shared<recorder>();
    sio::acknowledgement const ack(target, 0);
    ack();
    CHECK(target->last == "0[]");
}

TEST_CASE("an acknowledgement that nobody asked for does nothing") {
    sio::acknowledgement const none;
    CHECK_FALSE(none);
    none(1);
}

TEST_CASE("an acknowledgement after the client has gone does nothing") {
    auto target = std::make_shared<recorder>();
    sio::acknowledgement const ack(target, 1);
    target.reset();
    ack(1);
    CHECK(ack);
}

TEST_CASE("of many threads one acknowledges") {
    auto const target = std::make_shared<recorder>();
    sio::acknowledgement const ack(target, 1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([ack, i] { ack(i); });
    for (auto& t : threads) t.join();
    CHECK(target->calls == 1);
}
