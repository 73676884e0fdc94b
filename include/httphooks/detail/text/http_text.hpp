// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What bytes a header field may hold: tokens, values, targets; and comparing names.
*/

#include <httphooks/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace httphooks::detail {

/// `A` to `Z` in lower case, every other byte as it is.
constexpr char ascii_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Whether two texts are equal but for the case of ASCII letters.
constexpr bool ascii_iequals(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
    return true;
}

/// Whether `text` begins with `prefix`, but for the case of ASCII letters.
constexpr bool ascii_istarts_with(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && ascii_iequals(text.substr(0, prefix.size()), prefix);
}

/// Without the blanks and tabs at both ends (RFC 9110 5.6.3, OWS).
constexpr std::string_view trim_ows(std::string_view s) noexcept {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

/// Whether the text is a token (RFC 9110 5.6.2): not empty, no delimiters.
bool is_token(std::string_view s) noexcept;

/// Whether the text may be a field's value: no control characters but HTAB (RFC 9110 5.5).
bool is_field_text(std::string_view s) noexcept;

/// Whether the text may stand in a request line: no blanks, no control characters.
bool is_target_text(std::string_view s) noexcept;

// ---------------------------------------------------------------------------------------------

inline constexpr std::array<std::uint8_t, 256> token_table = [] {
    std::array<std::uint8_t, 256> table{};
    for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        table[static_cast<unsigned char>(c)] = 1;
    return table;
}();

/// Whether any of eight bytes is below `Least` or 127; `Least` is at most 128. It may also answer
/// true for other bytes, never false for one of these.
template <std::uint64_t Least>
constexpr bool maybe_control(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t high = ones * 0x80u;
    std::uint64_t const below = (word - ones * Least) & ~word & high;
    std::uint64_t const with_127 = word ^ (ones * 0x7fu);
    std::uint64_t const is_127 = (with_127 - ones) & ~with_127 & high;
    return (below | is_127) != 0;
}

/// Whether every byte passes `accept`; words of eight without a byte below `Least` or 127 pass.
template <std::uint64_t Least, class Accept>
bool all_text(std::string_view s, Accept accept) noexcept {
    char const* p = s.data();
    std::size_t const n = s.size();
    auto const slow = [&accept](char const* first, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            if (!accept(static_cast<unsigned char>(first[i]))) return false;
        return true;
    };
    if (n < 8) return slow(p, n);
    auto const word_passes = [&slow](char const* first) {
        std::uint64_t word;
        std::memcpy(&word, first, 8);
        return !maybe_control<Least>(word) || slow(first, 8);
    };
    for (char const* const last = p + n - 8; p < last; p += 8)
        if (!word_passes(p)) return false;
    return word_passes(s.data() + n - 8);
}

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/http_text.ipp>
#endif
