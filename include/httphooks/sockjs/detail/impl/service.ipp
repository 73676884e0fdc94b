// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/service.hpp>

#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/polling_session.hpp>
#include <httphooks/sockjs/detail/receiver.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/options.hpp>
#include <httphooks/websocket/connection.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL service::service(asio::any_io_executor executor, sockjs::options o)
    : executor_(std::move(executor)),
      options_(std::make_shared<sockjs::options const>(std::move(o))),
      iframe_(*options_),
      by_address_(options_->max_sessions_per_address) {}

HTTPHOOKS_DECL std::shared_ptr<polling_session> service::find(std::string_view id,
                                                              asio::ip::address const& from) {
    std::lock_guard const lock(mutex_);
    auto const at = sessions_.find(id);
    if (at == sessions_.end()) return nullptr;
    if (options_->bind_to_address && at->second->opening().peer.address() != from) return nullptr;
    return at->second;
}

HTTPHOOKS_DECL void service::enter(std::string id, std::shared_ptr<receiver> r,
                                   std::string_view transport) {
    std::shared_ptr<polling_session> s;
    {
        std::lock_guard const lock(mutex_);
        auto const at = sessions_.find(id);
        if (at != sessions_.end()) s = at->second;
    }
    if (s) {
        if (options_->bind_to_address &&
            s->opening().peer.address() != r->client().peer().address()) {
            counters_->refuse("Unknown session");
            return turn_away(*r, status::not_found);
        }
        return join(std::move(id), std::move(r), std::move(s), transport);
    }
    if (!authorise) return open(std::move(id), std::move(r), transport);
    handshake const shake{std::make_shared<request const>(r->message()), r->client().peer(),
                          r->client().tls()};
    // its connection keeps the receiver while the application thinks
    r->hold();
    ask(shake, [self = shared_from_this(), id = std::move(id), place = r->place(),
                weak = std::weak_ptr(r), transport](status says) {
        place.dispatch([self, id, weak, transport, says] {
            auto const asking = weak.lock();
            if (!asking) return;
            if (says == status::ok) return self->open(id, asking, transport);
            self->counters_->refuse("Not authorized");
            self->turn_away(*asking, says);
        });
    });
}

HTTPHOOKS_DECL void service::ask(handshake const& shake, verdict then) {
    if (!authorise) return then(status::ok);
    try {
        authorise(shake, then);
    } catch (...) {
        failed(std::current_exception());
        then(status::internal_server_error);
    }
}

HTTPHOOKS_DECL void service::turn_away(receiver& r, status why) {
    receiver_shape const& shape = r.shape();
    if (!r.begun()) return r.refuse(refusal(*options_, r.message(), why, has_cors(shape.as)));
    std::string frame;
    append_framed(frame, shape.as,
                  close_frame(close_code::going_away, beast::http::obsolete_reason(why)),
                  shape.callback);
    r.write(std::move(frame), true);
}

HTTPHOOKS_DECL void service::open(std::string id, std::shared_ptr<receiver> r,
                                  std::string_view transport) {
    auto const from = r->client().peer();
    status const admitted = admit(from.address());
    std::shared_ptr<polling_session> s;
    if (admitted == status::ok) {
        auto fresh = std::make_shared<polling_session>(
            shared_from_this(), options_, r->place(),
            handshake{std::make_shared<request const>(r->message()), from, r->client().tls()},
            transport, id);
        std::lock_guard const lock(mutex_);
        all_.push_back(*fresh);
        s = sessions_.try_emplace(id, fresh).first->second;
        if (s == fresh) s->await_receiver();
    }
    if (!s) return turn_away(*r, admitted);
    join(std::move(id), std::move(r), std::move(s), transport);
}

HTTPHOOKS_DECL void service::join(std::string id, std::shared_ptr<receiver> r,
                                  std::shared_ptr<polling_session> s, std::string_view transport) {
    auto const self = shared_from_this();
    r->owner(s);
    r->begin([self, id = std::move(id), r, s = std::move(s), transport] {
        auto const over = [self, id, transport](std::shared_ptr<receiver> again) {
            again->place().dispatch(
                [self, id, again, transport] { self->enter(id, again, transport); });
        };
        if (s->place().here()) return s->attach(r, over);
        r->hold();
        s->place().post([s, weak = std::weak_ptr(r), over] {
            if (auto const kept = weak.lock()) s->attach(kept, over);
        });
    });
}

HTTPHOOKS_DECL status service::admit(asio::ip::address const& from) {
    std::lock_guard const lock(mutex_);
    if (draining_ || count_ >= options_->max_sessions || !by_address_.enter(from)) {
        counters_->refuse(draining_ ? "Shutting down" : "Too many sessions");
        return status::service_unavailable;
    }
    ++count_;
    counters_->open_session();
    return status::ok;
}

HTTPHOOKS_DECL void service::release_locked(asio::ip::address const& from) noexcept {
    --count_;
    counters_->end_session();
    by_address_.leave(from);
}

HTTPHOOKS_DECL void service::release(asio::ip::address const& from) noexcept {
    std::lock_guard const lock(mutex_);
    release_locked(from);
}

HTTPHOOKS_DECL void service::add(session_base& s) {
    std::lock_guard const lock(mutex_);
    all_.push_back(s);
}

HTTPHOOKS_DECL void service::opened(std::shared_ptr<session_base> s) {
    if (on_connection) on_connection(sockjs::connection(std::move(s)));
}

HTTPHOOKS_DECL void service::forget(session_base& s) noexcept {
    std::shared_ptr<polling_session> gone;  // destroyed outside of the lock
    std::lock_guard const lock(mutex_);
    s.unlink();
    release_locked(s.opening().peer.address());
    if (auto* const p = dynamic_cast<polling_session*>(&s))
        if (auto const at = sessions_.find(p->id());
            at != sessions_.end() && at->second.get() == p) {
            gone = std::move(at->second);
            sessions_.erase(at);
        }
}

HTTPHOOKS_DECL void service::failed(std::exception_ptr e) noexcept {
    http::detail::tell_error(on_error, std::move(e));
}

HTTPHOOKS_DECL std::vector<std::shared_ptr<session_base>> service::all() {
    std::lock_guard const lock(mutex_);
    std::vector<std::shared_ptr<session_base>> list;
    list.reserve(count_);
    for (session_base& s : all_)
        if (auto alive = s.weak_from_this().lock())
            list.push_back(std::static_pointer_cast<session_base>(std::move(alive)));
    return list;
}

HTTPHOOKS_DECL std::size_t service::size() const {
    std::lock_guard const lock(mutex_);
    return count_;
}

HTTPHOOKS_DECL void service::drain() {
    {
        std::lock_guard const lock(mutex_);
        draining_ = true;
    }
    for (auto const& s : all()) s->abandon(close_code::go_away, "Go away!");
}

}  // namespace httphooks::sockjs::detail
