// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The text of JSON strings: writing it with escapes, and undoing these (RFC 8259 7).
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/text/text_block.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// Appends a string's text with its escapes undone; a lone surrogate becomes U+FFFD.
void append_unescaped(std::string& to, json_slice const& s);

/// As above, with a function of its own for the code points of escapes, lone surrogates too.
template <class Append>
void append_unescaped(std::string& to, json_slice const& s, Append append_code_point);

/** Undoes the escapes of the inside of a string that is still to be checked.
    @param to has room for the text and a block
    @return behind what was written; null if the text is not valid, or has `\u` */
char* write_plainly_unescaped(char* to, std::string_view text) noexcept;

/// Appends a text as the inside of a JSON string; bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string& to, std::string_view s);

// ---------------------------------------------------------------------------------------------

/// What is written behind a backslash for a byte below 128 that JSON wants escaped.
inline constexpr auto json_short_forms = [] {
    std::array<char, 128> table{};
    for (auto& form : table) form = 'u';
    for (auto const& [c, meant] : json_escapes)
        if (c != 'u') table[static_cast<unsigned char>(meant)] = c;
    return table;
}();

template <class Append>
void append_unescaped(std::string& to, json_slice const& s, Append append_code_point) {
    std::string_view rest = s.text;
    if (!s.escaped) {
        to.append(rest);
        return;
    }
    auto const unit = [&rest] {
        std::uint32_t u = 0;
        for (std::size_t i = 2; i < 6; ++i) u = u << 4 | hex_value(rest[i]);
        rest.remove_prefix(6);
        return u;
    };
    // an escape is not shorter than what it means
    std::size_t const before = to.size();
    to.resize(before + rest.size() + text_block);
    char* out = to.data() + before;
    std::string escaped;
    for (;;) {
        std::size_t const plain = copy_run<text_stop::backslash>(out, rest.data(), rest.size());
        out += plain;
        rest.remove_prefix(plain);
        if (rest.empty()) break;
        if (rest[1] != 'u') {
            *out++ = json_meanings[static_cast<unsigned char>(rest[1])];
            rest.remove_prefix(2);
            continue;
        }
        std::uint32_t c = unit();
        if (c >= 0xd800 && c < 0xdc00 && rest.substr(0, 2) == "\\u") {
            std::string_view const behind = rest;
            std::uint32_t const low = unit();
            if (low >= 0xdc00 && low < 0xe000)
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            else
                rest = behind;
        }
        escaped.clear();
        append_code_point(escaped, c);
        out = std::copy(escaped.begin(), escaped.end(), out);
    }
    to.resize(static_cast<std::size_t>(out - to.data()));
}

/** Appends a text in which some bytes are written otherwise.
    @param replace `char*(char* to, char const*& at, char const* end)`, called at a byte that ends a
    run: moves on by what it replaces, writes up to most_replaced bytes, returns the place behind */
template <text_stop S, class Replace>
void append_replacing(std::string& to, std::string_view s, Replace replace) {
    constexpr std::size_t most_replaced = 16;
    std::size_t const before = to.size();
    char const* at = s.data();
    char const* const end = at + s.size();
    auto const needed = [&] {
        return static_cast<std::size_t>(end - at) + text_block + most_replaced;
    };
    std::size_t const more = s.size() < 1024 ? s.size() / 2 : s.size() / 8;
    to.resize(before + s.size() + more + text_block + most_replaced);
    char* out = to.data() + before;
    for (;;) {
        std::size_t const n = copy_run<S>(out, at, static_cast<std::size_t>(end - at));
        at += n;
        out += n;
        if (at == end) break;
        out = replace(out, at, end);
        auto const used = static_cast<std::size_t>(out - to.data());
        if (to.size() - used >= needed()) continue;
        to.resize(used + needed() + needed() / 2);
        out = to.data() + used;
    }
    to.resize(static_cast<std::size_t>(out - to.data()));
}

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/json/impl/json_text.ipp>
#endif
