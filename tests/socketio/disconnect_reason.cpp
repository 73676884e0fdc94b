// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/disconnect_reason.hpp>

#include "support/catch.hpp"

#include <set>
#include <string_view>

namespace eio = httphooks::engineio;
namespace sio = httphooks::socketio;
using reason = sio::disconnect_reason;

TEST_CASE("each reason of a disconnection has words of its own, those of node") {
    std::set<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(reason::server_namespace_disconnect); ++i)
        words.insert(to_string(static_cast<reason>(i)));
    CHECK(words.size() == 9);
    CHECK(to_string(reason::client_namespace_disconnect) == "client namespace disconnect");
    CHECK(to_string(reason::forced_server_close) == "forced server close");
}

TEST_CASE("the end of an Engine.IO connection disconnects with the same words") {
    for (int i = 0; i <= static_cast<int>(eio::close_reason::server_shutting_down); ++i) {
        auto const why = static_cast<eio::close_reason>(i);
        CHECK(to_string(sio::to_disconnect_reason(why)) == to_string(why));
    }
}

TEST_CASE("who left, was sent away or broke the protocol does not come back to its state") {
    for (int i = 0; i <= static_cast<int>(reason::server_namespace_disconnect); ++i) {
        auto const why = static_cast<reason>(i);
        bool const over = why == reason::parse_error ||
                          why == reason::client_namespace_disconnect ||
                          why == reason::server_namespace_disconnect;
        CAPTURE(to_string(why));
        CHECK(is_recoverable(why) == !over);
    }
}
