// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/live_session.hpp>

#include <httphooks/engineio/detail/socket_link.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/engineio/session.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/session_owner.hpp>

#include <any>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL bool live_session::send_text_with(
    std::size_t expected, httphooks::detail::function_ref<void(std::string&)> write) {
    if (!is_open()) return false;
    if (socket_ && socket_->is_direct() && home_.here() && machine_.is_open())
        return sent(socket_->send_text_with(expected, write));
    std::string text = httphooks::detail::take_string();
    write(text);
    bool const good = send({packet_type::message, false, text});
    httphooks::detail::give_string(std::move(text));
    return good;
}

HTTPHOOKS_DECL live_session::live_session(std::shared_ptr<session_owner> owner,
                                          std::shared_ptr<options const> o, home place, beginning b)
    : owner_(std::move(owner)),
      options_(std::move(o)),
      home_(std::move(place)),
      handshake_(std::move(b.handshake)),
      id_(std::move(b.id)),
      backlog_(&owner_->counters()),
      machine_(*options_, id_, b.transport, b.protocol, home_.timers().now()),
      protocol_(b.protocol),
      base64_(b.base64),
      script_call_(std::move(b.script_call)),
      bodies_(std::move(b.bodies)),
      carrier_(b.transport) {
    home_.timers().enter(*this);
}

HTTPHOOKS_DECL live_session::~live_session() {
    home_.timers().leave(*this);
    forget();
}

// what the application does -------------------------------------------------------------------
HTTPHOOKS_DECL bool live_session::send(packet_view p) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(p);
    home_.post([s = self(), copy = packet(p)] { s->send_here(copy.view()); });
    return true;
}

HTTPHOOKS_DECL bool live_session::send(prepared_message const& m) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(m);
    home_.post([s = self(), m] { s->send_here(m); });
    return true;
}

HTTPHOOKS_DECL bool live_session::send_here(packet_view p) {
    if (!machine_.is_open()) return false;
    if (machine_.transport() == transport_kind::websocket) return sent(socket_ && socket_->send(p));
    return sent(machine_.send(p));
}

HTTPHOOKS_DECL bool live_session::send_here(prepared_message const& m) {
    if (!machine_.is_open()) return false;
    if (machine_.transport() == transport_kind::websocket) return sent(socket_ && socket_->send(m));
    return sent(machine_.send(m.packets()));
}

HTTPHOOKS_DECL bool live_session::sent(session::sent outcome) {
    if (outcome == session::sent::overflow || outcome == session::sent::dropped) counters().drop();
    if (outcome == session::sent::overflow) {
        apply(machine_.fail(close_reason::transport_close));
        return false;
    }
    if (outcome != session::sent::taken) return false;
    backlog_.set(machine_.buffered());
    flush_later();
    return true;
}

HTTPHOOKS_DECL bool live_session::sent(bool good) {
    if (!good && options_->overflow == overflow_policy::close && !lost_)
        apply(machine_.fail(close_reason::transport_close));
    return good;
}

/// Answers the poll when what runs now has said all that it has to say.
inline void live_session::flush_later() {
    if (std::exchange(flush_posted_, true)) return;
    home_.post([s = self()] {
        s->flush_posted_ = false;
        s->apply(s->machine_.flush());
    });
}

HTTPHOOKS_DECL void live_session::close() {
    open_.store(false, std::memory_order_relaxed);
    home_.dispatch([s = self()] { s->apply(s->machine_.close(s->home_.timers().now())); });
}

HTTPHOOKS_DECL void live_session::close_to_drain() {
    open_.store(false, std::memory_order_relaxed);
    home_.dispatch([s = self()] { s->apply(s->machine_.close_to_drain(s->home_.timers().now())); });
}

HTTPHOOKS_DECL void live_session::pause() {
    home_.dispatch([s = self()] {
        ++s->pauses_;
        s->hold();
    });
}

HTTPHOOKS_DECL void live_session::resume() {
    home_.dispatch([s = self()] { s->end_pause(s->pauses_); });
}

HTTPHOOKS_DECL void live_session::pause_until_gone() {
    home_.dispatch([s = self()] {
        ++s->until_gone_;
        s->lost_ ? s->fail(*s->lost_) : s->hold();
    });
}

HTTPHOOKS_DECL void live_session::resume_until_gone() {
    home_.dispatch([s = self()] { s->end_pause(s->until_gone_); });
}

inline void live_session::hold() {
    if (machine_.is_over()) return;
    machine_.hold(true, home_.timers().now());
    pause_socket();
}

/// @param pauses those of its kind
inline void live_session::end_pause(unsigned& pauses) {
    if (pauses == 0) return;
    --pauses;
    if (is_paused()) return pause_socket();
    // later: the caller may be the message handler
    home_.post([s = self()] { s->pump(); });
}

inline void live_session::pause_socket() {
    if (!socket_) return;
    until_gone_ != 0 ? socket_->pause_until_gone() : socket_->pause();
}

