// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether a text that comes in pieces is valid UTF-8, told at the first byte that cannot be.
*/

#include <httphooks/config.hpp>

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
    inline bool lead(unsigned char c) noexcept;
    inline bool follow(unsigned char c) noexcept;

    std::uint8_t missing_ = 0;
    std::uint8_t least_ = 0x80;
    std::uint8_t most_ = 0xbf;
};

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/utf8_stream.ipp>
#endif
