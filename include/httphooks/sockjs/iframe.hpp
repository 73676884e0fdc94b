// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The page that clients put into an iframe to reach a server of another origin.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/options.hpp>

#include <string>
#include <string_view>

namespace httphooks::sockjs {

/** The iframe page of a server, made once.

    @par Thread safety
    Reading is safe from any thread.
    @par Source
    SockJS 0.3.3, iframe page; RFC 9110 13.1.2 (If-None-Match) */
class iframe_page {
public:
    /// Makes the page of a server.
    explicit iframe_page(options const& o);

    /// The page, in HTML.
    std::string const& text() const noexcept { return text_; }
    /// A strong entity tag, in quotes.
    std::string const& etag() const noexcept { return etag_; }

    /// Answers a request for the page: 200, or 304 when the client has it.
    response answer(request const& r) const;

private:
    std::string text_;
    std::string etag_;
    std::string ancestors_;
};

/** Whether the last part of a path is a name of the iframe page: `iframe`, then any of digits,
    lower case letters, hyphens, dots and underscores, then `.html`. */
bool is_iframe_name(std::string_view name) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

/// How long browsers may keep what does not change: a year, in seconds.
inline constexpr std::string_view cache_seconds = "31536000";

/// Lets a reply be kept for a year.
void add_cache_fields(response& r);

}  // namespace detail

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/iframe.ipp>
#endif
