// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/transport/websocket.hpp>

#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/engineio/transport/polling.hpp>
#include <httphooks/websocket/detail/open_channel.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL websocket::handshake_reply accept_websocket(request const& r, options const& from) {
    websocket::handshake_options o;
    o.check_origin = [](std::string_view, request const&) { return true; };
    o.select = from.select_subprotocol;
    if (!o.select)
        o.select = [](std::vector<std::string_view> const& offered, request const&) {
            return std::string(offered.front());
        };
    return websocket::accept(r, o);
}

/// Makes a connection a WebSocket.
inline void become_websocket(service& s, visit v, std::shared_ptr<socket_link> l,
                             websocket::handshake_reply reply, bool initial) {
    add_common_fields(s, reply.message, v);
    add_own_fields(s, reply.message, v.message, initial);
    websocket::detail::open_channel(s.websockets(), std::move(v.client), v.message, reply,
                                    std::move(l));
    std::move(v.done)(error_code(), std::nullopt);
}

inline std::shared_ptr<socket_link> make_link(std::shared_ptr<live_session> const& s, home place) {
    return std::make_shared<socket_link>(s, std::move(place), s->style(), s->settings());
}

/// A handshake on a WebSocket, while the application thinks about it.
class websocket_handshake final : public std::enable_shared_from_this<websocket_handshake> {
public:
    websocket_handshake(std::shared_ptr<service> s, visit v, query q,
                        websocket::handshake_reply reply)
        : service_(std::move(s)),
          visit_(std::move(v)),
          place_(visit_.client.get_executor()),
          query_(std::move(q)),
          reply_(std::move(reply)),
          shake_{std::make_shared<request const>(visit_.message), visit_.client.peer(),
                 visit_.client.tls()} {}

    /// Asks the application; then the connection is a WebSocket, or refused.
    void start() {
        service_->ask(shake_, [weak = weak_from_this()](verdict const& says) {
            auto const self = weak.lock();
            if (!self) return;
            self->place_.dispatch([self, says] {
                if (self->says_) return;
                self->says_ = says;
                if (self->waiting_)
                    self->visit_.client.cancel_wait();
                else
                    self->decide();
            });
        });
        if (says_) return;
        // the connection keeps this alive, and goes on when nothing is under way on it any more
        waiting_ = true;
        visit_.wait_gone([this] { return says_.has_value(); },
                         [self = shared_from_this()](error_code ec) {
                             if (self->says_)
                                 self->decide();
                             else
                                 self->visit_.leave(ec);
                         });
    }

private:
    void decide() {
        auto const keep = shared_from_this();
        if (visit_.gave_up()) return visit_.leave(asio::error::eof);
        if (!says_->allowed)
            return refuse(*service_, std::move(visit_), {refusal::forbidden, {}, says_->message},
                          true);
        auto const r = revision_of(service_->options(), query_);
        if (!r)
            return refuse(*service_, std::move(visit_),
                          {refusal::unsupported_protocol, query_.eio.value.value_or(""), {}}, true);
        status why{};
        auto begin = beginning_of(query_, shake_, *r, transport_kind::websocket);
        begin.bodies = visit_.client.core()->bodies;
        auto const session = service_->open(place_, std::move(begin), why);
        if (why == status::bad_request)
            return refuse(*service_, std::move(visit_),
                          {refusal::bad_request, "ID_GENERATION_ERROR", {}}, true);
        if (!session) {
            visit_.client.close_after_reply();
            response const busy = no_room(*service_, visit_);
            return http::detail::reply(std::move(visit_), busy);
        }
        add_cookie(reply_.message, service_->options(), session->id());
        auto const l = make_link(session, place_);
        session->begin_on(l);
        become_websocket(*service_, std::move(visit_), l, std::move(reply_), true);
    }

    std::shared_ptr<service> service_;
    visit visit_;
    home place_;
    query query_;
    websocket::handshake_reply reply_;
    handshake shake_;
    std::optional<verdict> says_{};
    bool waiting_ = false;
};

}  // namespace httphooks::engineio::detail

namespace httphooks::engineio::transport {

HTTPHOOKS_DECL void open_websocket(std::shared_ptr<detail::service> const& s, detail::visit v,
                                   detail::query const& q, websocket::handshake_reply reply) {
    std::make_shared<detail::websocket_handshake>(s, std::move(v), q, std::move(reply))->start();
}

HTTPHOOKS_DECL void upgrade_to_websocket(std::shared_ptr<detail::service> const& s, detail::visit v,
                                         std::shared_ptr<detail::live_session> const& session,
                                         websocket::handshake_reply reply) {
    if (v.gave_up()) return v.leave(asio::error::eof);
    auto l = detail::make_link(session, http::detail::home(v.client.get_executor()));
    detail::become_websocket(*s, std::move(v), std::move(l), std::move(reply), false);
}

}  // namespace httphooks::engineio::transport
