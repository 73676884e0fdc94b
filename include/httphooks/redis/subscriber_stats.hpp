// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What subscribers to Redis count.
*/

#include <cstdint>

namespace httphooks::redis {

/// What a subscriber counts, since it was made.
struct subscriber_stats {
    /// Messages that have come.
    std::uint64_t messages = 0;
    /// How often there was a connection.
    std::uint64_t connections = 0;
    /// Subscriptions that the server has refused.
    std::uint64_t refused = 0;
};

}  // namespace httphooks::redis
