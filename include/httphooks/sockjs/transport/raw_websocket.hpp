// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket without frames of SockJS, for clients that are not sockjs-client.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>

namespace httphooks::sockjs::transport {

/** Serves `GET prefix/websocket`. Messages are texts or bytes, as they come.
    @par Source
    SockJS 0.3.3, raw websocket */
void serve_raw_websocket(std::shared_ptr<detail::service> const& s, http::detail::visit v);

}  // namespace httphooks::sockjs::transport

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/raw_websocket.ipp>
#endif
