// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/mask.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace httphooks::websocket::detail {

inline std::uint64_t load_word(char const* p) noexcept {
    std::uint64_t w;
    std::memcpy(&w, p, sizeof w);
    return w;
}

HTTPHOOKS_DECL bool apply_mask(char* bytes, std::size_t n, mask_key key) noexcept {
    constexpr std::uint64_t high = 0x8080808080808080u;
    std::uint64_t const wide = std::uint64_t{key} << 32 | key;
    std::uint64_t seen = 0;
    char* p = bytes;
    for (; n >= 32; n -= 32, p += 32) {
        std::uint64_t const a = load_word(p) ^ wide;
        std::uint64_t const b = load_word(p + 8) ^ wide;
        std::uint64_t const c = load_word(p + 16) ^ wide;
        std::uint64_t const d = load_word(p + 24) ^ wide;
        std::memcpy(p, &a, 8);
        std::memcpy(p + 8, &b, 8);
        std::memcpy(p + 16, &c, 8);
        std::memcpy(p + 24, &d, 8);
        seen |= a | b | c | d;
    }
    for (; n >= 8; n -= 8, p += 8) {
        std::uint64_t const a = load_word(p) ^ wide;
        std::memcpy(p, &a, 8);
        seen |= a;
    }
    if (n > 0) {
        std::uint64_t a = 0;
        std::memcpy(&a, p, n);
        a ^= wide;
        std::memcpy(p, &a, n);
        std::uint64_t rest = 0;
        std::memcpy(&rest, p, n);
        seen |= rest;
    }
    return (seen & high) != 0;
}

HTTPHOOKS_DECL bool has_non_ascii(char const* bytes, std::size_t n) noexcept {
    std::uint64_t seen = 0;
    for (; n >= 8; n -= 8, bytes += 8) seen |= load_word(bytes);
    std::uint64_t rest = 0;
    if (n > 0) std::memcpy(&rest, bytes, n);
    return ((seen | rest) & 0x8080808080808080u) != 0;
}

}  // namespace httphooks::websocket::detail
