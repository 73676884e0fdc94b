// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether a text that comes in pieces is valid UTF-8, told at the first byte that cannot be.
*/

#include <httphooks/detail/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httphooks::websocket::detail {

/// Checks a text piece by piece; sequences may be cut anywhere.
class utf8_stream {
public:
    /// Takes the next piece. @return whether the text can still become valid
    bool put(std::string_view piece) noexcept;

    /// Whether a sequence is not complete.
    bool pending() const noexcept { return missing_ != 0; }

private:
    bool lead(unsigned char c) noexcept;
    bool follow(unsigned char c) noexcept;

    std::uint8_t missing_ = 0;
    std::uint8_t least_ = 0x80;
    std::uint8_t most_ = 0xbf;
};

// ---------------------------------------------------------------------------------------------

inline bool utf8_stream::lead(unsigned char c) noexcept {
    least_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    most_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (c < 0xc2 || c > 0xf4) return false;
    missing_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    return true;
}

inline bool utf8_stream::follow(unsigned char c) noexcept {
    if (c < least_ || c > most_) return false;
    least_ = 0x80;
    most_ = 0xbf;
    --missing_;
    return true;
}

inline bool utf8_stream::put(std::string_view piece) noexcept {
    while (missing_ != 0 && !piece.empty()) {
        if (!follow(static_cast<unsigned char>(piece.front()))) return false;
        piece.remove_prefix(1);
    }
    piece.remove_prefix(httphooks::detail::valid_utf8_prefix(piece));
    if (piece.empty()) return true;
    // the rest is a sequence that is cut, or no sequence
    if (!lead(static_cast<unsigned char>(piece.front()))) return false;
    piece.remove_prefix(1);
    for (char const c : piece)
        if (missing_ == 0 || !follow(static_cast<unsigned char>(c))) return false;
    return missing_ != 0;
}

}  // namespace httphooks::websocket::detail
