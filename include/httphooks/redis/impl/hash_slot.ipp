// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/hash_slot.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httphooks::redis {

namespace detail {

/// CRC-16/XMODEM: polynomial 0x1021, from 0, the highest bit first.
inline constexpr std::array<std::uint16_t, 256> crc16_table = [] {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
        table[byte] = static_cast<std::uint16_t>(crc);
    }
    return table;
}();

}  // namespace detail

HTTPHOOKS_DECL std::uint16_t hash_slot(std::string_view key) noexcept {
    if (std::size_t const begin = key.find('{'); begin != key.npos) {
        std::size_t const end = key.find('}', begin);
        if (end != key.npos && end > begin + 1) key = key.substr(begin + 1, end - begin - 1);
    }
    unsigned crc = 0;
    for (char const c : key)
        crc = (crc << 8 & 0xffff) ^ detail::crc16_table[crc >> 8 ^ static_cast<unsigned char>(c)];
    return static_cast<std::uint16_t>(crc % 16'384);
}

}  // namespace httphooks::redis
