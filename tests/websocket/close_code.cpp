// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/websocket/close_code.hpp>

#include "support/catch.hpp"

using httphooks::websocket::close_code;
using httphooks::websocket::may_be_sent;

TEST_CASE("a close frame may have the codes that RFC 6455 and the registry give to endpoints") {
    auto const may = [](int n) { return may_be_sent(static_cast<close_code>(n)); };
    for (int const n : {1000, 1001, 1002, 1003, 1007, 1010, 1014, 3000, 3999, 4000, 4999}) {
        CAPTURE(n);
        CHECK(may(n));
    }
    for (int const n : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535}) {
        CAPTURE(n);
        CHECK_FALSE(may(n));
    }
}

TEST_CASE("codes that blame the other side's input say what was wrong, others nothing") {
    CHECK(to_string(close_code::protocol_error) == "Protocol error");
    CHECK(to_string(close_code::invalid_payload) == "Invalid payload");
    CHECK(to_string(close_code::too_big) == "Message too big");
    CHECK(to_string(close_code::normal).empty());
    CHECK(to_string(close_code::going_away).empty());
}
