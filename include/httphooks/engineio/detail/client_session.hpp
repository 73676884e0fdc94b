// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a client's connection: finds a transport, goes over to a better one, keeps what
    is sent, hands on what comes.
*/

#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/engineio/client_connection.hpp>
#include <httphooks/engineio/client_options.hpp>
#include <httphooks/engineio/detail/client_handshake.hpp>
#include <httphooks/engineio/detail/client_link.hpp>
#include <httphooks/engineio/detail/client_outbox.hpp>
#include <httphooks/engineio/detail/client_polling.hpp>
#include <httphooks/engineio/detail/client_websocket.hpp>
#include <httphooks/engineio/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
                             public std::enable_shared_from_this<client_session> {
public:
    using handler = asio::any_completion_handler<void(error_code, client_connection)>;

    client_session(asio::any_io_executor const& executor,
                   std::shared_ptr<client_settings const> settings, http::absolute_url url,
                   handler done);

    void start() { try_next(); }
    /// Gives up while it is not open.
    void cancel() { refuse(asio::error::operation_aborted); }

    bool send(std::vector<packet> packets);
    void close();

    bool is_open() const noexcept { return current() == state::open; }
    std::size_t buffered() const noexcept { return outbox_.size(); }
    transport_kind transport() const noexcept { return kind_.load(std::memory_order_relaxed); }
    std::string const& id() const noexcept { return shake_.sid; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }

private:
    enum class state : std::uint8_t { connecting, open, closing, closed };

    void on_packet(client_link& from, packet_view p) override;
    void on_ready(client_link& from) override;
    void on_sent(client_link& from) override;
    void on_paused(client_link& from) override;
    void on_lost(client_link& from, close_reason why, error_code ec) override;

    client_options const& options() const noexcept { return settings_->options; }
    state current() const noexcept { return state_.load(std::memory_order_acquire); }
    void enter(state s) noexcept { state_.store(s, std::memory_order_release); }

    template <class Function>
    void guarded(Function f) noexcept;
    void try_next();
    std::shared_ptr<client_link> make_link(transport_kind which);
    void open(std::string_view handshake);
    void probe();
    void on_probe_packet(packet_view p);
    void drop_probe();
    void expect_ping();
    void deliver(packet_view p);
    void run();
    /// Completes the attempt with an error.
    void refuse(error_code ec);
    void complete(error_code ec);
    void end(close_reason why);
    void drop_link(bool tell);

    asio::any_io_executor executor_;
    std::shared_ptr<client_settings const> settings_;
    http::absolute_url url_;
    handler done_;
    /// For opening, then for the server's pings.
    asio::steady_timer timer_;
    asio::steady_timer probe_timer_;
    asio::steady_timer closing_timer_;
    /// What is not tried yet.
    std::deque<transport_kind> left_{};
    error_code failure_{error::no_transport};
    std::shared_ptr<client_link> link_{};
    std::shared_ptr<client_link> probe_{};
    server_handshake shake_{};
    client_outbox outbox_;
    std::atomic<state> state_{state::connecting};
    std::atomic<transport_kind> kind_{transport_kind::polling};
    bool sending_ = false;
    /// The probe was answered; nothing is sent until the old transport is at its end.
    bool upgrading_ = false;
    httphooks::detail::context_guard guard_;
};

// ---------------------------------------------------------------------------------------------

inline client_session::client_session(asio::any_io_executor const& executor,
                                      std::shared_ptr<client_settings const> settings,
                                      http::absolute_url url, handler done)
    : executor_(executor),
      settings_(std::move(settings)),
      url_(std::move(url)),
      done_(std::move(done)),
      timer_(executor),
      probe_timer_(executor),
      closing_timer_(executor),
      left_(options().transports.begin(), options().transports.end()),
      outbox_(options().output_limit),
      guard_(executor) {}

// opening -------------------------------------------------------------------------------------

inline void client_session::try_next() {
    if (left_.empty()) {
        // not from within the function that asked for the connection
        asio::post(executor_, [self = shared_from_this()] { self->refuse(self->failure_); });
        return;
    }
    transport_kind const which = left_.front();
    left_.pop_front();
    link_ = make_link(which);
    kind_.store(which, std::memory_order_relaxed);
    timer_.expires_after(options().open_timeout);
    timer_.async_wait([self = shared_from_this(), tried = link_](error_code ec) {
        if (ec || self->link_ != tried || self->current() != state::connecting) return;
        self->failure_ = asio::error::timed_out;
        self->drop_link(false);
        self->try_next();
    });
    link_->start();
}

