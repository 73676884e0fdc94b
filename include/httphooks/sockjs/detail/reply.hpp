// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The fields that SockJS replies carry: caching, cross-origin resource sharing, the cookie.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/options.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::sockjs::detail {

inline constexpr std::string_view plain_text = "text/plain; charset=UTF-8";
inline constexpr std::string_view javascript = "application/javascript; charset=UTF-8";

/// The value of a field, or empty.
std::string_view value_of(request const& r, field name);

/// What a client names as its own is not repeated when it is longer than this.
inline constexpr std::size_t most_echoed = 1024;

/// Whether only some origins may connect.
bool restricted(options const& o);

/// Whether pages of the request's origin may connect; a request without one may.
bool origin_allowed(options const& o, request const& r);

void add_no_cache(response& to);

/// For a stream: proxies pass it on as it comes.
void add_unbuffered(response& to);

/** Adds the fields of cross-origin resource sharing.
    @param null_is_any the origin `null` gets `*` */
void add_cors(response& to, options const& o, request const& r, bool null_is_any = false);

/// A cookie's value in the Cookie fields of a request, or empty.
std::string_view cookie_of(request const& r, std::string_view name);

/// Sets JSESSIONID, if the server has it: to what the client has, else to a new value.
void add_cookie(response& to, options const& o, request const& r);

response not_found();

/// @param allow the methods that there are
response method_not_allowed(std::string_view allow);

/// Whether replies in this framing are read by scripts of other origins.
constexpr bool has_cors(framing as) noexcept {
    return as == framing::line || as == framing::event;
}

/// Refuses a request to open or to use a session.
response refusal(options const& o, request const& r, status why, bool cors);

/// The reply to a preflight request, which may be kept for a year.
response preflight(options const& o, request const& r, std::string_view methods);

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/reply.ipp>
#endif
