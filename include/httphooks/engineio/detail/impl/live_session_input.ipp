// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a session does with what its client sends: polls, posts, messages of a WebSocket.
*/

#include <httphooks/engineio/detail/live_session.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio::detail {

// in its turn ---------------------------------------------------------------------------------

/// Whether so much waits for the client that what it sends is not looked at.
inline bool live_session::is_full() const noexcept {
    return machine_.transport() == transport_kind::polling ? machine_.is_full()
                                                           : socket_ && socket_->is_full();
}

inline held_input& live_session::held() {
    if (!held_) held_ = std::make_shared<held_input>();
    return *held_;
}

inline void live_session::take(packet_view p) {
    if (!machine_.is_open()) return;
    if (p.type == packet_type::message) return call_message(p.data, p.binary);
    session_actions todo;
    machine_.receive(p, home_.timers().now(), todo);
    apply(std::move(todo));
}

/// Hands over what came, and goes on reading. What the client posts while it does not take what
/// waits for it is not held up a second time: the limits of what may wait decide.
inline void live_session::pump(bool again) {
    if (is_paused() || std::exchange(pumping_, true)) return;
    auto const keep = shared_from_this();
    auto const input = held_;
    error_code ec;
    bool full = false;
    while (input && !input->empty() && !is_paused() && machine_.is_open() && !ec && !full) {
        ec = input->take([this](packet_view p) { take(p); });
        full = input->payloads() < 2 && is_full();
    }
    pumping_ = false;
    if (machine_.is_sending()) flush_later();
    if (ec) return fail(close_reason::parse_error);
    if (is_paused()) return;
    if (input) input->answer();
    if (!input || input->empty() || !machine_.is_open()) {
        held_.reset();
        if (lost_) return fail(*lost_);
        if (!machine_.is_open()) return;
        if (socket_) socket_->resume();
    } else if (socket_) {
        // it is not read meanwhile; one that takes all of it in this turn tells nothing
        if (again) home_.post([s = self()] { s->pump(false); });
        return;
    }
    machine_.hold(false, home_.timers().now());
    apply({});
}

// polling -------------------------------------------------------------------------------------

/// Has `f(live_session&)` called here when the client of a visit goes before it has its answer.
template <class Function>
void live_session::when_gone(std::shared_ptr<http::detail::waiting_visit> const& w, Function f) {
    auto const gone = [weak = std::weak_ptr<timed>(shared_from_this()), f] {
        auto const s = std::static_pointer_cast<live_session>(weak.lock());
        if (s) s->home_.dispatch([s, f] { f(*s); });
    };
    w->place().dispatch([weak = std::weak_ptr(w), gone] {
        if (auto const waiting = weak.lock())
            waiting->on_gone(gone);
        else
            gone();
    });
}

HTTPHOOKS_DECL void live_session::poll(std::shared_ptr<http::detail::waiting_visit> w,
                                       parked_poll p) {
    session_actions todo = machine_.poll(home_.timers().now());
    if (std::exchange(todo.refuse_poll, false)) {
        p.reply.result(status::bad_request);
        p.answer(std::move(p.reply));
    } else {
        poll_ = std::make_unique<parked_poll>(std::move(p));
        when_gone(w, [number = ++poll_number_](live_session& s) {
            if (s.poll_number_ == number) s.apply(s.machine_.poll_gone());
        });
    }
    apply(std::move(todo));
    pump();
}

HTTPHOOKS_DECL void live_session::receive(std::string body, bool binary,
                                          std::shared_ptr<httphooks::detail::body_claim> claim) {
    held().add(std::move(body), protocol_, binary, std::move(claim));
    pump();
}

HTTPHOOKS_DECL void live_session::retain(std::size_t bytes) {
    if (!bodies_) return;
    if (socket_ || bytes == 0) retained_.reset();
    if (socket_) return socket_->retain(bytes);
    if (bytes == 0) return;
    if (!retained_) retained_ = bodies_->open();
    retained_->set(bytes);
}

HTTPHOOKS_DECL void live_session::post_ends(bool good) {
    --posting_;
    if (!good && is_open()) home_.dispatch([s = self()] { s->post_broken(); });
}

/// The client of a post has gone before it had the answer.
inline void live_session::post_broken() {
    if (machine_.transport() == transport_kind::polling) fail(close_reason::transport_error);
}

HTTPHOOKS_DECL void live_session::answer_post(std::shared_ptr<http::detail::waiting_visit> const& w,
                                              response r) {
    if (!is_paused() || machine_.is_over()) return w->answer(std::move(r));
    held().hold(w, std::move(r));
    when_gone(w, [](live_session& s) { s.post_broken(); });
}

// WebSockets ----------------------------------------------------------------------------------

HTTPHOOKS_DECL void live_session::on_socket_open(std::shared_ptr<socket_link> const& l) {
    if (l == socket_) {
        apply(machine_.start());
        return tell_opened();
    }
    if (!machine_.probe(home_.timers().now())) return l->close();
    probe_ = l;
    apply({});
}

HTTPHOOKS_DECL void live_session::on_socket_message(socket_link const& l, std::string_view data,
                                                    bool binary) {
    packet_view p;
    std::string scratch;
    error_code const ec = read_message(p, data, binary, scratch, protocol_);
    if (&l == probe_.get())
        return apply(machine_.receive_probe(
            ec || p.binary ? std::nullopt : std::optional<packet_view>(p), home_.timers().now()));
    if (&l != socket_.get()) return;
    if (ec) return fail(close_reason::parse_error);
    bool const beats = p.type == packet_type::ping || p.type == packet_type::pong;
    bool const full = !l.is_direct() && l.is_full();
    if (beats || (!is_paused() && !held_ && !full)) return take(p);
    held().add(p);
    // one on this thread is not read while much waits for its client
    if (full) pause_socket();
}

HTTPHOOKS_DECL void live_session::on_socket_end(socket_link const& l, websocket::close_code why) {
    auto const keep = shared_from_this();
    if (&l == probe_.get()) {
        probe_.reset();
        machine_.probe_gone();
        return apply({});
    }
    if (&l != socket_.get()) return;
    socket_.reset();
    bool const broken = why == websocket::close_code::protocol_error ||
                        why == websocket::close_code::invalid_payload ||
                        why == websocket::close_code::too_big;
    auto const reason = broken ? close_reason::transport_error : close_reason::transport_close;
    if (!held_ || held_->empty() || !machine_.is_open() || until_gone_ != 0) return fail(reason);
    // first what it brought
    lost_ = reason;
    pump();
}

HTTPHOOKS_DECL void live_session::on_socket_drain(socket_link const& l) {
    if (&l != socket_.get()) return;
    pump();
    tell_drained();
}

HTTPHOOKS_DECL void live_session::on_socket_room(socket_link const& l) {
    if (&l == socket_.get()) pump();
}

}  // namespace httphooks::engineio::detail
