// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Memory that is fetched before it is needed.
*/

#include <cstddef>
#include <cstdint>

namespace httphooks::detail {

/** Has the processor fetch memory, and does not wait for it. Nothing is read: there may be less.
    @param first where it begins
    @param size how many bytes, at least 1 */
inline void prefetch([[maybe_unused]] void const* first,
                     [[maybe_unused]] std::size_t size) noexcept {
#if defined(__GNUC__)
    constexpr std::uintptr_t line = 64;
    auto const begin = reinterpret_cast<std::uintptr_t>(first);
    for (auto at = begin & ~(line - 1); at < begin + size; at += line)
        __builtin_prefetch(reinterpret_cast<void const*>(at));
#endif
}

}  // namespace httphooks::detail
