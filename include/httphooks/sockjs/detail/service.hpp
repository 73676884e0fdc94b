// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of a SockJS server share: options, the application's handlers, the sessions.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/address_counts.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/polling_session.hpp>
#include <httphooks/sockjs/detail/receiver.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/iframe.hpp>
#include <httphooks/sockjs/options.hpp>
#include <httphooks/websocket/connection.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace httphooks::sockjs::detail {

/** The sessions of one server. Thread-safe; handlers are set before the server serves. */
class service final : public session_owner, public std::enable_shared_from_this<service> {
public:
    /// Says whether a client may connect: status::ok, or the refusal.
    using verdict = std::function<void(status)>;
    using authoriser = std::function<void(handshake const&, verdict)>;

    service(asio::any_io_executor executor, sockjs::options o);

    sockjs::options const& options() const noexcept { return *options_; }
    std::shared_ptr<sockjs::options const> const& shared_options() const noexcept {
        return options_;
    }
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    std::shared_ptr<server_counters> const& shared_counters() const noexcept { return counters_; }
    /// The iframe page, made once.
    iframe_page const& iframe() const noexcept { return iframe_; }

    /// What the WebSockets with and without SockJS framing share.
    std::shared_ptr<websocket::detail::channel_settings> websockets{};
    std::shared_ptr<websocket::detail::channel_settings> raw_websockets{};

    std::function<void(sockjs::connection)> on_connection{};
    std::function<void(std::exception_ptr)> on_error{};
    authoriser authorise{};

    /// The session of a client's name, or null.
    std::shared_ptr<polling_session> find(std::string_view id, asio::ip::address const& from);

    /// Has a receiver carry the frames of a session, which is opened if there is none.
    void enter(std::string id, std::shared_ptr<receiver> r, std::string_view transport);

    /// Asks the application whether a client may connect; answers on any thread.
    void ask(handshake const& shake, verdict then);

    /// Counts a session that is to be opened. @return status::ok, or why it cannot be
    status admit(asio::ip::address const& from);
    /// Gives back what admit() has counted, when no session came of it.
    void release(asio::ip::address const& from) noexcept;
    /// Adds a session that admit() has counted.
    void add(session_base& s);

    HTTPHOOKS_DECL void opened(std::shared_ptr<session_base> s) override;
    HTTPHOOKS_DECL void forget(session_base& s) noexcept override;
    server_counters& counters() noexcept override { return *counters_; }
    HTTPHOOKS_DECL void failed(std::exception_ptr e) noexcept override;

    std::vector<std::shared_ptr<session_base>> all();
    std::size_t size() const;
    /// Ends all sessions; no more are opened.
    void drain();

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept {
            return std::hash<std::string_view>()(s);
        }
    };
    using session_map = std::unordered_map<std::string, std::shared_ptr<polling_session>, text_hash,
                                           std::equal_to<>>;

    void join(std::string id, std::shared_ptr<receiver> r, std::shared_ptr<polling_session> s,
              std::string_view transport);
    /// Tells a client why it gets no session: in a response, or in that which has begun.
    void turn_away(receiver& r, status why);
    void open(std::string id, std::shared_ptr<receiver> r, std::string_view transport);
    void release_locked(asio::ip::address const& from) noexcept;

    asio::any_io_executor executor_;
    std::shared_ptr<sockjs::options const> options_;
    iframe_page iframe_;
    std::shared_ptr<server_counters> const counters_ = std::make_shared<server_counters>();
    mutable std::mutex mutex_{};
    session_map sessions_{};
    boost::intrusive::list<session_base, boost::intrusive::constant_time_size<false>> all_{};
    http::detail::address_counts by_address_;
    std::size_t count_ = 0;
    bool draining_ = false;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/service.ipp>
#endif
