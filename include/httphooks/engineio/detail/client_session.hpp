// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a client's connection: finds a transport, goes over to a better one, keeps what
    is sent, hands on what comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/engineio/client_options.hpp>
#include <httphooks/engineio/detail/client_handshake.hpp>
#include <httphooks/engineio/detail/client_link.hpp>
#include <httphooks/engineio/detail/client_outbox.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/websocket/detail/client_session_base.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::engineio {

class client_connection;

}  // namespace httphooks::engineio

namespace httphooks::engineio::detail {

/// What the connections of a client share.
struct client_settings {
    client_options options{};
    std::function<void(client_connection&, std::string_view, bool)> message{};
    std::function<void(client_connection&, close_reason)> close{};
    std::function<void(client_connection&)> upgrade{};
    std::function<void(client_connection&)> drain{};
};

class client_session final : public client_link_owner,
                             public websocket::detail::client_session_base {
public:
    using handler = asio::any_completion_handler<void(error_code, client_connection)>;

    client_session(asio::any_io_executor const& executor,
                   std::shared_ptr<client_settings const> settings, http::absolute_url url,
                   handler done);

    void start() { try_next(); }

    bool send(std::vector<packet> packets);
    /// Closes behind what was sent, and these packets, which are taken room or not.
    void close(std::vector<packet> last);

    std::size_t buffered() const noexcept { return outbox_.size(); }
    transport_kind transport() const noexcept { return kind_.load(std::memory_order_relaxed); }
    std::string const& id() const noexcept { return shake_.sid; }

private:
    HTTPHOOKS_DECL void on_packet(client_link& from, packet_view p) override;
    HTTPHOOKS_DECL void on_ready(client_link& from) override;
    HTTPHOOKS_DECL void on_sent(client_link& from) override;
    HTTPHOOKS_DECL void on_paused(client_link& from) override;
    HTTPHOOKS_DECL void on_lost(client_link& from, close_reason why, error_code ec) override;

    HTTPHOOKS_DECL bool make_next() override;
    void start_link() override { link_->start(); }
    HTTPHOOKS_DECL void give_up() override;
    HTTPHOOKS_DECL void complete(error_code ec) override;
    HTTPHOOKS_DECL void run() override;
    HTTPHOOKS_DECL void end_now() override;

    std::shared_ptr<client_session> self() {
        return std::static_pointer_cast<client_session>(shared_from_this());
    }
    client_options const& options() const noexcept { return settings_->options; }

    template <class Function>
    void guarded(Function f) noexcept;
    void try_next();
    std::shared_ptr<client_link> make_link(transport_kind which);
    void open(std::string_view handshake);
    void probe();
    void on_probe_packet(packet_view p);
    void drop_probe();
    void await_ping();
    inline std::chrono::steady_clock::time_point next_ping() const;
    void deliver(packet_view p);
    void end(close_reason why);
    void drop_link(bool tell);

    std::shared_ptr<client_settings const> settings_;
    http::absolute_url url_;
    handler done_;
    asio::steady_timer probe_timer_;
    /// What is not tried yet.
    std::deque<transport_kind> left_{};
    std::shared_ptr<client_link> link_{};
    std::shared_ptr<client_link> probe_{};
    server_handshake shake_{};
    /// When the server has to have sent a ping.
    std::chrono::steady_clock::time_point ping_by_{};
    client_outbox outbox_;
    std::atomic<transport_kind> kind_{transport_kind::polling};
    bool sending_ = false;
    /// The probe was answered; nothing is sent until the old transport is at its end.
    bool upgrading_ = false;
    httphooks::detail::context_guard guard_;  // the last: its end comes first
};

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/client_session.ipp>
#endif
