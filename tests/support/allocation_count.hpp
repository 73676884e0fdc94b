// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The count of allocations, in programs of which one source file has support/allocations.hpp.
*/

#include <cstdint>

namespace httphooks::test {

/// How often the calling thread has allocated.
inline std::uint64_t& allocations() noexcept {
    thread_local std::uint64_t count = 0;
    return count;
}

}  // namespace httphooks::test
