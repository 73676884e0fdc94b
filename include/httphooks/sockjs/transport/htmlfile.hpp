// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The htmlfile transport: a page in an iframe to which scripts are added, one for each frame.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace httphooks::sockjs::transport {

/** Serves `GET .../htmlfile?c=callback`.
    @par Source
    SockJS 0.3.3, htmlfile */
void serve_htmlfile(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                    std::string id);

/// The beginning of the page: more than 1024 bytes, so that browsers begin to show it.
std::string htmlfile_page(std::string_view callback);

}  // namespace httphooks::sockjs::transport

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/htmlfile.ipp>
#endif
