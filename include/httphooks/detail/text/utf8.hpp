// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    UTF-8: whether a text is valid, and mending one that is not (RFC 3629).
*/

#include <httphooks/detail/text/text_block.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// The length of the valid UTF-8 at the beginning of a text.
std::size_t valid_utf8_prefix(std::string_view s) noexcept;

/// Whether a text is valid UTF-8: no surrogates, nothing overlong, nothing above U+10FFFF.
bool is_utf8(std::string_view s) noexcept;

/// Appends a code point, U+FFFD for one that UTF-8 cannot carry.
void append_utf8(std::string& to, std::uint32_t code_point);

// ---------------------------------------------------------------------------------------------

/// The length of the valid UTF-8 sequence at the beginning of a text that is not empty; 0: none.
inline std::size_t utf8_sequence(std::string_view s) noexcept {
    auto const byte = [s](std::size_t i) -> unsigned {
        return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u;
    };
    auto const follows = [&byte](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
    unsigned const a = byte(0);
    if (a < 0x80) return 1;
    if (a < 0xc2) return 0;
    if (a < 0xe0) return follows(1) ? 2 : 0;
    unsigned const b = byte(1);
    if (a < 0xf0) {
        unsigned const least = a == 0xe0 ? 0xa0u : 0x80u;
        unsigned const most = a == 0xed ? 0x9fu : 0xbfu;
        return b >= least && b <= most && follows(2) ? 3 : 0;
    }
    if (a > 0xf4) return 0;
    unsigned const least = a == 0xf0 ? 0x90u : 0x80u;
    unsigned const most = a == 0xf4 ? 0x8fu : 0xbfu;
    return b >= least && b <= most && follows(2) && follows(3) ? 4 : 0;
}

inline std::size_t valid_utf8_prefix(std::string_view s) noexcept {
    std::size_t at = 0;
    for (;;) {
        at = find_stop<text_stop::wide>(s.data(), s.size(), at);
        // a text that has one such character mostly has more
        for (;;) {
            if (at == s.size()) return at;
            if (!is_stop<text_stop::wide>(s[at])) break;
            std::size_t const n = utf8_sequence(s.substr(at));
            if (n == 0) return at;
            at += n;
        }
    }
}

inline bool is_utf8(std::string_view s) noexcept {
    return valid_utf8_prefix(s) == s.size();
}

inline void append_utf8(std::string& to, std::uint32_t c) {
    auto const put = [&to](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
    if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff) c = 0xfffd;
    if (c < 0x80) return put(c);
    if (c < 0x800) {
        put(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            put(0xe0 | c >> 12);
        } else {
            put(0xf0 | c >> 18);
            put(0x80 | (c >> 12 & 0x3f));
        }
        put(0x80 | (c >> 6 & 0x3f));
    }
    put(0x80 | (c & 0x3f));
}

}  // namespace httphooks::detail
