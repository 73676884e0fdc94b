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

inline bool json_scanner::number() noexcept {
    char const* at = text_.data() + at_;
    bool const good = skip_json_number(at, text_.data() + text_.size());
    at_ = static_cast<std::size_t>(at - text_.data());
    return good;
}

inline bool json_scanner::literal(std::string_view word) noexcept {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
}

inline bool json_scanner::name() noexcept {
    json_slice ignored;
    return string(ignored) && accept(':');
}

inline bool json_scanner::nested() {
    std::string open;  // the bracket that closes each open object and array
    for (;;) {
        skip_blanks();
        if (char const bracket = peek(); bracket == '{' || bracket == '[') {
            if (open.size() == depth_) return false;
            ++at_;
            char const closing = bracket == '{' ? '}' : ']';
            if (!accept(closing)) {
                if (closing == '}' && !name()) return false;
                open.push_back(closing);
                continue;
            }
        } else {
            json_slice ignored;
            if (!value(ignored)) return false;
        }
        for (;;) {
            if (open.empty()) return true;
            skip_blanks();
            char const next = peek();
            ++at_;
            if (next == ',') {
                if (open.back() == '}' && !name()) return false;
                break;
            }
            if (next != open.back()) return false;
            open.pop_back();
        }
    }
}

HTTPHOOKS_DECL bool json_scanner::value(json_slice& out) {
    skip_blanks();
    std::size_t const first = at_;
    bool good = false;
    out.escaped = false;
    switch (peek()) {
        case '"':
            return string(out);
        case '{':
            out.kind = json_kind::object;
            good = nested();
            break;
        case '[':
            out.kind = json_kind::array;
            good = nested();
            break;
        case 't':
            out.kind = json_kind::boolean;
            good = literal("true");
            break;
        case 'f':
            out.kind = json_kind::boolean;
            good = literal("false");
            break;
        case 'n':
            out.kind = json_kind::null;
            good = literal("null");
            break;
        default:
            out.kind = json_kind::number;
            good = number();
    }
    out.text = text_.substr(first, at_ - first);
    return good;
}

}  // namespace httphooks::detail
