// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What connections to Redis can be told: where it is, how long they wait, what may wait for them.
*/

#include <httphooks/http/client_stream.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace httphooks::redis {

/// What becomes of a command for which there is no room.
enum class queue_policy {
    /// It fails, with error::queue_full.
    fail,
    /// The commands that wait longest fail, with error::dropped, until there is room.
    drop,
};

/// The options of a connection, and of a subscriber.
struct options {
    /** Where the server is: `redis://[[user]:password@]host[:port][/database]`, with `rediss` for
        TLS; or `unix://[[user]:password@]/path[?db=database]`. Percent escapes stand for bytes. */
    std::string url = "redis://127.0.0.1:6379";
    /// Makes the streams for rediss, see http::tls_streams(); null: it is not supported.
    http::client_stream_factory tls{};

    /// For name resolution, connecting, the TLS handshake, and what a connection begins with.
    std::chrono::milliseconds connect_timeout{5'000};
    /// How long a command may wait for its reply, the time included that it waits for a connection.
    /// When one that was sent has no reply by then, the connection is given up. 0: for ever.
    std::chrono::milliseconds command_timeout{5'000};
    /// How long nothing may come from the server before it is asked whether it is there, with PING.
    /// 0: it is never asked.
    std::chrono::milliseconds health_check_interval{10'000};
    /// How long it may take to answer that; then the connection is given up.
    std::chrono::milliseconds health_check_timeout{5'000};

    /// The delay before the first attempt to connect again; it doubles with each that fails.
    std::chrono::milliseconds reconnect_delay{100};
    /// The longest delay.
    std::chrono::milliseconds reconnect_delay_max{2'000};
    /// How much of a delay is left to chance, so that not all servers come back at once: from this
    /// part less, to nothing less.
    double reconnect_jitter = 0.5;

    /// Bytes of commands that may wait to be sent, because there is no connection, or the server
    /// reads slowly. 0: a command fails with error::not_connected while there is no connection.
    std::size_t queue_limit = 8 * 1024 * 1024;
    /// What becomes of commands beyond that.
    queue_policy queue_full = queue_policy::fail;

    /// Bytes of a reply, or of a message to a subscriber.
    std::size_t reply_limit = 64 * 1024 * 1024;
    /// Values in a reply, arrays counted too.
    std::size_t reply_elements = 1024 * 1024;
    /// How deep arrays may be nested in a reply; hiredis before 1.0 takes 7 at most.
    std::size_t reply_depth = 7;
};

}  // namespace httphooks::redis
