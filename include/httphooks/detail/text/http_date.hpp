// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The Date header's value, made once a second and thread.
*/

#include <httphooks/config.hpp>

#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>

namespace httphooks::detail {

/// Length of an IMF-fixdate (RFC 9110 5.6.7).
inline constexpr std::size_t http_date_size = 29;

/// Writes the IMF-fixdate of `t` to `out`.
void format_http_date(std::time_t t, std::array<char, http_date_size>& out) noexcept;

/// The IMF-fixdate of `t`; valid until the calling thread asks for another second.
std::string_view http_date(std::time_t t) noexcept;

/// The second that it is now, from the coarse clock.
std::time_t coarse_time() noexcept;

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/text/impl/http_date.ipp>
#endif
