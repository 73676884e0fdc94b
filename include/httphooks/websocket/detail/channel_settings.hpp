// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the connections of a WebSocket server or client share.
*/

#include <httphooks/server_counters.hpp>
#include <httphooks/websocket/connection_options.hpp>
#include <httphooks/websocket/events.hpp>
#include <httphooks/websocket/frame.hpp>

#include <memory>

namespace httphooks::websocket::detail {

/// What the connections of one server or client share.
struct channel_settings {
    connection_options options{};
    events handlers{};
    role self = role::server;
    /// What is counted; null: nothing.
    std::shared_ptr<server_counters> counters{};
    /// Whether the connections are what the counters count as sessions.
    bool counts_sessions = false;
};

}  // namespace httphooks::websocket::detail