inline std::shared_ptr<client_link> client_session::make_link(transport_kind which) {
    client_link::setup s;
    s.executor = executor_;
    s.owner = weak_from_this();
    s.url = url_;
    s.sid = shake_.sid;
    s.options = &options();
    if (which == transport_kind::websocket) return std::make_shared<client_websocket>(std::move(s));
    return std::make_shared<client_polling>(std::move(s));
}

inline void client_session::open(std::string_view handshake) {
    auto shake = read_handshake(handshake);
    if (!shake) return on_lost(*link_, close_reason::parse_error, error::bad_handshake);
    shake_ = std::move(*shake);
    link_->begin_session(shake_.sid);
    enter(state::open);
    expect_ping();
    complete({});
    bool const better = std::ranges::find(left_, transport_kind::websocket) != left_.end();
    left_.clear();
    if (is_open() && options().upgrade && better && shake_.websocket &&
        link_->kind() == transport_kind::polling)
        probe();
}

inline void client_session::refuse(error_code ec) {
    if (current() != state::connecting) return;
    enter(state::closed);
    timer_.cancel();
    drop_link(false);
    complete(ec);
}

inline void client_session::complete(error_code ec) {
    handler done;
    done.swap(done_);
    client_connection const c(ec ? nullptr : shared_from_this());
    auto const to = asio::get_associated_executor(done, executor_);
    asio::dispatch(to, asio::append(std::move(done), ec, c));
}

// the upgrade ---------------------------------------------------------------------------------

inline void client_session::probe() {
    probe_ = make_link(transport_kind::websocket);
    probe_timer_.expires_after(options().open_timeout);
    probe_timer_.async_wait([self = shared_from_this(), tried = probe_](error_code ec) {
        if (!ec && self->probe_ == tried) self->drop_probe();
    });
    probe_->start();
}

inline void client_session::on_ready(client_link& from) {
    if (&from != probe_.get()) return;
    from.send(std::vector<packet>(1, packet{packet_type::ping, false, "probe"}));
}

inline void client_session::on_probe_packet(packet_view p) {
    if (upgrading_) return;
    if (p.type != packet_type::pong || p.data != "probe") return drop_probe();
    upgrading_ = true;
    link_->pause();
}

inline void client_session::on_paused(client_link& from) {
    if (&from != link_.get() || !upgrading_ || !probe_) return;
    auto const keep = shared_from_this();
    probe_timer_.cancel();
    drop_link(false);
    link_ = std::exchange(probe_, nullptr);
    kind_.store(link_->kind(), std::memory_order_relaxed);
    upgrading_ = false;
    sending_ = true;
    link_->send(std::vector<packet>(1, packet{packet_type::upgrade, false, {}}));
    client_connection handle(keep);
    if (settings_->upgrade && is_open()) guarded([&] { settings_->upgrade(handle); });
}

/// The session stays with the transport that it has.
inline void client_session::drop_probe() {
    probe_timer_.cancel();
    if (auto const p = std::exchange(probe_, nullptr)) p->stop(false);
    if (!std::exchange(upgrading_, false) || !link_) return;
    link_->resume();
    run();
}

// what comes ----------------------------------------------------------------------------------

inline void client_session::on_packet(client_link& from, packet_view p) {
    if (&from == probe_.get()) return on_probe_packet(p);
    if (&from != link_.get()) return;
    if (current() == state::connecting) {
        if (p.type == packet_type::open) return open(p.data);
        return on_lost(from, close_reason::parse_error, error::bad_handshake);
    }
    switch (p.type) {
        case packet_type::message:
            return deliver(p);
        case packet_type::ping:
            outbox_.add_first({packet_type::pong, false, std::string(p.data)});
            expect_ping();
            return run();
        case packet_type::close:
            return end(close_reason::transport_close);
        default:
            return;
    }
}

/// Runs a function of the application's; what it throws ends the connection.
template <class Function>
void client_session::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        end(close_reason::forced_close);
    }
}

