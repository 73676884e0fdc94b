// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of an Engine.IO server share: options, the application's handlers, the
    sessions.
*/

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/text/base64.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/live_session.hpp>
#include <httphooks/engineio/detail/socket_link.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/middleware.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/http/cors_policy.hpp>
#include <httphooks/http/detail/address_counts.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

/** The sessions of one server. Thread-safe; handlers are set before the server serves. */
class service final : public session_owner, public std::enable_shared_from_this<service> {
public:
    using decide = std::function<void(verdict)>;

    service(asio::any_io_executor executor, engineio::options o);

    engineio::options const& options() const noexcept { return *options_; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    std::shared_ptr<server_counters> const& shared_counters() const noexcept { return counters_; }
    /// Who may read replies; null when that is not said.
    http::cors_policy const* cors() const noexcept { return cors_ ? &*cors_ : nullptr; }
    std::shared_ptr<websocket::detail::channel_settings> const& websockets() const noexcept {
        return websockets_;
    }

    std::function<void(engineio::connection)> on_connection{};
    std::function<void(connection_error const&)> on_connection_error{};
    std::function<void(fields&, request const&, bool)> on_headers{};
    std::function<void(std::exception_ptr)> on_error{};
    std::function<void(handshake const&, decide)> allow_request{};
    std::vector<middleware> middlewares{};

    /// The session of an id, or null.
    std::shared_ptr<live_session> find(std::string_view id);

    /// Whether a page of the request's origin may have a WebSocket.
    bool lets_in(request const& r) noexcept;

    /// Calls a function of the application's.
    template <class Function>
    void guarded(Function f) noexcept {
        try {
            f();
        } catch (...) {
            failed(std::current_exception());
        }
    }

    /// Asks the application whether a client may connect; answers on any thread.
    void ask(handshake const& shake, decide then);

    /** Opens a session.
        @param why set when there is none: 400 or 503 */
    std::shared_ptr<live_session> open(home place, live_session::beginning b, status& why);

    void opened(std::shared_ptr<live_session> s) override;
    void forget(live_session& s) noexcept override;
    server_counters& counters() noexcept override { return *counters_; }
    void failed(std::exception_ptr e) noexcept override;

    std::vector<engineio::connection> all();
    std::size_t size() const;
    /// Closes all sessions; no more are opened.
    void drain();

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept {
            return std::hash<std::string_view>()(s);
        }
    };
    using session_map =
        std::unordered_map<std::string, std::shared_ptr<live_session>, text_hash, std::equal_to<>>;

    bool make_id(live_session::beginning& b) noexcept;

    asio::any_io_executor executor_;
    std::shared_ptr<engineio::options const> options_;
    std::optional<http::cors_policy> cors_{};
    std::shared_ptr<server_counters> const counters_ = std::make_shared<server_counters>();
    std::shared_ptr<websocket::detail::channel_settings> websockets_{};
    mutable std::mutex mutex_{};
    session_map sessions_{};
    http::detail::address_counts by_address_;
    bool draining_ = false;
};

/// A new id: 120 random bits in 20 characters that need no escaping.
std::string random_id();

// ---------------------------------------------------------------------------------------------

inline std::string random_id() {
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

inline service::service(asio::any_io_executor executor, engineio::options o)
    : executor_(std::move(executor)),
      options_(std::make_shared<engineio::options const>(std::move(o))),
      by_address_(options_->max_sessions_per_address) {
    if (options_->cors) cors_.emplace(*options_->cors);
    websocket::connection_options w;
    w.message.size = options_->max_payload;
    w.output_limit = std::numeric_limits<std::size_t>::max();  // a socket_link sees to it
    w.ping_interval = std::chrono::milliseconds(0);            // the protocol has its own
    websockets_ = socket_link::settings(w);
    websockets_->counters = counters_;
}

inline std::shared_ptr<live_session> service::find(std::string_view id) {
    std::lock_guard const lock(mutex_);
    auto const at = sessions_.find(id);
    return at == sessions_.end() ? nullptr : at->second;
}

inline bool service::lets_in(request const& r) noexcept {
    bool good = !cors_;
    guarded([&] { good = good || cors_->lets_in(r); });
    return good;
}

inline void service::ask(handshake const& shake, decide then) {
    if (!allow_request) return then({});
    try {
        allow_request(shake, then);
    } catch (...) {
        failed(std::current_exception());
        then({false, {}});
    }
}

/// Makes an id for a session. @return whether there is one
inline bool service::make_id(live_session::beginning& b) noexcept {
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

inline std::shared_ptr<live_session> service::open(home place, live_session::beginning b,
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

inline void service::opened(std::shared_ptr<live_session> s) {
    if (on_connection) on_connection(engineio::connection(std::move(s)));
}

inline void service::forget(live_session& s) noexcept {
    std::shared_ptr<live_session> gone;  // destroyed outside of the lock
    std::lock_guard const lock(mutex_);
    by_address_.leave(s.opening().peer.address());
    if (auto const at = sessions_.find(s.id()); at != sessions_.end()) {
        gone = std::move(at->second);
        sessions_.erase(at);
        counters_->end_session();
    }
}

inline void service::failed(std::exception_ptr e) noexcept {
    http::detail::tell_error(on_error, std::move(e));
}

inline std::vector<engineio::connection> service::all() {
    std::lock_guard const lock(mutex_);
    std::vector<engineio::connection> list;
    list.reserve(sessions_.size());
    for (auto const& [id, s] : sessions_) list.emplace_back(s);
    return list;
}

inline std::size_t service::size() const {
    std::lock_guard const lock(mutex_);
    return sessions_.size();
}

inline void service::drain() {
    {
        std::lock_guard const lock(mutex_);
        draining_ = true;
    }
    for (auto const& c : all()) c.session()->close_to_drain();
}

}  // namespace httphooks::engineio::detail
