// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The WebSocket transport: one frame of SockJS in each message.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/detail/websocket_session.hpp>
#include <httphooks/websocket/detail/open_channel.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::transport {

/** Serves `GET .../websocket` of a session.
    @par Source
    SockJS 0.3.3, websocket; RFC 6455 4.2 */
void serve_websocket(std::shared_ptr<detail::service> const& s, http::detail::visit v);

}  // namespace httphooks::sockjs::transport

namespace httphooks::sockjs::detail {

/// A request to become a WebSocket, while the application thinks about it.
class upgrade final : public std::enable_shared_from_this<upgrade> {
public:
    upgrade(std::shared_ptr<service> s, http::detail::visit v, bool raw)
        : service_(std::move(s)),
          visit_(std::move(v)),
          place_(visit_.client.get_executor()),
          raw_(raw) {}

    /// Asks the application; then the connection is a WebSocket, or refused.
    void start() {
        handshake const shake{std::make_shared<request const>(visit_.message), visit_.client.peer(),
                              visit_.client.tls()};
        if (!service_->authorise) return decide(shake, status::ok);
        service_->ask(shake, [weak = weak_from_this(), shake](status says) {
            auto const self = weak.lock();
            if (!self) return;
            self->place_.dispatch([self, shake, says] {
                if (self->says_) return;
                self->says_ = says;
                if (self->waiting_)
                    self->visit_.client.cancel_wait();
                else
                    self->decide(shake, says);
            });
        });
        if (says_) return;
        // the connection keeps this alive, and goes on when nothing is under way on it any more
        waiting_ = true;
        visit_.wait_gone([this] { return says_.has_value(); },
                         [self = shared_from_this(), shake](error_code ec) {
                             if (self->says_)
                                 self->decide(shake, *self->says_);
                             else
                                 self->visit_.leave(ec);
                         });
    }

private:
    void refuse(status why) {
        response const r = refusal(service_->options(), visit_.message, why, true);
        http::detail::reply(std::move(visit_), r);
    }

    void decide(handshake const& shake, status says) {
        auto const keep = shared_from_this();
        if (says == status::ok)
            says = service_->admit(shake.peer.address());
        else
            service_->counters().refuse("Not authorized");
        if (says != status::ok) return refuse(says);
        auto const session = std::make_shared<websocket_session>(
            service_, service_->shared_options(), place_, shake, raw_);
        service_->add(*session);
        if (visit_.gave_up()) return visit_.leave(asio::error::eof);

        auto const answer = websocket::accept(visit_.message, accept_all());
        websocket::detail::open_channel(raw_ ? service_->raw_websockets : service_->websockets,
                                        std::move(visit_.client), visit_.message, answer, session);
        std::move(visit_.done)(error_code(), std::nullopt);
    }

public:
    /// Origins are judged before.
    static websocket::handshake_options accept_all() {
        websocket::handshake_options o;
        o.check_origin = [](std::string_view, request const&) { return true; };
        return o;
    }

private:
    std::shared_ptr<service> service_;
    http::detail::visit visit_;
    http::detail::home place_;
    std::optional<status> says_{};
    bool const raw_;
    bool waiting_ = false;
};

/// Makes a connection a WebSocket, or says why not.
void serve_upgrade(std::shared_ptr<service> const& s, http::detail::visit v, bool raw);

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/websocket.ipp>
#endif
