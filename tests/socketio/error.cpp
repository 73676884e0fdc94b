// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>

namespace sio = httphooks::socketio;

TEST_CASE("each error of Socket.IO has words of its own") {
    std::set<std::string> words;
    int const last = static_cast<int>(sio::error::messages_missed);
    for (int i = 1; i <= last; ++i) {
        httphooks::error_code const e = static_cast<sio::error>(i);
        CHECK(e.category() == sio::error_category());
        CHECK(words.insert(e.message()).second);
        CHECK(e.message() != "unknown error");
    }
    CHECK(sio::error_category().message(0) == "unknown error");
    CHECK(std::string(sio::error_category().name()) == "httphooks.socketio");
    httphooks::error_code const late = sio::error::ack_timed_out;
    CHECK(late.message() == "operation has timed out");
}
