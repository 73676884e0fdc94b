// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Token buckets of many clients, in memory that does not grow.
*/

#include <httphooks/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

namespace httphooks::detail {

/** Token buckets by key.

    A bucket is the time at which it is full again. Those of which the last bits are equal share the
    places of one set. A new one takes the place of that which is full first: mostly it is full
    already, and nothing is lost.

    @par Thread safety
    All members may be called from all threads.
*/
class token_buckets {
public:
    /// What became of an attempt; durations in nanoseconds.
    struct attempt {
        bool allowed;
        /// Until the bucket is full again.
        std::int64_t until_full;
        /// Until it has a token; 0 when it has one.
        std::int64_t until_next;
    };

    /// @param most buckets; rounded up to a power of two
    explicit token_buckets(std::size_t most);

    /** Takes a token, if there is one. Allocates nothing.
        @param key whose; well mixed
        @param now in nanoseconds, not going back
        @param interval the time that a token takes to come back, from 1
        @param depth the time that an empty bucket takes to be full, from `interval` */
    attempt take(std::uint64_t key, std::int64_t now, std::int64_t interval,
                 std::int64_t depth) noexcept;

    /// How many buckets there is room for.
    std::size_t size() const noexcept { return sets_.size() * ways; }

private:
    static constexpr std::size_t ways = 8;
    static constexpr std::size_t stripes = 64;

    struct bucket {
        std::uint64_t key = 0;
        std::int64_t full_at = std::numeric_limits<std::int64_t>::min();
    };
    using set = std::array<bucket, ways>;
    struct alignas(64) stripe {
        std::mutex mutex{};
    };

    std::vector<set> sets_;
    std::unique_ptr<std::array<stripe, stripes>> stripes_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/token_buckets.ipp>
#endif
