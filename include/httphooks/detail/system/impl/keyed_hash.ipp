// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/keyed_hash.hpp>

#include <httphooks/detail/system/random_bits.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL keyed_hash::keyed_hash() {
    auto const next = [] {
        std::uint64_t const high = random_bits::next();
        return high << 32 | random_bits::next();
    };
    k0_ = next();
    k1_ = next();
}

HTTPHOOKS_DECL std::uint64_t keyed_hash::operator()(std::string_view bytes) const noexcept {
    std::uint64_t v0 = k0_ ^ 0x736f6d6570736575u;
    std::uint64_t v1 = k1_ ^ 0x646f72616e646f6du;
    std::uint64_t v2 = k0_ ^ 0x6c7967656e657261u;
    std::uint64_t v3 = k1_ ^ 0x7465646279746573u;
    auto const rounds = [&](int n) {
        for (; n > 0; --n) {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }
    };
    auto const word = [&](std::size_t at, std::size_t size) {
        std::uint64_t m = 0;
        for (std::size_t i = 0; i < size; ++i)
            m |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
        return m;
    };
    auto const take = [&](std::uint64_t m) {
        v3 ^= m;
        rounds(2);
        v0 ^= m;
    };
    std::size_t at = 0;
    for (; bytes.size() - at >= 8; at += 8) take(word(at, 8));
    take(word(at, bytes.size() - at) | std::uint64_t{bytes.size() & 0xff} << 56);
    v2 ^= 0xff;
    rounds(4);
    return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace httphooks::detail
