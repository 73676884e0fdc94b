// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a WebSocket connection tells the application.
*/

#include <httphooks/message.hpp>
#include <httphooks/websocket/close_code.hpp>

#include <functional>
#include <string_view>

namespace httphooks::websocket {

class connection;

/// A message; data is good until the handler returns.
struct message {
    /// UTF-8 for a text.
    std::string_view data{};
    /// Whether it is bytes and not a text.
    bool binary = false;
    /// Whether it is compressed when it is sent, where that was agreed on.
    bool compress = true;
};

/// How a connection ended.
struct close_reason {
    /// What the other side's close frame says, no_status when it says nothing; what was wrong when
    /// this side failed the connection; abnormal when there was no close frame.
    close_code code = close_code::abnormal;
    /// The reason in the other side's close frame; good until the handler returns.
    std::string_view text{};
    /// Whether the other side sent a close frame.
    bool clean = false;
};

/** What a connection calls, on its executor; null: nothing.

    What a handler throws fails the connection with internal_error.
*/
struct events {
    /// The connection is open. The request or what was answered to it is good until it returns.
    std::function<void(connection&, request const& handshake)> open{};
    /// A message has come, whole.
    std::function<void(connection&, websocket::message const&)> message{};
    /// The connection has ended; called once for each that was open, and the last.
    std::function<void(connection&, close_reason const&)> close{};
    /// Everything that waited for the client has been written, after it was 64 KiB or more, or
    /// after connection::expect_drain().
    std::function<void(connection&)> drain{};
    /// A message exceeds the output limit; with overflow::tell.
    std::function<void(connection&)> overflow{};
    /// Nothing has come for connection_options::pong_timeout; unless it closes the connection, that
    /// is cut.
    std::function<void(connection&)> unanswered{};
};

}  // namespace httphooks::websocket