HTTPHOOKS_DECL void live_session::on_message(std::function<void(std::string_view, bool)> f) {
    if (!told_) on_message_ = std::move(f);
}

HTTPHOOKS_DECL void live_session::on_close(std::function<void(close_reason)> f) {
    if (!told_) on_close_ = std::move(f);
}

inline live_session::rare_handlers& live_session::rare() {
    if (!rare_) rare_ = std::make_unique<rare_handlers>();
    return *rare_;
}

HTTPHOOKS_DECL void live_session::on_drain(std::function<void()> f) {
    if (!told_) rare().drain = std::move(f);
}

HTTPHOOKS_DECL void live_session::await_drain(std::weak_ptr<drain_listener> l) {
    if (told_) return;
    rare().await_drain.push_back(std::move(l));
    // what waits for a poll is told of anyway
    if (socket_) socket_->expect_drain();
}

HTTPHOOKS_DECL void live_session::on_upgrade(std::function<void()> f) {
    if (!told_) rare().upgrade = std::move(f);
}

HTTPHOOKS_DECL std::size_t live_session::buffered() const noexcept {
    return machine_.buffered() + (socket_ ? socket_->buffered() : 0);
}

HTTPHOOKS_DECL bool live_session::writable() const noexcept {
    return machine_.is_open() && machine_.writable() && buffered() == 0;
}

inline void live_session::call_message(std::string_view data, bool binary) {
    if (!on_message_ || told_) return;
    // the handler may set another one, or close
    auto f = std::move(on_message_);
    on_message_ = nullptr;
    guarded([&] { f(data, binary); });
    if (!on_message_ && !told_) on_message_ = std::move(f);
}

HTTPHOOKS_DECL void live_session::tell_opened() {
    guarded([this] { owner_->opened(self()); });
}

inline void live_session::tell_drained() {
    if (!rare_ || told_) return;
    auto const waiting = std::exchange(rare_->await_drain, {});
    auto const f = rare_->drain;  // it may set another one
    if (f) guarded([&] { f(); });
    for (auto const& weak : waiting)
        if (auto const l = weak.lock()) l->on_drained();
}

inline void live_session::tell_upgraded() {
    if (!rare_ || !rare_->upgrade || told_) return;
    auto const f = std::exchange(rare_->upgrade, nullptr);
    guarded([&] { f(); });
}

inline void live_session::tell_closed(close_reason why) {
    open_.store(false, std::memory_order_relaxed);
    if (std::exchange(told_, true)) return;
    if (why == close_reason::parse_error) counters().refuse("Parse error");
    // later: the caller may be one of the handlers
    home_.post([s = self(), why] {
        auto const f = std::exchange(s->on_close_, nullptr);
        if (f) s->guarded([&] { f(why); });
        s->clear();
    });
}

inline void live_session::forget() noexcept {
    if (!forgotten_.exchange(true)) owner_->forget(*this);
}

/// Lets go of what the application gave, which may refer to this session.
inline void live_session::clear() noexcept {
    auto const message = std::exchange(on_message_, nullptr);
    auto const closed = std::exchange(on_close_, nullptr);
    auto const others = std::exchange(rare_, nullptr);
    retained_.reset();
    auto const data = std::exchange(data_, std::any());
}

// what the machine wants ----------------------------------------------------------------------
HTTPHOOKS_DECL void live_session::apply(session_actions todo) {
    auto const keep = shared_from_this();
    backlog_.set(machine_.buffered());
    if (auto const p = todo.poll.empty() ? nullptr : std::exchange(poll_, nullptr))
        p->answer(todo.poll, options_->compression);
    if (todo.answer_probe && probe_)
        probe_->put(std::vector<packet>(1, packet{packet_type::pong, false, "probe"}));
    if (todo.adopt_probe) {
        socket_ = std::move(probe_);
        if (is_paused()) pause_socket();
        carrier_.store(transport_kind::websocket, std::memory_order_relaxed);
    }
    if (todo.close_probe && probe_) std::exchange(probe_, nullptr)->close();
    if (socket_) socket_->put(std::move(todo.websocket));
    if (todo.close_websocket && socket_) std::exchange(socket_, nullptr)->close();
    if (todo.over) {
        if (auto const held = std::exchange(held_, nullptr)) held->answer();
        home_.timers().set(*this, std::nullopt);
        forget();
        if (todo.closed) tell_closed(*todo.closed);
        return;
    }
    home_.timers().set(*this, machine_.deadline());
    if (todo.adopt_probe) {
        tell_upgraded();
        pump();
    }
    if (todo.drained) tell_drained();
}

HTTPHOOKS_DECL void live_session::on_deadline() {
    home_.post([s = self()] { s->apply(s->machine_.expire(s->home_.timers().now())); });
}

HTTPHOOKS_DECL void live_session::on_loop_end() noexcept {
    open_.store(false);
    told_ = true;
    backlog_.set(0);
    poll_.reset();
    socket_.reset();
    probe_.reset();
    held_.reset();
    forget();
    clear();
}

}  // namespace httphooks::engineio::detail
