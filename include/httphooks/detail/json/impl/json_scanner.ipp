// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/json/json_scanner.hpp>

#include <httphooks/detail/text/text_block.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL char const* skip_json_blanks(char const* at, char const* end) noexcept {
    for (; at != end && static_cast<unsigned char>(*at) <= ' '; ++at)
        if (*at != ' ' && *at != '\n' && *at != '\r' && *at != '\t') break;
    return at;
}

inline void json_scanner::skip_blanks() noexcept {
    char const* const first = text_.data();
    at_ = static_cast<std::size_t>(skip_json_blanks(first + at_, first + text_.size()) - first);
}

HTTPHOOKS_DECL bool json_scanner::accept_behind_blanks(char c) noexcept {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
}

HTTPHOOKS_DECL bool json_scanner::at_end() noexcept {
    skip_blanks();
    return at_ == text_.size();
}

/// Skips an escape, from its backslash on. @return whether it is one
inline bool skip_json_escape(char const*& at, char const* end) noexcept {
    if (*at != '\\' || end - at < 2) return false;
    char const meaning = json_meanings[static_cast<unsigned char>(at[1])];
    at += 2;
    if (meaning != 'u') return meaning != 0;
    if (end - at < 4) return false;
    for (char const* const last = at + 4; at != last; ++at)
        if (hex_value(*at) == 16) return false;
    return true;
}

HTTPHOOKS_DECL bool skip_json_string(char const*& at, char const* end, bool& escaped) noexcept {
    escaped = false;
    for (;;) {
        auto const left = static_cast<std::size_t>(end - at);
        std::size_t const run = left >= text_block ? first_stop<text_stop::json>(at)
                                                   : first_stop_of_short<text_stop::json>(at, left);
        at += run;
        if (run == text_block) continue;
        if (at == end) return false;
        if (*at == '"') return true;
        escaped = true;
        if (!skip_json_escape(at, end)) return false;
    }
}

HTTPHOOKS_DECL bool skip_json_number(char const*& at, char const* end) noexcept {
    auto const peek = [&] { return at == end ? '\0' : *at; };
    auto const digits = [&] {
        char const* const first = at;
        while (peek() >= '0' && peek() <= '9') ++at;
        return at != first;
    };
    if (peek() == '-') ++at;
    if (peek() == '0')
        ++at;
    else if (!digits())
        return false;
    if (peek() == '.') {
        ++at;
        if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at;
        if (peek() == '+' || peek() == '-') ++at;
        if (!digits()) return false;
    }
    return true;
}

/// Skips a word. @return whether it is there
inline bool skip_json_word(char const*& at, char const* end, std::string_view word) noexcept {
    if (!std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word)) return false;
    at += word.size();
    return true;
}

HTTPHOOKS_DECL bool skip_json_literal(char const*& at, char const* end, json_kind& kind) noexcept {
    kind = *at == 'n' ? json_kind::null : json_kind::boolean;
    if (*at == 't') return skip_json_word(at, end, "true");
    if (*at == 'f') return skip_json_word(at, end, "false");
    if (*at == 'n') return skip_json_word(at, end, "null");
    kind = json_kind::number;
    return skip_json_number(at, end);
}

HTTPHOOKS_DECL bool json_scanner::string(json_slice& out) noexcept {
    if (!accept('"')) return false;
    char const* const first = text_.data() + at_;
    char const* at = first;
    out.kind = json_kind::string;
    if (!skip_json_string(at, text_.data() + text_.size(), out.escaped)) return false;
    out.text = {first, static_cast<std::size_t>(at - first)};
    at_ += out.text.size() + 1;
    return true;
}

/// Walks over an object or an array and all that is in it.
inline bool json_scanner::nested() {
    char const* at = text_.data() + at_;
    char const* const end = text_.data() + text_.size();
    // the byte behind white space; 0 at the end
    auto const next = [&] {
        if (at != end && static_cast<unsigned char>(*at) > ' ') [[likely]]
            return *at;
        at = skip_json_blanks(at, end);
        return at == end ? '\0' : *at;
    };
    std::string open;  // the bracket that closes each open object and array
    bool is_name = false;
    for (;;) {
        char const c = next();
        if (c == '"') {
            bool escaped = false;
            if (!skip_json_string(++at, end, escaped)) return false;
            ++at;
            if (is_name) {
                if (next() != ':') return false;
                ++at;
                is_name = false;
                continue;
            }
        } else if (is_name || at == end) {
            return false;
        } else if (c == '{' || c == '[') {
            if (open.size() == depth_) return false;
            ++at;
            open.push_back(c == '{' ? '}' : ']');
            if (next() != open.back()) {
                is_name = c == '{';
                continue;
            }
        } else {
            json_kind ignored;
            if (!skip_json_literal(at, end, ignored)) return false;
        }
        // behind a value: what ends there
        while (next() == open.back()) {
            ++at;
            open.pop_back();
            if (!open.empty()) continue;
            at_ = static_cast<std::size_t>(at - text_.data());
            return true;
        }
        if (next() != ',') return false;
        ++at;
        is_name = open.back() == '}';
    }
}

HTTPHOOKS_DECL bool json_scanner::value(json_slice& out) {
    skip_blanks();
    if (at_ == text_.size()) return false;
    std::size_t const first = at_;
    bool good = false;
    out.escaped = false;
    if (char const c = text_[first]; c == '"') {
        return string(out);
    } else if (c == '{' || c == '[') {
        out.kind = c == '{' ? json_kind::object : json_kind::array;
        good = nested();
    } else {
        char const* at = text_.data() + first;
        good = skip_json_literal(at, text_.data() + text_.size(), out.kind);
        at_ = static_cast<std::size_t>(at - text_.data());
    }
    out.text = text_.substr(first, at_ - first);
    return good;
}

}  // namespace httphooks::detail
