// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    XHR streaming: a POST whose answer carries frames until it is long enough.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace httphooks::sockjs::transport {

/** Serves `POST .../xhr_streaming`.
    @par Source
    SockJS 0.3.3, xhr_streaming; the prelude fills the buffers of old browsers */
void serve_xhr_streaming(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                         std::string id);

}  // namespace httphooks::sockjs::transport

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/xhr_streaming.ipp>
#endif
