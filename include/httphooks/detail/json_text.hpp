// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    JSON without a document: checking a text while walking over it, and quoting strings (RFC 8259).
*/

#include <httphooks/detail/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// What a JSON value begins as.
enum class json_kind : unsigned char { none, object, array, string, number, boolean, null };

/// One value: its kind and its text; a string's text is without the quotes and still escaped.
struct json_slice {
    json_kind kind = json_kind::none;
    bool escaped = false;
    std::string_view text;
};

/** Walks over a JSON text.

    Every function returns false when the text is not JSON; the place is then undefined. Bytes
    outside of ASCII are taken as they are: whether they are UTF-8 is to be checked apart.
*/
class json_scanner {
public:
    /// @param depth How many objects and arrays may be open at a time.
    json_scanner(std::string_view text, std::size_t depth) noexcept : text_(text), depth_(depth) {}

    /// Reads any value, and checks it to its end.
    bool value(json_slice& out);
    /// Reads a string in quotes.
    bool string(json_slice& out) noexcept;

    /// Skips white space; then whether the next byte is `c`, which is skipped too.
    bool accept(char c) noexcept;
    /// Skips white space; then whether the text is at its end.
    bool at_end() noexcept;

    /** Walks over an object: `member(name, value)` for each member.
        @return false if the text is not an object, or `member` returned false.
    */
    template <class Member>
    bool object(Member member);
    /** Walks over an array: `element(value)` for each element.
        @return false if the text is not an array, or `element` returned false.
    */
    template <class Element>
    bool array(Element element);

private:
    char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_blanks() noexcept;
    bool digits() noexcept;
    bool number() noexcept;
    bool literal(std::string_view word) noexcept;
    bool name() noexcept;
    bool nested();

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_;
};

/// Appends a string's text with its escapes undone; a lone surrogate becomes U+FFFD.
void append_unescaped(std::string& to, json_slice const& s);

/// As above, with a function of its own for the code points of escapes, lone surrogates too.
template <class Append>
void append_unescaped(std::string& to, json_slice const& s, Append append_code_point);

/// Appends a text as a JSON string, in quotes; bytes that are not UTF-8 become U+FFFD.
void append_quoted(std::string& to, std::string_view s);

// ---------------------------------------------------------------------------------------------

/// Whether any of eight bytes is a quote, a backslash or below 0x20. It may answer true for others.
constexpr bool maybe_json_special(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t high = ones * 0x80u;
    std::uint64_t const below = (word - ones * 0x20u) & ~word;
    std::uint64_t const quote = word ^ (ones * static_cast<unsigned char>('"'));
    std::uint64_t const slash = word ^ (ones * static_cast<unsigned char>('\\'));
    return ((below | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high) != 0;
}

/// The place of the first quote, backslash or control character from `at` on.
inline std::size_t find_json_special(std::string_view s, std::size_t at) noexcept {
    for (std::uint64_t word; s.size() - at >= 8; at += 8) {
        std::memcpy(&word, s.data() + at, 8);
        if (maybe_json_special(word)) break;
    }
    while (at < s.size() && s[at] != '"' && s[at] != '\\' &&
           static_cast<unsigned char>(s[at]) >= 0x20)
        ++at;
    return at;
}

/// The value of a hexadecimal digit, or 16.
constexpr std::uint32_t hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A' + 10);
    return 16;
}

inline void json_scanner::skip_blanks() noexcept {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
        ++at_;
}

inline bool json_scanner::accept(char c) noexcept {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
}

inline bool json_scanner::at_end() noexcept {
    skip_blanks();
    return at_ == text_.size();
}

