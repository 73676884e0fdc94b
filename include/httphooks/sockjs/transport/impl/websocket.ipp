// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/websocket.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

/// Why a request cannot become a WebSocket.
inline response not_a_websocket(request const& r, websocket::handshake_reply const& found) {
    std::string_view why = "Not a valid websocket request";
    std::string_view const upgrade = value_of(r, field::upgrade);
    if (!upgrade.empty() && !websocket::is_upgrade(r))
        why = "Can \"Upgrade\" only to \"WebSocket\".";
    else if (!upgrade.empty() && !websocket::detail::has_element(r, field::connection, "upgrade"))
        why = "\"Connection\" must be \"Upgrade\".";
    response reply = make_response(status::bad_request, std::string(why), plain_text);
    if (found.message.contains(field::sec_websocket_version))
        reply.set(field::sec_websocket_version, found.message[field::sec_websocket_version]);
    return reply;
}

HTTPHOOKS_DECL void serve_upgrade(std::shared_ptr<service> const& s, http::detail::visit v,
                                  bool raw) {
    if (auto const found = websocket::accept(v.message, upgrade::accept_all()); !found.accepted) {
        s->counters().refuse("Not a WebSocket handshake");
        response const r = not_a_websocket(v.message, found);
        return http::detail::reply(std::move(v), r);
    }
    std::make_shared<upgrade>(s, std::move(v), raw)->start();
}

}  // namespace httphooks::sockjs::detail

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL void serve_websocket(std::shared_ptr<detail::service> const& s,
                                    http::detail::visit v) {
    detail::serve_upgrade(s, std::move(v), false);
}

}  // namespace httphooks::sockjs::transport
