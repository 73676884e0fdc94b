// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which errors were told already, of those that are told once.
*/

#include <httphooks/error.hpp>

#include <atomic>
#include <cstdint>

namespace httphooks::detail {

/// The errors that the error handler was told of, a bit each.
class told_once {
public:
    told_once() = default;
    /// A copy belongs to somebody else, of whom nothing was told.
    told_once(told_once const&) noexcept {}
    told_once& operator=(told_once const&) = delete;

    /// Whether it is the first time. Thread-safe.
    bool first(error what) noexcept {
        std::uint64_t const bit = std::uint64_t{1} << static_cast<unsigned>(what);
        return (told_.load(std::memory_order_relaxed) & bit) == 0 &&
               (told_.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
    }

private:
    static_assert(static_cast<unsigned>(error::form_limit) < 64);

    std::atomic<std::uint64_t> told_{0};
};

}  // namespace httphooks::detail
