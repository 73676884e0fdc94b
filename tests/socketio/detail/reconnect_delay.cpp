// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/reconnect_delay.hpp>

#include <chrono>
#include <cstddef>

#include "support/catch.hpp"

using namespace std::chrono_literals;
namespace sio = httphooks::socketio;
using sio::detail::reconnect_delay;

TEST_CASE("delays double up to the longest, and are changed by at most half") {
    sio::client_options o;
    CHECK(reconnect_delay(o, 0, 0) == 1s);
    CHECK(reconnect_delay(o, 1, 0) == 2s);
    CHECK(reconnect_delay(o, 2, 0) == 4s);
    CHECK(reconnect_delay(o, 3, 0) == 5s);
    CHECK(reconnect_delay(o, 0, -1) == 500ms);
    CHECK(reconnect_delay(o, 0, 1) == 1500ms);
    CHECK(reconnect_delay(o, 2, -1) == 2s);
    CHECK(reconnect_delay(o, 100'000, -1) == 5s);
    o.randomization_factor = 0;
    CHECK(reconnect_delay(o, 0, 1) == 1s);
    o.randomization_factor = 7;
    CHECK(reconnect_delay(o, 0, -1) == 0ms);
    o.reconnection_delay = 0ms;
    CHECK(reconnect_delay(o, 1'000, 1) == 0ms);
}