inline void client_session::deliver(packet_view p) {
    if (!is_open() || !settings_->message) return;
    client_connection handle(shared_from_this());
    guarded([&] { settings_->message(handle, p.data, p.binary); });
}

inline void client_session::expect_ping() {
    timer_.expires_after(shake_.ping_interval + shake_.ping_timeout);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
        if (!ec) self->end(close_reason::ping_timeout);
    });
}

inline void client_session::on_lost(client_link& from, close_reason why, error_code ec) {
    auto const keep = shared_from_this();
    if (&from == probe_.get()) return drop_probe();
    if (&from != link_.get()) return;
    if (current() != state::connecting) return end(why);
    failure_ = ec;
    drop_link(false);
    try_next();
}

// sending and closing -------------------------------------------------------------------------

inline bool client_session::send(std::vector<packet> packets) {
    bool first = false;
    if (!is_open() || !outbox_.add(std::move(packets), first)) return false;
    if (first) asio::post(executor_, [self = shared_from_this()] { self->run(); });
    return true;
}

inline void client_session::close() {
    state expected = state::open;
    if (!state_.compare_exchange_strong(expected, state::closing)) return;
    asio::post(executor_, [self = shared_from_this()] {
        if (self->current() == state::closed) return;
        self->closing_timer_.expires_after(self->options().close_timeout);
        self->closing_timer_.async_wait([self](error_code ec) {
            if (!ec) self->end(close_reason::forced_close);
        });
        self->run();
    });
}

/// Sends what waits, when nothing is under way; then closes, if it was asked for.
inline void client_session::run() {
    // a WebSocket takes any size, but what waits is better kept here
    constexpr std::size_t websocket_batch = 64 * 1024;
    if (sending_ || upgrading_ || !link_ || current() == state::connecting) return;
    bool const polling = link_->kind() == transport_kind::polling;
    auto batch = outbox_.take(polling ? shake_.max_payload : websocket_batch);
    if (!batch.empty()) {
        sending_ = true;
        return link_->send(std::move(batch));
    }
    if (current() == state::closing) end(close_reason::forced_close);
}

inline void client_session::on_sent(client_link& from) {
    if (&from != link_.get()) return;
    auto const keep = shared_from_this();
    sending_ = false;
    outbox_.sent();
    run();
    if (sending_ || upgrading_ || !is_open() || !settings_->drain) return;
    client_connection handle(keep);
    guarded([&] { settings_->drain(handle); });
}

inline void client_session::drop_link(bool tell) {
    if (auto const link = std::exchange(link_, nullptr)) link->stop(tell);
}

inline void client_session::end(close_reason why) {
    if (current() == state::closed) return;
    auto const self = shared_from_this();
    enter(state::closed);
    timer_.cancel();
    closing_timer_.cancel();
    bool const by_us = why == close_reason::forced_close;
    drop_link(by_us);
    drop_probe();
    outbox_.clear();
    client_connection handle(self);
    if (settings_->close) guarded([&] { settings_->close(handle, why); });
}

}  // namespace httphooks::engineio::detail

namespace httphooks::engineio {

inline bool client_connection::send(std::string_view text) const {
    return send(std::vector<packet>(1, packet{packet_type::message, false, std::string(text)}));
}

inline bool client_connection::send_binary(std::string_view bytes) const {
    return send(std::vector<packet>(1, packet{packet_type::message, true, std::string(bytes)}));
}

inline bool client_connection::send(std::vector<packet> messages) const {
    return session_ && session_->send(std::move(messages));
}

inline void client_connection::close() const {
    if (session_) session_->close();
}

inline bool client_connection::is_open() const noexcept {
    return session_ && session_->is_open();
}

inline std::size_t client_connection::buffered_amount() const noexcept {
    return session_ ? session_->buffered() : 0;
}

inline transport_kind client_connection::transport() const noexcept {
    return session_ ? session_->transport() : transport_kind::polling;
}

inline std::string const& client_connection::id() const noexcept {
    static std::string const none;
    return session_ ? session_->id() : none;
}

inline asio::any_io_executor client_connection::get_executor() const {
    return session_ ? session_->executor() : asio::any_io_executor();
}

}  // namespace httphooks::engineio
