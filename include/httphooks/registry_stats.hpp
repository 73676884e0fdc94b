// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a registry has counted.
*/

#include <httphooks/config.hpp>

#include <cstdint>

namespace httphooks {

/// What a registry has counted since it was created, and what it is doing now.
struct registry_stats {
    /// Exchanges that have begun and whose reply is not handed over yet.
    std::uint64_t exchanges = 0;
    /// Asynchronous listeners that are running.
    std::uint64_t listeners = 0;
    /// Calls of `done`, or of a context, that came after the hook's part was over.
    std::uint64_t late_calls = 0;
    /// Runs of hooks that exceeded their time limit.
    std::uint64_t timeouts = 0;
    /// Listeners that were not started because too many were running.
    std::uint64_t dropped_listeners = 0;
    /// Requests from which `x-httphooks-*` headers were removed.
    std::uint64_t spoofed_control_headers = 0;
};

}  // namespace httphooks
