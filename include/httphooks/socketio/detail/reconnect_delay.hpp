// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How long a client waits before it connects again.
*/

#include <httphooks/socketio/client_options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace httphooks::socketio::detail {

/** The delay before an attempt.
    @param attempt from 0 on
    @param chance from -1 to 1: how much of the randomization_factor is applied
    @par Source
    socket.io-client 4.8, contrib/backo2.ts */
inline std::chrono::milliseconds reconnect_delay(client_options const& o, std::size_t attempt,
                                                 double chance) {
    auto const longest = static_cast<double>(o.reconnection_delay_max.count());
    auto const doublings = static_cast<double>(std::min<std::size_t>(attempt, 62));
    double const plain = static_cast<double>(o.reconnection_delay.count()) * std::exp2(doublings);
    double const factor = std::clamp(o.randomization_factor, 0.0, 1.0);
    double const moved = plain + plain * factor * chance;
    return std::chrono::milliseconds(
        static_cast<std::chrono::milliseconds::rep>(std::clamp(moved, 0.0, longest)));
}

}  // namespace httphooks::socketio::detail
