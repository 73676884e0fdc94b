// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Looking for bytes that end a plain run of text, a block of bytes at a time.
*/

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace httphooks::detail {

/// What ends a run.
enum class text_stop : unsigned char {
    /// A byte outside of ASCII.
    wide,
    /// A backslash.
    backslash,
    /// A quote, a backslash or a control character below 0x20.
    json,
    /// Any of these.
    json_or_wide,
};

/// Whether a byte ends a run.
template <text_stop S>
constexpr bool is_stop(char c) noexcept {
    auto const b = static_cast<unsigned char>(c);
    if constexpr (S == text_stop::wide) return b >= 0x80;
    if constexpr (S == text_stop::backslash) return c == '\\';
    bool const json = c == '"' || c == '\\' || b < 0x20;
    return S == text_stop::json ? json : json || b >= 0x80;
}

/// How many bytes first_stop() looks at.
#if defined(__SSE2__)
inline constexpr std::size_t text_block = 16;
#else
inline constexpr std::size_t text_block = 8;
#endif

/// The place of the first byte of a block that ends a run, or text_block.
template <text_stop S>
std::size_t first_stop(char const* p) noexcept;

/// The place of the first byte that ends a run, or `n`, which is less than text_block.
template <text_stop S>
std::size_t first_stop_of_short(char const* p, std::size_t n) noexcept;

/// The place of the first byte from `at` on that ends a run, or `n`.
template <text_stop S>
std::size_t find_stop(char const* p, std::size_t n, std::size_t at = 0) noexcept {
    for (; n - at >= text_block; at += text_block)
        if (std::size_t const i = first_stop<S>(p + at); i != text_block) return at + i;
    return at + first_stop_of_short<S>(p + at, n - at);
}

/// Whether any byte of a text ends a run.
template <text_stop S>
bool has_stop(char const* p, std::size_t n) noexcept {
    if (n < text_block) return find_stop<S>(p, n) != n;
    for (std::size_t at = 0; at + text_block < n; at += text_block)
        if (first_stop<S>(p + at) != text_block) return true;
    return first_stop<S>(p + n - text_block) != text_block;
}

/// Copies less than a block.
inline void copy_short(char* to, char const* p, std::size_t n) noexcept;

/** Copies a run up to the byte that ends it; what is behind that byte may be copied too.
    @param to has room for `n` bytes and a block
    @return how many bytes the run has */
template <text_stop S>
std::size_t copy_run(char* to, char const* p, std::size_t n) noexcept {
    std::size_t at = 0;
    for (; n - at >= text_block; at += text_block) {
        std::memcpy(to + at, p + at, text_block);
        if (std::size_t const i = first_stop<S>(p + at); i != text_block) return at + i;
    }
    std::size_t const rest = n - at;
    copy_short(to + at, p + at, rest);
    return at + first_stop_of_short<S>(p + at, rest);
}

// ---------------------------------------------------------------------------------------------

inline void copy_short(char* to, char const* p, std::size_t n) noexcept {
    auto const ends = [&](std::size_t each) {
        std::memcpy(to, p, each);
        std::memcpy(to + n - each, p + n - each, each);
    };
    if (n >= 8) return ends(8);
    if (n >= 4) return ends(4);
    for (std::size_t i = 0; i < n; ++i) to[i] = p[i];
}

/// Eight bytes as they are in memory.
inline std::uint64_t load_eight(char const* p) noexcept {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    return word;
}

/// The first four and the last four bytes of a text of up to eight, as if they were in a row.
inline std::uint64_t load_fours(char const* p, std::size_t n) noexcept {
    char both[8];
    std::memcpy(both, p, 4);
    std::memcpy(both + 4, p + n - 4, 4);
    return load_eight(both);
}

/// As first_stop_of_short(), for a text that is looked at as its first and its last `each` bytes.
constexpr std::size_t place_in_ends(std::size_t i, std::size_t each, std::size_t n) noexcept {
    if (i < each) return i;
    return i < 2 * each ? i - 2 * each + n : n;
}

/// As first_stop_of_short(), byte by byte.
template <text_stop S>
std::size_t first_stop_of_few(char const* p, std::size_t n) noexcept {
    std::size_t at = 0;
    while (at < n && !is_stop<S>(p[at])) ++at;
    return at;
}

#if defined(__SSE2__)

template <text_stop S>
std::size_t first_stop(__m128i bytes) noexcept {
    auto const has = [&bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    unsigned stops = 0;
    if constexpr (S == text_stop::backslash) {
        stops = static_cast<unsigned>(_mm_movemask_epi8(has('\\')));
    } else if constexpr (S != text_stop::wide) {
        __m128i const below = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        stops = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_or_si128(below, _mm_or_si128(has('"'), has('\\')))));
    }
    if constexpr (S == text_stop::wide || S == text_stop::json_or_wide)
        stops |= static_cast<unsigned>(_mm_movemask_epi8(bytes));
    return stops == 0 ? text_block : static_cast<std::size_t>(std::countr_zero(stops));
}

template <text_stop S>
std::size_t first_stop(char const* p) noexcept {
    return first_stop<S>(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p)));
}

template <text_stop S>
std::size_t first_stop_of_short(char const* p, std::size_t n) noexcept {
    auto const in_words = [](std::uint64_t low, std::uint64_t high) {
        return first_stop<S>(
            _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low)));
    };
    if (n >= 8) return place_in_ends(in_words(load_eight(p), load_eight(p + n - 8)), 8, n);
    if (n < 4) return first_stop_of_few<S>(p, n);
    std::uint64_t const word = load_fours(p, n);
    return place_in_ends(in_words(word, word), 4, n);
}

#else

template <text_stop S>
std::size_t first_stop(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t high = ones * 0x80u;
    auto const has = [&word](char c) {
        std::uint64_t const other = word ^ (ones * static_cast<unsigned char>(c));
        return (other - ones) & ~other;
    };
    // the lowest byte that is marked is a stop; a borrow can only mark others above it
    std::uint64_t stops = 0;
    if constexpr (S == text_stop::backslash) stops = has('\\');
    if constexpr (S == text_stop::json || S == text_stop::json_or_wide)
        stops = has('"') | has('\\') | ((word - ones * 0x20u) & ~word);
    if constexpr (S == text_stop::wide || S == text_stop::json_or_wide) stops |= word;
    stops &= high;
    if (stops == 0) return text_block;
    if constexpr (std::endian::native == std::endian::little)
        return static_cast<std::size_t>(std::countr_zero(stops)) / 8;
    char bytes[text_block];
    std::memcpy(bytes, &word, text_block);
    return first_stop_of_few<S>(bytes, text_block);
}

template <text_stop S>
std::size_t first_stop(char const* p) noexcept {
    return first_stop<S>(load_eight(p));
}

template <text_stop S>
std::size_t first_stop_of_short(char const* p, std::size_t n) noexcept {
    if (n < 4) return first_stop_of_few<S>(p, n);
    return place_in_ends(first_stop<S>(load_fours(p, n)), 4, n);
}

#endif

}  // namespace httphooks::detail
