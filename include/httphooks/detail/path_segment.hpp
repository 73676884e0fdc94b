// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Walks over the segments of a path eight bytes at a time, and hashes them on the way.
*/

#include <httphooks/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace httphooks::detail {

/// The bytes of [p, p + 8), the first in the lowest bits.
inline std::uint64_t load_word(char const* p) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        return word;
    } else {
        std::uint64_t word = 0;
        for (int i = 7; i >= 0; --i) word = word << 8 | static_cast<unsigned char>(p[i]);
        return word;
    }
}

/// The bytes of [p, p + size), size < 8, the first in the lowest bits, zeros above.
inline std::uint64_t load_short(char const* p, std::size_t size) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = size; i-- > 0;) word = word << 8 | static_cast<unsigned char>(p[i]);
    return word;
}

/// The first eight bytes of a text, zeros behind a shorter one.
inline std::uint64_t first_word(std::string_view text) noexcept {
    return text.size() >= 8 ? load_word(text.data()) : load_short(text.data(), text.size());
}

/// One segment: where it is, its first eight bytes (zeros behind a shorter one), its hash.
struct path_segment {
    std::uint32_t begin;
    std::uint32_t size;
    std::uint64_t word;
    std::uint64_t hash;
};

/// Splits a path that holds no byte 0.
class segment_scanner {
public:
    explicit segment_scanner(std::string_view path) noexcept
        : data_(path.data()), size_(path.size()) {}

    /// The segment at `begin`, which is at most the path's size; it ends before '/' or at the end.
    path_segment at(std::size_t begin) const noexcept {
        std::size_t position = begin;
        std::uint64_t word = load(position);
        std::size_t length = bytes_before_slash(word);
        std::uint64_t const first = word & mask(length);
        std::uint64_t hash = mix(first);
        if (length < 8) [[likely]]
            return make(begin, position + length, first, hash);
        for (;;) {
            position += 8;
            if (position >= size_) return make(begin, size_, first, hash);
            word = load(position);
            length = bytes_before_slash(word);
            if (length > 0) hash = mix(hash + (word & mask(length)));
            if (length < 8) return make(begin, position + length, first, hash);
        }
    }

private:
    path_segment make(std::size_t begin, std::size_t end, std::uint64_t first,
                      std::uint64_t hash) const noexcept {
        std::size_t const stop = end < size_ ? end : size_;
        return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(stop - begin), first,
                hash};
    }

    std::uint64_t load(std::size_t position) const noexcept {
        std::size_t const left = size_ - position;
        if (left >= 8) [[likely]]
            return load_word(data_ + position);
        if (left == 0) return 0;
        if (size_ >= 8) return load_word(data_ + size_ - 8) >> (8 * (8 - left));
        return load_short(data_ + position, left);
    }

    /// How many bytes precede the first '/' or byte 0 of a word; 8 when there is none.
    static std::size_t bytes_before_slash(std::uint64_t word) noexcept {
        constexpr std::uint64_t ones = 0x0101010101010101u;
        std::uint64_t const x = word ^ (ones * '/');
        std::uint64_t const slash = (x - ones) & ~x;
        std::uint64_t const zero = (word - ones) & ~word;
        std::uint64_t const found = (slash | zero) & (ones << 7);
        return static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }

    static std::uint64_t mask(std::size_t bytes) noexcept {
        return bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
    }

    static std::uint64_t mix(std::uint64_t word) noexcept {
        word *= 0x9E3779B97F4A7C15u;
        return word ^ (word >> 32);
    }

    char const* data_;
    std::size_t size_;
};

}  // namespace httphooks::detail
