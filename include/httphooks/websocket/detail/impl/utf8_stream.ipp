// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/utf8_stream.hpp>

#include <httphooks/detail/text/utf8.hpp>

#include <string_view>

namespace httphooks::websocket::detail {

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

HTTPHOOKS_DECL bool utf8_stream::put(std::string_view piece) noexcept {
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
