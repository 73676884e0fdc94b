// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    JSON without a document: checking a text while walking over it, and quoting strings (RFC 8259).
*/

#include <httphooks/detail/text_block.hpp>
#include <httphooks/detail/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

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

/// What follows a backslash, with what it means; `u` means itself.
inline constexpr std::array<std::pair<char, char>, 9> json_escapes{{{'"', '"'},
                                                                    {'\\', '\\'},
                                                                    {'/', '/'},
                                                                    {'b', '\b'},
                                                                    {'f', '\f'},
                                                                    {'n', '\n'},
                                                                    {'r', '\r'},
                                                                    {'t', '\t'},
                                                                    {'u', 'u'}}};

/// What the byte behind a backslash means; 0: it may not be there.
inline constexpr auto json_meanings = [] {
    std::array<char, 256> table{};
    for (auto const& [c, meant] : json_escapes) table[static_cast<unsigned char>(c)] = meant;
    return table;
}();

/// What is written behind a backslash for a byte below 128 that JSON wants escaped.
inline constexpr auto json_short_forms = [] {
    std::array<char, 128> table{};
    for (auto& form : table) form = 'u';
    for (auto const& [c, meant] : json_escapes)
        if (c != 'u') table[static_cast<unsigned char>(meant)] = c;
    return table;
}();

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
    char const* const p = text_.data();
    std::size_t const n = text_.size();
    std::size_t const first = at_;
    std::size_t at = first;
    out.kind = json_kind::string;
    out.escaped = false;
    for (;;) {
        at = find_stop<text_stop::json>(p, n, at);
        if (at == n) return false;
        if (p[at] == '"') break;
        if (p[at] != '\\' || n - at < 2) return false;
        out.escaped = true;
        char const meaning = json_meanings[static_cast<unsigned char>(p[at + 1])];
        if (meaning == 0) return false;
        at += 2;
        if (meaning != 'u') continue;
        if (n - at < 4) return false;
        for (std::size_t const last = at + 4; at < last; ++at)
            if (hex_value(p[at]) == 16) return false;
    }
    out.text = {p + first, at - first};
    at_ = at + 1;
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

inline void append_unescaped(std::string& to, json_slice const& s) {
    append_unescaped(to, s, append_utf8);
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

/// Appends valid UTF-8 with what JSON does not allow in a string escaped.
inline void append_escaped(std::string& to, std::string_view s) {
    append_replacing<text_stop::json>(
        to, s, [](char* out, char const*& at, char const*) { return write_escape(out, *at++); });
}

/// Appends what needs no escapes as a JSON string, in quotes.
inline void append_plain(std::string& to, std::string_view s) {
    std::size_t const before = to.size();
    to.resize(before + s.size() + 2);
    char* const out = to.data() + before;
    out[0] = out[s.size() + 1] = '"';
    std::memcpy(out + 1, s.data(), s.size());
}

inline void append_quoted(std::string& to, std::string_view s) {
    if (!s.empty() && !has_stop<text_stop::json_or_wide>(s.data(), s.size()))
        return append_plain(to, s);
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
