// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a redirection makes of a request, without input and output.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/message.hpp>

namespace httphooks::http::detail {

/// Whether a response redirects: it has one of five statuses, and says where to.
bool is_redirection(response const& r);

/// Whether the request that follows a redirection is a GET without content, and this one is not.
bool becomes_get(request const& r, unsigned status_code) noexcept;

/** Where a redirection leads to.
    @return error::invalid_target: no http or https URL, or one with a user name */
result<absolute_url> redirect_target(absolute_url const& asked, response const& r);

/** Makes a request the one that follows a redirection.

    After 303, and after 301 and 302 of a POST, it is a GET without content. The fields Host,
    Authorization, Cookie and Proxy-Authorization do not go to another origin.
    @par Source
    Fetch, "HTTP-redirect fetch"; Cookie and Host as undici does */
void redirect_request(request& r, absolute_url const& asked, absolute_url const& next,
                      unsigned status_code);

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/redirection.ipp>
#endif
