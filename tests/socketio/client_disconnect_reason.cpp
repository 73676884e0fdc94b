// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/client_disconnect_reason.hpp>

#include "support/catch.hpp"

#include <set>
#include <string_view>

namespace eio = httphooks::engineio;
namespace sio = httphooks::socketio;
using client_reason = sio::client_disconnect_reason;

TEST_CASE("each reason of a client's disconnection has words of its own, those of node's client") {
    std::set<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(client_reason::forced_close); ++i)
        words.insert(to_string(static_cast<client_reason>(i)));
    CHECK(words.size() == 7);
    CHECK(to_string(client_reason::io_server_disconnect) == "io server disconnect");
    CHECK(to_string(client_reason::io_client_disconnect) == "io client disconnect");
}

TEST_CASE("a client says the end of its Engine.IO connection in the same words") {
    for (int i = 0; i < static_cast<int>(eio::close_reason::server_shutting_down); ++i) {
        auto const why = static_cast<eio::close_reason>(i);
        CHECK(to_string(sio::to_client_disconnect_reason(why)) == to_string(why));
    }
    // a server that shuts down closes, as far as a client knows
    CHECK(sio::to_client_disconnect_reason(eio::close_reason::server_shutting_down) ==
          client_reason::transport_close);
}
