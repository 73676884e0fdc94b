// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What connections to PostgreSQL can be told: where it is, how long they wait, what may wait for
    them.
*/

#include <chrono>
#include <cstddef>
#include <string>

namespace httphooks::postgres {

/// What becomes of a query for which there is no room.
enum class queue_policy {
    /// It fails, with error::queue_full.
    fail,
    /// The queries that wait longest fail, with error::dropped, until there is room.
    drop,
};

/// The options of a connection.
struct options {
    /** Where the server is, and who asks: `host=db user=me dbname=app`, or
        `postgresql://me:secret@db/app?sslmode=verify-full`; what is not said is taken from the
        environment, as PostgreSQL's own programs take it.
        @par Source
        PostgreSQL manual, libpq, connection strings */
    std::string conninfo{};

    /// For name resolution, connecting, TLS and login.
    std::chrono::milliseconds connect_timeout{5'000};
    /// How long a query may wait for its result, the time included that it waits for its turn or
    /// for a connection. When one that was sent has none by then, the connection is given up. 0:
    /// for ever.
    std::chrono::milliseconds query_timeout{5'000};
    /// How long nothing may come from the server before it is asked whether it is there, with an
    /// empty query. 0: it is never asked.
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

    /// Bytes of queries that may wait for their turn or for a connection. 0: a query fails with
    /// error::not_connected while there is no connection, and else waits for its turn, as far as
    /// that is 1 MiB.
    std::size_t queue_limit = 8 * 1024 * 1024;
    /// What becomes of queries beyond that.
    queue_policy queue_full = queue_policy::fail;
};

}  // namespace httphooks::postgres
