// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Waiting for what another thread brings about.
*/

#include <chrono>
#include <thread>

namespace support {

/// Waits for a condition, at most twenty seconds. @return whether it came
template <class Condition>
bool eventually(Condition c) {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!c()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace support
