// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/service.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/text/base64.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/live_session.hpp>
#include <httphooks/engineio/detail/socket_link.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/middleware.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/websocket/detail/channel.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL std::string random_id() {
    char bytes[16];
    for (std::size_t i = 0; i < sizeof bytes; i += 4) {
        std::uint32_t const k = httphooks::detail::random_bits::next();
        std::memcpy(bytes + i, &k, 4);
    }
    std::string id;
    httphooks::detail::append_base64(id, {bytes, 15});
    for (char& c : id) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return id;
}

HTTPHOOKS_DECL service::service(asio::any_io_executor executor, engineio::options o)
    : executor_(std::move(executor)),
      options_(std::make_shared<engineio::options const>(std::move(o))),
      by_address_(options_->max_sessions_per_address) {
    if (options_->cors) cors_.emplace(*options_->cors);
    websocket::connection_options w;
    w.message.size = options_->max_payload;
    w.output_limit = std::numeric_limits<std::size_t>::max();  // a socket_link sees to it
    w.ping_interval = std::chrono::milliseconds(0);            // the protocol has its own
    w.per_message_deflate = options_->per_message_deflate;
    websockets_ = socket_link::settings(std::move(w));
    websockets_->counters = counters_;
}

HTTPHOOKS_DECL std::shared_ptr<live_session> service::find(std::string_view id) {
    std::lock_guard const lock(mutex_);
    auto const at = sessions_.find(id);
    return at == sessions_.end() ? nullptr : at->second;
}

HTTPHOOKS_DECL bool service::lets_in(request const& r) noexcept {
    bool good = !cors_;
    guarded([&] { good = good || cors_->lets_in(r); });
    return good;
}

HTTPHOOKS_DECL void service::ask(handshake const& shake, decide then) {
    if (!allow_request) return then({});
    try {
        allow_request(shake, then);
    } catch (...) {
        failed(std::current_exception());
        then({false, {}});
    }
}

/// Makes an id for a session. @return whether there is one
HTTPHOOKS_DECL bool service::make_id(live_session::beginning& b) noexcept {
    if (!options_->generate_id) {
        b.id = random_id();
        return true;
    }
    try {
        b.id = options_->generate_id(*b.handshake.message);
        return !b.id.empty();
    } catch (...) {
        failed(std::current_exception());
        return false;
    }
}

HTTPHOOKS_DECL std::shared_ptr<live_session> service::open(home place, live_session::beginning b,
                                                           status& why) {
    why = status::bad_request;
    if (!make_id(b)) return nullptr;
    auto const from = b.handshake.peer.address();
    std::string id = b.id;
    std::shared_ptr<live_session> fresh;
    {
        std::lock_guard const lock(mutex_);
        if (sessions_.contains(id)) return nullptr;
        if (draining_ || sessions_.size() >= options_->max_sessions || !by_address_.enter(from)) {
            why = status::service_unavailable;
            counters_->refuse(draining_ ? "Shutting down" : "Too many sessions");
            return nullptr;
        }
        fresh = std::make_shared<live_session>(shared_from_this(), options_, std::move(place),
                                               std::move(b));
        sessions_.emplace(std::move(id), fresh);
        counters_->open_session();
    }
    why = status::ok;
    return fresh;
}

HTTPHOOKS_DECL void service::opened(std::shared_ptr<live_session> s) {
    if (on_connection) on_connection(engineio::connection(std::move(s)));
}

HTTPHOOKS_DECL void service::forget(live_session& s) noexcept {
    std::shared_ptr<live_session> gone;  // destroyed outside of the lock
    std::lock_guard const lock(mutex_);
    by_address_.leave(s.opening().peer.address());
    if (auto const at = sessions_.find(s.id()); at != sessions_.end()) {
        gone = std::move(at->second);
        sessions_.erase(at);
        counters_->end_session();
    }
}

HTTPHOOKS_DECL void service::failed(std::exception_ptr e) noexcept {
    http::detail::tell_error(on_error, std::move(e));
}

HTTPHOOKS_DECL std::vector<engineio::connection> service::all() {
    std::lock_guard const lock(mutex_);
    std::vector<engineio::connection> list;
    list.reserve(sessions_.size());
    for (auto const& [id, s] : sessions_) list.emplace_back(s);
    return list;
}

HTTPHOOKS_DECL std::size_t service::size() const {
    std::lock_guard const lock(mutex_);
    return sessions_.size();
}

HTTPHOOKS_DECL void service::drain() {
    {
        std::lock_guard const lock(mutex_);
        draining_ = true;
    }
    for (auto const& c : all()) c.session()->close_to_drain();
}

}  // namespace httphooks::engineio::detail
