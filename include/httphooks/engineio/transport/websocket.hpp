// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The WebSocket transport: one packet in each message, from the beginning or after polling.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <memory>

namespace httphooks::engineio::transport {

/** Opens a session on a WebSocket, unless the application objects.
    @param reply what websocket::accept() gave; accepted */
void open_websocket(std::shared_ptr<detail::service> const& s, detail::visit v,
                    detail::query const& q, websocket::handshake_reply reply);

/** Makes a connection a WebSocket that is to take a session over. It is closed again when the
    session has one, or gets another one just now. */
void upgrade_to_websocket(std::shared_ptr<detail::service> const& s, detail::visit v,
                          std::shared_ptr<detail::live_session> const& session,
                          websocket::handshake_reply reply);

}  // namespace httphooks::engineio::transport

namespace httphooks::engineio::detail {

/// Accepts; origins are judged before.
websocket::handshake_reply accept_websocket(request const& r, options const& from);

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/transport/impl/websocket.ipp>
#endif
