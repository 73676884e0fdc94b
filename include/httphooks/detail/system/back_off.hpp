// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How long a connection to a store waits before it is opened again.
*/

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace httphooks::detail {

/** The delay before an attempt.
    @param o has reconnect_delay, reconnect_delay_max and reconnect_jitter
    @param attempt how many have failed before, since there was a connection
    @param chance any 32 bits: how much of the part that is left to chance is taken away */
template <class Options>
std::chrono::milliseconds back_off(Options const& o, unsigned attempt,
                                   std::uint32_t chance) noexcept {
    auto const longest = std::max<std::int64_t>(o.reconnect_delay_max.count(), 0);
    auto delay = std::clamp<std::int64_t>(o.reconnect_delay.count(), 0, longest);
    for (; attempt > 0 && delay < longest && delay > 0; --attempt)
        delay = std::min(delay * 2, longest);
    double const part = std::clamp(o.reconnect_jitter, 0.0, 1.0) * (chance / 4294967296.0);
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(delay) * (1.0 - part)));
}

}  // namespace httphooks::detail
