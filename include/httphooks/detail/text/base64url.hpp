// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Base64 for URLs and cookies, without padding (RFC 4648 5), and random texts of it.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// Appends the base64url of some bytes.
void append_base64url(std::string& to, std::string_view bytes);

/** Appends the bytes that a base64url text stands for.
    @return false if the text is not canonical: other characters, bits left over; then `to` is as it
    was.
*/
bool append_from_base64url(std::string& to, std::string_view text);

/// Whether each character is of base64url's alphabet.
bool is_base64url(std::string_view text) noexcept;

/// Random bytes that nobody can predict.
std::string random_bytes(std::size_t count);

/// The base64url of so many random bytes.
std::string random_base64url(std::size_t bytes);

/** Whether two texts are equal, in a time that tells nothing but their sizes. */
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/base64url.ipp>
#endif
