// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a WebSocket connection takes, and how long it waits.
*/

#include <httphooks/websocket/message_limits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace httphooks::websocket {

class message_deflate;

/// What becomes of a message that exceeds connection_options::output_limit.
enum class overflow : std::uint8_t {
    /// It is dropped and the connection is closed with policy_violation.
    close,
    /// It is dropped; send() gives false.
    drop,
    /// It is sent all the same, and events::overflow is called.
    tell,
};

/** What a connection takes and how long it waits. Deadlines are checked every 50 ms. */
struct connection_options {
    /// How much of a message is taken.
    message_limits message{};
    /// Bytes that may wait for the client behind what it was given before; a single message may be
    /// of any size. When nothing waits, whatever one turn of the event loop sends is taken.
    std::size_t output_limit = 1024 * 1024;
    /// What becomes of a message that exceeds it.
    overflow on_overflow = overflow::close;
    /// How long nothing may have come before a ping is sent; 0: no pings.
    std::chrono::milliseconds ping_interval{30'000};
    /// A ping is sent every ping_interval, whatever comes meanwhile.
    bool ping_always = false;
    /// How long after a ping something has to come; else events::unanswered is called, or the
    /// connection is cut.
    std::chrono::milliseconds pong_timeout{30'000};
    /// How long the other side may take to answer a close frame, and to close; RFC 6455 7.1.1.
    std::chrono::milliseconds close_timeout{5'000};
    /// How long the other side may take no byte of what waits for it; then the connection is cut.
    std::chrono::milliseconds write_timeout{30'000};
    /// Has messages compressed where the other side takes it: `zlib_deflate()` of
    /// websocket/zlib_deflate.hpp; null: they are not. The limits are of messages as they were
    /// before that.
    std::shared_ptr<message_deflate const> per_message_deflate{};
};

}  // namespace httphooks::websocket
