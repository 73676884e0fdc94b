// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Chunks of HTTP/1.1: bytes with their number in front of them.
*/

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// What stands behind the bytes of a chunk.
inline constexpr std::string_view chunk_end = "\r\n";

/// Appends a chunk; of no bytes it would be the last.
inline void append_chunk(std::string& out, std::string_view bytes) {
    char digits[2 * sizeof(std::size_t) + 2];
    char* end = std::to_chars(digits, digits + 2 * sizeof(std::size_t), bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out.append(digits, end).append(bytes).append(chunk_end);
}

}  // namespace httphooks::detail
