// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Strings as JavaScript has them: UTF-8 in which lone surrogates stay, each as three bytes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_text.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// The length of the sequence at the beginning of a text that is not empty, surrogates included; 0:
/// none is valid.
std::size_t wtf8_sequence(std::string_view s) noexcept;

/// The code point of a valid sequence.
std::uint32_t code_point(std::string_view sequence) noexcept;

/// Appends a code point, a lone surrogate too.
void append_wtf8(std::string& to, std::uint32_t c);

/// Writes `\uXXXX`, in lower case, for one unit of UTF-16. @return behind it
char* write_unit(char* to, std::uint32_t unit) noexcept;

/// Whether a code point outside of ASCII is written as an escape, as browsers may garble it.
constexpr bool is_fragile(std::uint32_t c) noexcept {
    return (c >= 0x200c && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
           (c >= 0x2060 && c <= 0x206f) || (c >= 0xd800 && c <= 0xdfff) || c >= 0xfff0;
}

/// Appends a JSON string's text with its escapes undone; lone surrogates stay.
void append_unescaped(std::string& to, httphooks::detail::json_slice const& s);

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/wtf8.ipp>
#endif
