// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Deadlines of time-outs that may be as long as a duration can be.
*/

#include <algorithm>
#include <chrono>

namespace httphooks::detail {

/// When a time-out that begins now is over; time_point::max() if the clock never tells.
inline std::chrono::steady_clock::time_point deadline_after(
    std::chrono::milliseconds timeout,
    std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now()) noexcept {
    using clock = std::chrono::steady_clock;
    auto const most = std::chrono::duration_cast<std::chrono::milliseconds>(
        clock::time_point::max() - std::max(now, clock::time_point()));
    return timeout < most ? now + timeout : clock::time_point::max();
}

}  // namespace httphooks::detail
