// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Reads the dates of header fields.
*/

#include <httphooks/config.hpp>

#include <ctime>
#include <optional>
#include <string_view>

namespace httphooks::http::detail {

/** The time that a header field names.

    @param text in one of the three forms that a recipient has to accept
    @param now decides the century of a year of two digits
    @return nothing if it is none of them
    @par Source
    RFC 9110 5.6.7
*/
std::optional<std::time_t> parse_http_date(std::string_view text,
                                           std::time_t now = std::time(nullptr));

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/parse_http_date.ipp>
#endif
