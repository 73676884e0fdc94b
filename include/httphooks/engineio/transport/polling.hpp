// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The polling transport: GET waits for what the server sends, POST carries what the client sends.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/http/detail/visit.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::engineio::transport {

/** Opens a session, unless the application objects, and answers with the packet "open".
    @par Source
    Engine.IO protocol 4, "Handshake"; engine.io 6.6, Server.handshake */
void open_polling(std::shared_ptr<detail::service> const& s, detail::visit v,
                  detail::query const& q);

/// Serves a request of a session: GET, POST, and nothing else.
void serve_polling(std::shared_ptr<detail::service> const& s, detail::visit v,
                   std::shared_ptr<detail::live_session> const& session);

}  // namespace httphooks::engineio::transport

namespace httphooks::engineio::detail {

using http::detail::waiting_visit;

/// The revision that a handshake asks for, if it is one that there is.
std::optional<revision> revision_of(options const& o, query const& q);

/// What a session begins with; its first request decides for all.
live_session::beginning beginning_of(query const& q, handshake shake, revision r, transport_kind t);

/// Runs a function where a session lives, with the visit that it answers; drops both when the
/// client has gone meanwhile.
template <class Function>
void at_home(live_session const& s, std::shared_ptr<waiting_visit> const& w, Function f) {
    if (s.place().here()) {
        f(w);
        return w->hold();
    }
    w->hold();
    s.place().post([weak = std::weak_ptr(w), g = std::move(f)]() mutable {
        if (auto const waiting = weak.lock()) g(waiting);
    });
}

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/transport/impl/polling.ipp>
#endif