inline bool json_scanner::string(json_slice& out) noexcept {
    if (!accept('"')) return false;
    std::size_t const first = at_;
    out.kind = json_kind::string;
    out.escaped = false;
    for (;;) {
        at_ = find_json_special(text_, at_);
        char const c = peek();
        if (c == '"') break;
        if (c != '\\') return false;
        out.escaped = true;
        ++at_;
        char const e = peek();
        if (e == '\0' || std::string_view(R"("\/bfnrtu)").find(e) == std::string_view::npos)
            return false;
        ++at_;
        if (e == 'u')
            for (std::size_t const last = at_ + 4; at_ < last; ++at_)
                if (hex_value(peek()) == 16) return false;
    }
    out.text = text_.substr(first, at_ - first);
    ++at_;
    return true;
}

inline bool json_scanner::digits() noexcept {
    std::size_t const first = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ != first;
}

inline bool json_scanner::number() noexcept {
    if (peek() == '-') ++at_;
    if (peek() == '0')
        ++at_;
    else if (!digits())
        return false;
    if (peek() == '.') {
        ++at_;
        if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        if (!digits()) return false;
    }
    return true;
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
        if (accept('{')) {
            if (open.size() == depth_) return false;
            open.push_back('}');
            if (!accept('}')) {
                if (!name()) return false;
                continue;
            }
            open.pop_back();
        } else if (accept('[')) {
            if (open.size() == depth_) return false;
            open.push_back(']');
            if (!accept(']')) continue;
            open.pop_back();
        } else {
            json_slice ignored;
            if (!value(ignored)) return false;
        }
        for (;;) {
            if (open.empty()) return true;
            if (accept(open.back())) {
                open.pop_back();
                continue;
            }
            if (!accept(',') || (open.back() == '}' && !name())) return false;
            break;
        }
    }
}

inline bool json_scanner::value(json_slice& out) {
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

template <class Member>
bool json_scanner::object(Member member) {
    if (depth_ == 0 || !accept('{')) return false;
    if (accept('}')) return true;
    --depth_;
    json_slice name_of;
    json_slice value_of;
    do {
        if (!string(name_of) || !accept(':') || !value(value_of) || !member(name_of, value_of))
            return false;
    } while (accept(','));
    ++depth_;
    return accept('}');
}

template <class Element>
bool json_scanner::array(Element element) {
    if (depth_ == 0 || !accept('[')) return false;
    if (accept(']')) return true;
    --depth_;
    json_slice value_of;
    do {
        if (!value(value_of) || !element(value_of)) return false;
    } while (accept(','));
    ++depth_;
    return accept(']');
}

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
    for (;;) {
        std::size_t const plain = rest.find('\\');
        to.append(rest.substr(0, plain));
        if (plain == rest.npos) return;
        rest.remove_prefix(plain);
        if (rest[1] != 'u') {
            static constexpr std::string_view from = R"("\/bfnrt)";
            static constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
            to.push_back(meant[from.find(rest[1])]);
            rest.remove_prefix(2);
            continue;
        }
        std::uint32_t c = unit();
        if (c >= 0xd800 && c < 0xdc00 && rest.substr(0, 2) == "\\u") {
            std::string_view const before = rest;
            std::uint32_t const low = unit();
            if (low >= 0xdc00 && low < 0xe000)
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            else
                rest = before;
        }
        append_code_point(to, c);
    }
}

inline void append_unescaped(std::string& to, json_slice const& s) {
    append_unescaped(to, s, append_utf8);
}

/// Appends valid UTF-8 with what JSON does not allow in a string escaped.
inline void append_escaped(std::string& to, std::string_view s) {
    for (std::size_t at = 0;;) {
        std::size_t const special = find_json_special(s, at);
        to.append(s.substr(at, special - at));
        if (special == s.size()) return;
        char const c = s[special];
        at = special + 1;
        to.push_back('\\');
        switch (c) {
            case '\b':
                to.push_back('b');
                break;
            case '\f':
                to.push_back('f');
                break;
            case '\n':
                to.push_back('n');
                break;
            case '\r':
                to.push_back('r');
                break;
            case '\t':
                to.push_back('t');
                break;
            case '"':
            case '\\':
                to.push_back(c);
                break;
            default:
                to.append("u00");
                to.push_back(c < 0x10 ? '0' : '1');
                to.push_back("0123456789abcdef"[c & 15]);
        }
    }
}

inline void append_quoted(std::string& to, std::string_view s) {
    to.push_back('"');
    for (;;) {
        std::size_t const valid = valid_utf8_prefix(s);
        append_escaped(to, s.substr(0, valid));
        if (valid == s.size()) break;
        append_utf8(to, 0xfffd);
        s.remove_prefix(valid + 1);
    }
    to.push_back('"');
}

}  // namespace httphooks::detail
