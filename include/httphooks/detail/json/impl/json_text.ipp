// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/json/json_text.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/text/text_block.hpp>
#include <httphooks/detail/text/utf8.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL void append_unescaped(std::string& to, json_slice const& s) {
    append_unescaped(to, s, append_utf8);
}

HTTPHOOKS_DECL char* write_plainly_unescaped(char* to, std::string_view text) noexcept {
    char const* at = text.data();
    char const* const end = at + text.size();
    for (;;) {
        auto const left = static_cast<std::size_t>(end - at);
        std::size_t run;
        if (left >= text_block) {
            std::memcpy(to, at, text_block);
            run = first_stop<text_stop::json>(at);
        } else {
            run = copy_run<text_stop::json>(to, at, left);
        }
        to += run;
        at += run;
        if (run == text_block) continue;
        if (at == end) return to;
        if (*at != '\\' || end - at < 2) return nullptr;
        char const meaning = json_meanings[static_cast<unsigned char>(at[1])];
        if (meaning == 0 || meaning == 'u') return nullptr;
        *to++ = meaning;
        at += 2;
    }
}

/// Writes the escape of a quote, a backslash or a control character. @return behind it
inline char* write_escape(char* to, char c) noexcept {
    char const form = json_short_forms[static_cast<unsigned char>(c)];
    *to++ = '\\';
    *to++ = form;
    if (form != 'u') return to;
    *to++ = '0';
    *to++ = '0';
    *to++ = c < 0x10 ? '0' : '1';
    *to++ = "0123456789abcdef"[c & 15];
    return to;
}

/// Appends valid UTF-8 with what JSON does not allow in a string escaped.
inline void append_escaped(std::string& to, std::string_view s) {
    append_replacing<text_stop::json>(
        to, s, [](char* out, char const*& at, char const*) { return write_escape(out, *at++); });
}

HTTPHOOKS_DECL void append_json_text(std::string& to, std::string_view s) {
    for (;;) {
        std::size_t const valid = valid_utf8_prefix(s);
        append_escaped(to, s.substr(0, valid));
        if (valid == s.size()) break;
        append_utf8(to, 0xfffd);
        s.remove_prefix(valid + 1);
    }
}

}  // namespace httphooks::detail
