// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/wtf8.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL std::size_t wtf8_sequence(std::string_view s) noexcept {
    if (std::size_t const n = httphooks::detail::utf8_sequence(s)) return n;
    auto const byte = [s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    bool const surrogate = s.size() >= 3 && byte(0) == 0xed && byte(1) >= 0xa0 && byte(1) <= 0xbf &&
                           (byte(2) & 0xc0u) == 0x80u;
    return surrogate ? 3 : 0;
}

HTTPHOOKS_DECL std::uint32_t code_point(std::string_view sequence) noexcept {
    auto const byte = [sequence](std::size_t i) -> std::uint32_t {
        return static_cast<unsigned char>(sequence[i]);
    };
    switch (sequence.size()) {
        case 1:
            return byte(0);
        case 2:
            return (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu);
        case 3:
            return (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
        default:
            return (byte(0) & 0x07u) << 18 | (byte(1) & 0x3fu) << 12 | (byte(2) & 0x3fu) << 6 |
                   (byte(3) & 0x3fu);
    }
}

HTTPHOOKS_DECL void append_wtf8(std::string& to, std::uint32_t c) {
    if (c < 0xd800 || c > 0xdfff) return httphooks::detail::append_utf8(to, c);
    to.push_back(static_cast<char>(0xe0 | c >> 12));
    to.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    to.push_back(static_cast<char>(0x80 | (c & 0x3f)));
}

HTTPHOOKS_DECL char* write_unit(char* to, std::uint32_t unit) noexcept {
    constexpr char digits[] = "0123456789abcdef";
    *to++ = '\\';
    *to++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) *to++ = digits[unit >> shift & 15];
    return to;
}

HTTPHOOKS_DECL void append_unescaped(std::string& to, httphooks::detail::json_slice const& s) {
    httphooks::detail::append_unescaped(to, s, append_wtf8);
}

}  // namespace httphooks::sockjs::detail
