// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How long servers of a cluster wait for each other.
*/

#include <chrono>
#include <cstddef>

namespace httphooks::socketio {

/// The options of a cluster; those of node's adapters.
struct cluster_options {
    /// How long answers of other servers are waited for.
    std::chrono::milliseconds requests_timeout{5'000};
    /// After how long without a message a server tells that it is there.
    std::chrono::milliseconds heartbeat_interval{5'000};
    /// After how long without a message a server is taken for gone.
    std::chrono::milliseconds heartbeat_timeout{10'000};
    /// Questions that may wait for answers at a time; one more fails at once.
    std::size_t max_requests = 10'000;
};

}  // namespace httphooks::socketio
