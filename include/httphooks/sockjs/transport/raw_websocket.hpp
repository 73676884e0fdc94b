// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket without frames of SockJS, for clients that are not sockjs-client.
*/

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/transport/websocket.hpp>

#include <memory>
#include <utility>

namespace httphooks::sockjs::transport {

/** Serves `GET prefix/websocket`. Messages are texts or bytes, as they come.
    @par Source
    SockJS 0.3.3, raw websocket */
void serve_raw_websocket(std::shared_ptr<detail::service> const& s, http::detail::visit v);

// ---------------------------------------------------------------------------------------------

inline void serve_raw_websocket(std::shared_ptr<detail::service> const& s, http::detail::visit v) {
    detail::serve_upgrade(s, std::move(v), true);
}

}  // namespace httphooks::sockjs::transport
