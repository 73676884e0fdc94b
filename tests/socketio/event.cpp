// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/event.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace sio = httphooks::socketio;

TEST_CASE("the name of an event is a text or a number, the same as its text") {
    sio::event_name const text("7");
    sio::event_name const number(7);
    CHECK_FALSE(text.is_number());
    CHECK(number.is_number());
    CHECK(number.text() == "7");
    CHECK(text == number);
    CHECK(sio::event_name(0).text() == "0");
    CHECK(sio::event_name(std::numeric_limits<std::int64_t>::min()).text() ==
          "-9223372036854775808");
    sio::event_name const copy = sio::event_name(std::uint64_t{12});
    CHECK(copy.text() == "12");
    CHECK(sio::event_name(std::string("say")).text() == "say");
    CHECK(sio::event_name(std::string_view()).text().empty());
}

TEST_CASE("six names are reserved, others like them are not") {
    for (auto const name : {"connect", "connect_error", "disconnect", "disconnecting",
                            "newListener", "removeListener"})
        CHECK(sio::is_reserved_event(name));
    for (auto const name : {"connection", "error", "", "Connect", "connected", "message"})
        CHECK_FALSE(sio::is_reserved_event(name));
}
