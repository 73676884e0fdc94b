// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/event_buffer.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

using httphooks::engineio::packet;
using httphooks::socketio::detail::event_buffer;
using namespace std::chrono_literals;

namespace {

constexpr auto for_ever = event_buffer::time_point::max();

event_buffer::messages messages_of(std::vector<std::string> const& texts) {
    event_buffer::messages all;
    for (auto const& t : texts)
        all.emplace_back(httphooks::engineio::packet_type::message, false, t);
    return all;
}

/// The first message of each event.
std::vector<std::string> take(event_buffer& b) {
    std::vector<std::string> texts;
    b.take_all([&](event_buffer::messages const& m) { texts.push_back(m.front().data); });
    return texts;
}

}  // namespace

TEST_CASE("events that wait are given in their order, once") {
    event_buffer b(100);
    CHECK(b.add(messages_of({"one", "attachment"}), for_ever));
    CHECK(b.add(messages_of({"two"}), for_ever));
    CHECK(take(b) == std::vector<std::string>{"one", "two"});
    CHECK(take(b).empty());
}

TEST_CASE("no more bytes wait than the limit, and an event that does not fit is not kept") {
    event_buffer b(10);
    CHECK_FALSE(b.add(messages_of({"123456", "12345"}), for_ever));
    CHECK(b.add(messages_of({"1234"}), for_ever));
    CHECK(b.add(messages_of({"123456"}), for_ever));
    CHECK_FALSE(b.add(messages_of({"1"}), for_ever));
    CHECK(take(b) == std::vector<std::string>{"1234", "123456"});
    CHECK(b.add(messages_of({"1234567890"}), for_ever));
}

TEST_CASE("an event whose time is over is dropped, and makes room") {
    event_buffer b(10);
    event_buffer::time_point const now{};
    CHECK(b.add(messages_of({"first"}), now + 1s));
    CHECK(b.add(messages_of({"later"}), now + 2s));
    b.expire(now);
    CHECK_FALSE(b.add(messages_of({"more"}), for_ever));
    b.expire(now + 1s);
    CHECK(b.add(messages_of({"more"}), for_ever));
    CHECK(take(b) == std::vector<std::string>{"later", "more"});
}
