// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    JSON without a document: checking a text while walking over it (RFC 8259).
*/

#include <httphooks/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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

/// A value as it was written; a string with its quotes.
inline std::string_view written(json_slice const& s) noexcept {
    if (s.kind != json_kind::string) return s.text;
    return {s.text.data() - 1, s.text.size() + 2};
}

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
    bool accept(char c) noexcept {
        if (at_ == text_.size() || text_[at_] != c) return accept_behind_blanks(c);
        ++at_;
        return true;
    }
    /// Skips white space; then whether the text is at its end.
    bool at_end() noexcept;
    /// How many bytes are behind the place.
    std::size_t left() const noexcept { return text_.size() - at_; }

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
    /** Walks over an object in one pass: `member(name)` for each member, which reads the value.
        @return false if the text is not an object, or `member` returned false.
    */
    template <class Member>
    bool members(Member member);
    /** Walks over an array in one pass: `element()` for each element, which reads it.
        @return false if the text is not an array, or `element` returned false.
    */
    template <class Element>
    bool elements(Element element);

private:
    bool accept_behind_blanks(char c) noexcept;
    inline void skip_blanks() noexcept;
    inline bool nested();

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_;
};

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

/// The value of a hexadecimal digit, or 16.
constexpr std::uint32_t hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A' + 10);
    return 16;
}

/// The place of the first byte that is not white space.
char const* skip_json_blanks(char const* at, char const* end) noexcept;

/// Skips the inside of a string, up to the quote that ends it. @return whether it is one
bool skip_json_string(char const*& at, char const* end, bool& escaped) noexcept;

/// Skips a number. @return whether it is one
bool skip_json_number(char const*& at, char const* end) noexcept;

/// Skips a value that is neither a string nor an object or array; there is a byte.
/// @return whether it is one
bool skip_json_literal(char const*& at, char const* end, json_kind& kind) noexcept;

template <class Member>
bool json_scanner::members(Member member) {
    if (depth_ == 0 || !accept('{')) return false;
    if (accept('}')) return true;
    --depth_;
    json_slice name_of;
    do {
        if (!string(name_of) || !accept(':') || !member(name_of)) return false;
    } while (accept(','));
    ++depth_;
    return accept('}');
}

template <class Element>
bool json_scanner::elements(Element element) {
    if (depth_ == 0 || !accept('[')) return false;
    if (accept(']')) return true;
    --depth_;
    do {
        if (!element()) return false;
    } while (accept(','));
    ++depth_;
    return accept(']');
}

template <class Member>
bool json_scanner::object(Member member) {
    json_slice value_of;
    return members(
        [&](json_slice const& name_of) { return value(value_of) && member(name_of, value_of); });
}

template <class Element>
bool json_scanner::array(Element element) {
    json_slice value_of;
    return elements([&] { return value(value_of) && element(value_of); });
}

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/json/impl/json_scanner.ipp>
#endif
