// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Walks over the segments of a path sixteen bytes at a time, and hashes them on the way.
*/

#include <httphooks/config.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace httphooks::detail {

/// The bytes of [p, p + 8), the first in the lowest bits.
inline std::uint64_t load_word(char const* p) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(&word, p, 8);
    else
        for (int i = 7; i >= 0; --i) word = word << 8 | static_cast<unsigned char>(p[i]);
    return word;
}

/// The first eight bytes of a text, the first in the lowest bits, zeros behind a shorter one.
inline std::uint64_t first_word(std::string_view text) noexcept {
    char const* const p = text.data();
    std::size_t const size = text.size();
    if (size >= 8) return load_word(p);
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        if (size >= 4) {
            std::uint32_t low;
            std::uint32_t high;
            std::memcpy(&low, p, 4);
            std::memcpy(&high, p + size - 4, 4);
            return low | std::uint64_t{high} << (8 * (size - 4));
        }
    }
    for (std::size_t i = size; i-- > 0;) word = word << 8 | static_cast<unsigned char>(p[i]);
    return word;
}

/// One segment: where it is, its first sixteen bytes (zeros behind a shorter one), its hash.
struct path_segment {
    std::uint32_t begin;
    std::uint32_t size;
    std::uint64_t words[2];
    std::uint64_t hash;
};

/** Splits a path that holds no byte 0.

    The usual segment, of less than 16 bytes, is found without a branch.
*/
class segment_scanner {
public:
    explicit segment_scanner(std::string_view path) noexcept
        : data_(path.data()), size_(path.size()), last_word_(path.size() - 8) {
        if (path.size() >= 8) return;
        if (!path.empty()) std::memcpy(short_, path.data(), path.size());
        data_ = short_;
        last_word_ = 0;
    }
    segment_scanner(segment_scanner const&) = delete;
    segment_scanner& operator=(segment_scanner const&) = delete;

    /** The segment at `begin`, less than the path's size; it ends before '/' or at the end.

        @param hashed whether the hash of one of 16 bytes or more is asked for
    */
    path_segment at(std::size_t begin, bool hashed = true) const noexcept {
        block const b = load(begin);
        path_segment segment{static_cast<std::uint32_t>(begin),
                             static_cast<std::uint32_t>(b.size),
                             {b.words[0], b.words[1]},
                             mix(b, 0)};
        if (b.size == 16) [[unlikely]] {
            if (hashed)
                extend(segment);
            else
                extend_unhashed(segment);
        }
        return segment;
    }

private:
    struct block {
        std::uint64_t words[2];
        std::size_t size;
    };

    void extend(path_segment& segment) const noexcept {
        std::size_t position = segment.begin + 16;
#if defined(__SSE2__)
        for (__m128i const slash = _mm_set1_epi8('/'); position + 16 <= size_; position += 16) {
            __m128i const bytes =
                _mm_loadu_si128(reinterpret_cast<__m128i const*>(data_ + position));
            if (_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, slash)) != 0) break;
            block const b{{load_word(data_ + position), load_word(data_ + position + 8)}, 16};
            segment.hash = mix(b, segment.hash);
        }
#endif
        while (position < size_) {
            block const b = load(position);
            position += b.size;
            if (b.size > 0) segment.hash = mix(b, segment.hash);
            if (b.size < 16) break;
        }
        segment.size = static_cast<std::uint32_t>(position - segment.begin);
    }

    void extend_unhashed(path_segment& segment) const noexcept {
        std::string_view const path(data_, size_);
        std::size_t const end = std::min(path.find('/', segment.begin + 16), size_);
        segment.size = static_cast<std::uint32_t>(end - segment.begin);
    }

    /// The bytes from `position` to the next '/', the end, or 16 of them.
    block load(std::size_t position) const noexcept {
        std::uint64_t const first = word_at(position);
        std::uint64_t const second = word_at(position + 8);
        std::uint64_t const first_end = ends(first);
        std::uint64_t const second_end = ends(second);
        auto const low = static_cast<std::size_t>(std::countr_zero(first_end)) / 8;
        auto const high = static_cast<std::size_t>(std::countr_zero(second_end)) / 8;
        std::uint64_t const whole = first_end ? 0 : ~std::uint64_t{0};
        return {{first & below(first_end), second & below(second_end) & whole},
                low + (high & static_cast<std::size_t>(whole))};
    }

    /// Eight bytes; zeros behind the end.
    std::uint64_t word_at(std::size_t position) const noexcept {
        std::size_t const from = position < last_word_ ? position : last_word_;
        std::size_t const shift = 8 * (position - from);
        std::uint64_t const word = load_word(data_ + from) >> (shift & 63);
        return shift < 64 ? word : 0;
    }

    /// The top bit of the first byte that is '/' or 0, and perhaps of later ones.
    static std::uint64_t ends(std::uint64_t word) noexcept {
        constexpr std::uint64_t ones = 0x0101010101010101u;
        std::uint64_t const x = word ^ (ones * '/');
        std::uint64_t const slash = (x - ones) & ~x;
        std::uint64_t const zero = (word - ones) & ~word;
        return (slash | zero) & (ones << 7);
    }

    /// The bits of the bytes before the first marked one; all when none is.
    static std::uint64_t below(std::uint64_t marks) noexcept {
        return ((marks - 1) & ~marks) >> 7 | ((marks ? 0 : ~std::uint64_t{0}));
    }

    static std::uint64_t mix(block const& b, std::uint64_t seed) noexcept {
        std::uint64_t const hash =
            (b.words[0] + seed) * 0x9E3779B97F4A7C15u + b.words[1] * 0xC2B2AE3D27D4EB4Fu;
        return hash ^ (hash >> 32);
    }

    char const* data_;
    std::size_t size_;
    std::size_t last_word_;
    char short_[8] = {};
};

}  // namespace httphooks::detail
