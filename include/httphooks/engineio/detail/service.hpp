// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of an Engine.IO server share: options, the application's handlers, the
    sessions.
*/

#include <httphooks/config.hpp>
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
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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

    HTTPHOOKS_DECL void opened(std::shared_ptr<live_session> s) override;
    HTTPHOOKS_DECL void forget(live_session& s) noexcept override;
    server_counters& counters() noexcept override { return *counters_; }
    HTTPHOOKS_DECL void failed(std::exception_ptr e) noexcept override;

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

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/service.ipp>
#endif
