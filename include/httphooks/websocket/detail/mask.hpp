// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Masking and unmasking payloads (RFC 6455 5.3), eight bytes and more at a time.
*/

#include <httphooks/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace httphooks::websocket::detail {

/// A masking key: its four bytes as they are in memory, the next one first.
using mask_key = std::uint32_t;

/// The key as it is `n` bytes on.
constexpr mask_key advanced(mask_key key, std::size_t n) noexcept {
    int const bits = static_cast<int>(n % 4) * 8;
    return std::endian::native == std::endian::little ? std::rotr(key, bits) : std::rotl(key, bits);
}

/** Masks or unmasks bytes in place.
    @return whether the result has a byte that is not ASCII */
bool apply_mask(char* bytes, std::size_t n, mask_key key) noexcept;

/// Whether some byte is not ASCII.
bool has_non_ascii(char const* bytes, std::size_t n) noexcept;

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/mask.ipp>
#endif
