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

/// The place of the first byte from `at` on that ends a run, or `n`.
template <text_stop S>
std::size_t find_stop(char const* p, std::size_t n, std::size_t at = 0) noexcept {
    for (; n - at >= text_block; at += text_block)
        if (std::size_t const i = first_stop<S>(p + at); i != text_block) return at + i;
    while (at < n && !is_stop<S>(p[at])) ++at;
    return at;
}

/// Whether any byte of a text ends a run.
template <text_stop S>
bool has_stop(char const* p, std::size_t n) noexcept {
    if (n < text_block) return find_stop<S>(p, n) != n;
    for (std::size_t at = 0; at + text_block < n; at += text_block)
        if (first_stop<S>(p + at) != text_block) return true;
    return first_stop<S>(p + n - text_block) != text_block;
}

/** Copies a run up to the byte that ends it.
    @param to has room for `n` bytes and a block
    @return how many bytes the run has */
template <text_stop S>
std::size_t copy_run(char* to, char const* p, std::size_t n) noexcept {
    std::size_t at = 0;
    for (; n - at >= text_block; at += text_block) {
        std::memcpy(to + at, p + at, text_block);
        if (std::size_t const i = first_stop<S>(p + at); i != text_block) return at + i;
    }
    for (; at < n && !is_stop<S>(p[at]); ++at) to[at] = p[at];
    return at;
}

// ---------------------------------------------------------------------------------------------

#if defined(__SSE2__)

template <text_stop S>
std::size_t first_stop(char const* p) noexcept {
    __m128i const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(p));
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

#else

template <text_stop S>
std::size_t first_stop(char const* p) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t high = ones * 0x80u;
    std::uint64_t word;
    std::memcpy(&word, p, 8);
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
    for (std::size_t i = 0; i < text_block; ++i)
        if (is_stop<S>(p[i])) return i;
    return text_block;
}

#endif

}  // namespace httphooks::detail
