// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/sha1.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::websocket::detail {

inline void sha1_block(std::array<std::uint32_t, 5>& state, unsigned char const* block) noexcept {
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i)
        w[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
               std::uint32_t{block[4 * i + 2]} << 8 | std::uint32_t{block[4 * i + 3]};
    for (std::size_t i = 16; i < 80; ++i)
        w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < 80; ++i) {
        std::uint32_t const f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999u
                                : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1u
                                : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu
                                         : (b ^ c ^ d) + 0xca62c1d6u;
        std::uint32_t const next = std::rotl(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

HTTPHOOKS_DECL std::string sha1(std::string_view text) {
    std::array<std::uint32_t, 5> state{0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u,
                                       0xc3d2e1f0u};
    std::string padded(text);
    padded.push_back('\x80');
    while (padded.size() % 64 != 56) padded.push_back('\0');
    std::uint64_t const bits = std::uint64_t{text.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8)
        padded.push_back(static_cast<char>(bits >> shift & 0xff));
    for (std::size_t at = 0; at < padded.size(); at += 64)
        sha1_block(state, reinterpret_cast<unsigned char const*>(padded.data()) + at);
    std::string digest;
    for (std::uint32_t const word : state)
        for (int shift = 24; shift >= 0; shift -= 8)
            digest.push_back(static_cast<char>(word >> shift & 0xff));
    return digest;
}

}  // namespace httphooks::websocket::detail
