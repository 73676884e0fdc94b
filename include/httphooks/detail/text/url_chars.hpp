// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Classes of the bytes of a request target, and the escapes that stand for them.
*/

#include <httphooks/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace httphooks::detail {

/// What a byte of a request target is; the classes of all bytes are or-ed together in one pass.
enum url_class : std::uint8_t {
    /// '/'. It is bit 0, so that `(class >> 1) & previous class` finds "//" and "/.".
    url_slash = 1,
    /// '/' and '.': what must not follow a '/' in a path that is normalised already.
    url_slash_or_dot = 2,
    /// '%'
    url_percent = 4,
    /// '?'
    url_question = 8,
    /// '#'
    url_hash = 16,
    /// '[' and ']', which are escaped in a path.
    url_bracket = 32,
    /// A byte that no request target may hold.
    url_invalid = 64,
    /// Not a pchar of RFC 3986.
    url_not_pchar = 128,
};

constexpr bool is_unreserved(unsigned char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

constexpr std::array<std::uint8_t, 256> make_url_classes() noexcept {
    std::array<std::uint8_t, 256> classes{};
    constexpr std::string_view sub_delims_and_more = "!$&'()*+,;=:@";
    constexpr std::string_view refused = "<>\"{}|^`\\";
    for (unsigned i = 0; i < 256; ++i) {
        auto const c = static_cast<unsigned char>(i);
        char const ch = static_cast<char>(c);
        unsigned k = 0;
        if (!is_unreserved(c) && sub_delims_and_more.find(ch) == std::string_view::npos)
            k |= url_not_pchar;
        if (c <= 0x20 || c >= 0x7f || refused.find(ch) != std::string_view::npos) k |= url_invalid;
        if (ch == '/') k |= url_slash | url_slash_or_dot;
        if (ch == '.') k |= url_slash_or_dot;
        if (ch == '%') k |= url_percent;
        if (ch == '?') k |= url_question;
        if (ch == '#') k |= url_hash;
        if (ch == '[' || ch == ']') k |= url_bracket;
        classes[i] = static_cast<std::uint8_t>(k);
    }
    return classes;
}

inline constexpr std::array<std::uint8_t, 256> url_classes = make_url_classes();

constexpr unsigned url_class_of(char c) noexcept {
    return url_classes[static_cast<unsigned char>(c)];
}

/// Whether some byte is of one of these classes.
inline bool has_byte(std::string_view text, unsigned classes) noexcept {
    unsigned seen = 0;
    for (char c : text) seen |= url_class_of(c);
    return (seen & classes) != 0;
}

/** Whether a target is a path in its canonical spelling, and nothing else.

    Says no, too, when there is an escape, a segment that begins with '.', or one of `!$=~`.
*/
inline bool is_plain_path(std::string_view target) noexcept;

/// The value of a hexadecimal digit, or -1.
constexpr int escape_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The byte that an escape at `text[at]` ('%') stands for, or -1 when it is malformed.
constexpr int escaped_byte(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3) return -1;
    int const high = escape_digit(text[at + 1]);
    int const low = escape_digit(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Appends "%XX".
inline void append_escape(std::string& out, unsigned char c) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    char const escape[3] = {'%', digits[c >> 4], digits[c & 15]};
    out.append(escape, 3);
}

/// Appends a byte of a path in its canonical spelling: as it is when it is a pchar.
inline void append_canonical(std::string& out, unsigned char c) {
    if (url_classes[c] & url_not_pchar)
        append_escape(out, c);
    else
        out.push_back(static_cast<char>(c));
}

/** Whether `raw`, form-decoded, is `decoded`; nothing is allocated.

    @param plus_is_space whether '+' stands for a space, as in a query.
*/
inline bool equals_decoded(std::string_view raw, std::string_view decoded,
                           bool plus_is_space) noexcept {
    std::size_t j = 0;
    for (std::size_t i = 0; i < raw.size(); ++i, ++j) {
        if (j == decoded.size()) return false;
        char c = raw[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            if (int const byte = escaped_byte(raw, i); byte >= 0) {
                c = static_cast<char>(byte);
                i += 2;
            }
        }
        if (c != decoded[j]) return false;
    }
    return j == decoded.size();
}

// ---------------------------------------------------------------------------------------------

/// As is_plain_path(), byte by byte, and without a no for `!$=~`.
inline bool is_plain_path_bytewise(std::string_view target) noexcept {
    constexpr unsigned special = url_percent | url_question | url_hash | url_bracket | url_invalid;
    unsigned seen = 0;
    unsigned pairs = 0;
    unsigned previous = 0;
    for (char c : target) {
        unsigned const k = url_class_of(c);
        seen |= k;
        pairs |= (k >> 1) & previous;
        previous = k;
    }
    return !target.empty() && target.front() == '/' && !(seen & special) && !(pairs & 1);
}

#if defined(__SSE2__)

/// Sixteen bytes of a target: which of them are special, which are '/', which are '/' or '.'.
struct url_block {
    unsigned special;
    unsigned slashes;
    unsigned slashes_or_dots;

    explicit url_block(char const* p) noexcept {
        __m128i bytes;
        std::memcpy(&bytes, p, sizeof bytes);
        auto const all = [](int value) { return _mm_set1_epi8(static_cast<char>(value)); };
        // Signed: what is not ASCII is less than every limit here.
        __m128i const low = _mm_cmplt_epi8(bytes, all('&'));
        __m128i const high = _mm_cmpgt_epi8(bytes, all('z'));
        __m128i const question = _mm_cmpeq_epi8(_mm_and_si128(bytes, all(0xFC)), all('<'));
        __m128i const brackets =
            _mm_and_si128(_mm_cmpgt_epi8(bytes, all('Z')), _mm_cmplt_epi8(bytes, all('_')));
        __m128i const quote = _mm_cmpeq_epi8(bytes, all('`'));
        __m128i const any = _mm_or_si128(_mm_or_si128(_mm_or_si128(low, high), quote),
                                         _mm_or_si128(question, brackets));
        special = static_cast<unsigned>(_mm_movemask_epi8(any));
        slashes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, all('/'))));
        slashes_or_dots = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_or_si128(bytes, all(1)), all('/'))));
    }
};

inline bool is_plain_path(std::string_view target) noexcept {
    if (target.size() < 16) return is_plain_path_bytewise(target);
    char const* p = target.data();
    char const* const last = p + target.size() - 16;
    unsigned found = *p == '/' ? 0 : 1;
    unsigned carry = 0;
    for (; p < last; p += 16) {
        url_block const b(p);
        found |= b.special | ((b.slashes << 1 | carry) & b.slashes_or_dots);
        carry = b.slashes >> 15;
    }
    // The last block may overlap the one before, or follow it directly.
    url_block const b(last);
    unsigned const before = p == last ? carry : 0;
    found |= b.special | ((b.slashes << 1 | before) & b.slashes_or_dots);
    return found == 0;
}

#else

inline bool is_plain_path(std::string_view target) noexcept {
    return is_plain_path_bytewise(target);
}

#endif

}  // namespace httphooks::detail
