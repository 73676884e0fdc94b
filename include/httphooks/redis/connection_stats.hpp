// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What connections to Redis count.
*/

#include <cstdint>

namespace httphooks::redis {

/// What a connection counts, since it was made.
struct connection_stats {
    /// Commands that were sent.
    std::uint64_t sent = 0;
    /// Commands that were not sent, because there was no connection, no room, or no time.
    std::uint64_t dropped = 0;
    /// Commands that were sent, and whose replies were lost.
    std::uint64_t lost = 0;
    /// How often there was a connection; in a cluster, with any of its nodes.
    std::uint64_t connections = 0;
    /// Bytes that wait to be sent now.
    std::uint64_t queued = 0;
};

}  // namespace httphooks::redis
