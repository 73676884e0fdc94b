// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/token_buckets.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace httphooks::detail {

HTTPHOOKS_DECL token_buckets::token_buckets(std::size_t most)
    : sets_(std::bit_ceil((std::max<std::size_t>(most, 1) + ways - 1) / ways)),
      stripes_(std::make_unique<std::array<stripe, stripes>>()) {}

HTTPHOOKS_DECL token_buckets::attempt token_buckets::take(std::uint64_t key, std::int64_t now,
                                                          std::int64_t interval,
                                                          std::int64_t depth) noexcept {
    std::size_t const at = static_cast<std::size_t>(key) & (sets_.size() - 1);
    set& candidates = sets_[at];
    std::lock_guard const lock((*stripes_)[at % stripes].mutex);
    auto const known = std::ranges::find(candidates, key, &bucket::key);
    bucket& mine = known != candidates.end()
                       ? *known
                       : *std::ranges::min_element(candidates, {}, &bucket::full_at);
    if (known == candidates.end()) mine = {key, now};
    std::int64_t const missing = std::max(mine.full_at, now) - now;
    std::int64_t const wait = missing + interval - depth;
    if (wait > 0) return {false, missing, wait};
    mine.full_at = now + missing + interval;
    return {true, missing + interval, 0};
}

}  // namespace httphooks::detail
