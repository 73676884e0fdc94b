// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Base64 with padding (RFC 4648 4).
*/

#include <httphooks/config.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// Appends the base64 of some bytes.
void append_base64(std::string& to, std::string_view bytes);

/** Appends the bytes that a base64 text stands for.
    @return false if the text is not canonical base64: other characters, wrong padding, bits left
    over; then `to` is as it was.
*/
bool append_from_base64(std::string& to, std::string_view text);

// ---------------------------------------------------------------------------------------------

inline constexpr char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline constexpr std::array<std::uint8_t, 256> base64_values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(64);
    for (std::uint8_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(base64_alphabet[i])] = i;
    return table;
}();

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/base64.ipp>
#endif
