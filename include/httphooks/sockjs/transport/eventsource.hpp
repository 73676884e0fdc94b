// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Server-sent events: a GET whose answer carries frames until it is long enough.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>

namespace httphooks::sockjs::transport {

/** Serves `GET .../eventsource`.
    @par Source
    SockJS 0.3.3, eventsource */
void serve_eventsource(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                       std::string id);

}  // namespace httphooks::sockjs::transport

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/eventsource.ipp>
#endif
