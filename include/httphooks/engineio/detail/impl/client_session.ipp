// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/client_session.hpp>

#include <httphooks/engineio/client_connection.hpp>
#include <httphooks/engineio/detail/client_handshake.hpp>
#include <httphooks/engineio/detail/client_link.hpp>
#include <httphooks/engineio/detail/client_polling.hpp>
#include <httphooks/engineio/detail/client_websocket.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/http/detail/begin_connect.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL client_session::client_session(asio::any_io_executor const& executor,
                                              std::shared_ptr<client_settings const> settings,
                                              http::absolute_url url, handler done)
    : client_session_base(executor),
      settings_(std::move(settings)),
      url_(std::move(url)),
      done_(std::move(done)),
      probe_timer_(executor),
      left_(options().transports.begin(), options().transports.end()),
      outbox_(options().output_limit),
      guard_(executor) {
    set_failure(error::no_transport);
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

// opening -------------------------------------------------------------------------------------
HTTPHOOKS_DECL void client_session::try_next() {
    client_session_base::try_next(options().open_timeout, asio::error::timed_out);
}

HTTPHOOKS_DECL bool client_session::make_next() {
    if (left_.empty()) return false;
    transport_kind const which = left_.front();
    left_.pop_front();
    link_ = make_link(which);
    kind_.store(which, std::memory_order_relaxed);
    return true;
}

HTTPHOOKS_DECL std::shared_ptr<client_link> client_session::make_link(transport_kind which) {
    client_link::setup s;
    s.executor = executor();
    s.owner = self();
    s.url = url_;
    s.headers = options().headers;
    s.options = &options();
    std::shared_ptr<client_link> made;
    if (which == transport_kind::websocket)
        made = std::make_shared<client_websocket>(std::move(s));
    else
        made = std::make_shared<client_polling>(std::move(s));
    made->set_session(shake_.sid);
    return made;
}

HTTPHOOKS_DECL void client_session::open(std::string_view handshake) {
    auto shake = read_handshake(handshake);
    if (!shake) return on_lost(*link_, close_reason::parse_error, error::bad_handshake);
    shake_ = std::move(*shake);
    link_->set_session(shake_.sid);
    enter(state::open);
    ping_by_ = next_ping();
    await_ping();
    complete({});
    bool const better = std::ranges::find(left_, transport_kind::websocket) != left_.end();
    left_.clear();
    if (is_open() && options().upgrade && better && shake_.websocket &&
        link_->kind() == transport_kind::polling)
        probe();
}

HTTPHOOKS_DECL void client_session::give_up() {
    drop_link(false);
}

HTTPHOOKS_DECL void client_session::complete(error_code ec) {
    http::detail::complete_connect(executor(), done_, ec, client_connection(ec ? nullptr : self()));
}

// the upgrade ---------------------------------------------------------------------------------
HTTPHOOKS_DECL void client_session::probe() {
    probe_ = make_link(transport_kind::websocket);
    probe_timer_.expires_after(options().open_timeout);
    probe_timer_.async_wait([self = self(), tried = probe_](error_code ec) {
        if (!ec && self->probe_ == tried) self->drop_probe();
    });
    probe_->start();
}

HTTPHOOKS_DECL void client_session::on_ready(client_link& from) {
    if (&from != probe_.get()) return;
    from.send(std::vector<packet>(1, packet{packet_type::ping, false, "probe"}));
}

HTTPHOOKS_DECL void client_session::on_probe_packet(packet_view p) {
    if (upgrading_) return;
    if (p.type != packet_type::pong || p.data != "probe") return drop_probe();
    upgrading_ = true;
    link_->pause();
}

HTTPHOOKS_DECL void client_session::on_paused(client_link& from) {
    if (&from != link_.get() || !upgrading_ || !probe_) return;
    auto const keep = self();
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
HTTPHOOKS_DECL void client_session::drop_probe() {
    probe_timer_.cancel();
    if (auto const p = std::exchange(probe_, nullptr)) p->stop(false);
    if (!std::exchange(upgrading_, false) || !link_) return;
    link_->resume();
    run();
}

// what comes ----------------------------------------------------------------------------------
HTTPHOOKS_DECL void client_session::on_packet(client_link& from, packet_view p) {
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
            outbox_.add_pong(std::string(p.data));
            ping_by_ = next_ping();
            return run();
        case packet_type::close:
            return end(close_reason::transport_close);
        default:
            return;
    }
}

HTTPHOOKS_DECL void client_session::deliver(packet_view p) {
    if (!is_open() || !settings_->message) return;
    client_connection handle(self());
    guarded([&] { settings_->message(handle, p.data, p.binary); });
}

inline std::chrono::steady_clock::time_point client_session::next_ping() const {
    return std::chrono::steady_clock::now() + shake_.ping_interval + shake_.ping_timeout;
}

/// One wait at a time, however many pings come.
HTTPHOOKS_DECL void client_session::await_ping() {
    timer().expires_at(ping_by_);
    timer().async_wait([self = self()](error_code ec) {
        if (ec || self->current() == state::closed) return;
        if (std::chrono::steady_clock::now() < self->ping_by_) return self->await_ping();
        self->end(close_reason::ping_timeout);
    });
}

HTTPHOOKS_DECL void client_session::on_lost(client_link& from, close_reason why, error_code ec) {
    auto const keep = self();
    if (&from == probe_.get()) return drop_probe();
    if (&from != link_.get()) return;
    if (current() != state::connecting) return end(why);
    set_failure(ec);
    drop_link(false);
    try_next();
}

// sending and closing -------------------------------------------------------------------------
HTTPHOOKS_DECL bool client_session::send(std::vector<packet> packets) {
    bool first = false;
    if (!is_open() || !outbox_.add(std::move(packets), first)) return false;
    if (first) run_soon();
    return true;
}

HTTPHOOKS_DECL void client_session::close(std::vector<packet> last) {
    if (is_open()) outbox_.add_last(std::move(last));
    close_within(options().close_timeout);
}

HTTPHOOKS_DECL void client_session::end_now() {
    end(close_reason::forced_close);
}

HTTPHOOKS_DECL void client_session::run() {
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

HTTPHOOKS_DECL void client_session::on_sent(client_link& from) {
    if (&from != link_.get()) return;
    auto const keep = self();
    sending_ = false;
    outbox_.sent();
    run();
    if (sending_ || upgrading_ || !is_open() || !settings_->drain) return;
    client_connection handle(keep);
    guarded([&] { settings_->drain(handle); });
}

HTTPHOOKS_DECL void client_session::drop_link(bool tell) {
    if (auto const link = std::exchange(link_, nullptr)) link->stop(tell);
}

HTTPHOOKS_DECL void client_session::end(close_reason why) {
    auto const keep = self();
    if (!finish()) return;
    bool const by_us = why == close_reason::forced_close;
    drop_link(by_us);
    drop_probe();
    outbox_.clear();
    client_connection handle(keep);
    if (settings_->close) guarded([&] { settings_->close(handle, why); });
}

}  // namespace httphooks::engineio::detail
