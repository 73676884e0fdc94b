// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/session_base.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/session_owner.hpp>
#include <httphooks/sockjs/detail/wtf8.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/prepared_message.hpp>

#include <any>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

template <class Function>
void session_base::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        owner_->failed(std::current_exception());
        try {
            close_now(close_code::internal_error, "Internal server error");
        } catch (...) {
            owner_->failed(std::current_exception());
        }
    }
}

HTTPHOOKS_DECL session_base::session_base(std::shared_ptr<session_owner> owner,
                                          http::detail::home place, sockjs::handshake shake,
                                          std::string_view transport)
    : owner_(std::move(owner)),
      home_(std::move(place)),
      handshake_(std::move(shake)),
      transport_(transport) {
    home_.timers().enter(*this);
}

HTTPHOOKS_DECL session_base::~session_base() {
    home_.timers().leave(*this);
    forget();
}

HTTPHOOKS_DECL bool session_base::send(std::string_view message) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(message);
    home_.post([s = self(), m = std::string(message)] { s->send_here(std::string_view(m)); });
    return true;
}

HTTPHOOKS_DECL bool session_base::send_binary(std::string_view bytes) {
    if (!is_open()) return false;
    if (home_.here()) return send_binary_here(bytes);
    home_.post([s = self(), b = std::string(bytes)] { s->send_binary_here(b); });
    return true;
}

HTTPHOOKS_DECL bool session_base::send(prepared_message const& message) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(message);
    home_.post([s = self(), message] { s->send_here(message); });
    return true;
}

HTTPHOOKS_DECL bool session_base::send(message_source const& message) {
    if (!is_open()) return false;
    return home_.here() ? send_here(message) : session_base::send_here(message);
}

/// As any text.
HTTPHOOKS_DECL bool session_base::send_here(message_source const& message) {
    std::string text = httphooks::detail::take_string();
    message.append(text);
    bool const good = send(std::string_view(text));
    httphooks::detail::give_string(std::move(text));
    return good;
}

/// It is told anyway.
HTTPHOOKS_DECL void session_base::expect_drain() {}

HTTPHOOKS_DECL bool session_base::close(close_code code, std::string_view reason) {
    if (home_.here()) return close_now(code, reason);
    bool const was_open = open_.exchange(false);
    home_.post([s = self(), code, r = std::string(reason)] { s->close_now(code, r); });
    return was_open;
}

HTTPHOOKS_DECL bool session_base::close_now(close_code code, std::string_view reason) {
    if (!inbound_ || !inbound_->end) return close_here(code, reason);
    // what the client sent before it went is not wanted any more
    ending const end = *inbound_->end;
    tell_closed(end.code, end.reason);
    return false;
}

HTTPHOOKS_DECL void session_base::abandon(close_code code, std::string_view reason) {
    home_.dispatch([s = self(), code, r = std::string(reason)] { s->abandon_here(code, r); });
}

HTTPHOOKS_DECL void session_base::pause() {
    home_.dispatch([s = self()] {
        if (std::exchange(s->paused_, true) || s->told_) return;
        s->reading(false);
    });
}

HTTPHOOKS_DECL void session_base::resume() {
    home_.dispatch([s = self()] {
        if (!std::exchange(s->paused_, false) || s->told_) return;
        // later: the caller may be the message handler
        s->home_.post([s] { s->pump(); });
    });
}

HTTPHOOKS_DECL void session_base::on_message(std::function<void(std::string_view, bool)> f) {
    if (!cleared_) on_message_ = std::move(f);
}

HTTPHOOKS_DECL void session_base::on_close(std::function<void(close_code, std::string_view)> f) {
    if (!cleared_) on_close_ = std::move(f);
}

HTTPHOOKS_DECL void session_base::on_drain(std::function<void()> f) {
    if (!cleared_) on_drain_ = std::move(f);
}

HTTPHOOKS_DECL void session_base::call_message(std::string_view message, bool binary) {
    if (!on_message_) return;
    // the handler may set another one, or close
    auto f = std::move(on_message_);
    on_message_ = nullptr;
    guarded([&] { f(message, binary); });
    if (!on_message_ && !cleared_) on_message_ = std::move(f);
}

HTTPHOOKS_DECL void session_base::deliver(std::string_view message, bool binary) {
    if (told_ || !is_open()) return;
    if (paused() || (inbound_ && !inbound_->messages.empty())) {
        if (!inbound_) inbound_ = std::make_unique<inbound>();
        inbound_->messages.push_back({std::string(message), binary});
        inbound_bytes_ += inbound_->messages.back().bytes();
        return;
    }
    call_message(message, binary);
}

HTTPHOOKS_DECL void session_base::deliver_all(std::string_view json) {
    std::string scratch = httphooks::detail::take_string();
    std::string_view message;
    for (message_reader reader(json); reader.next(message, scratch);) deliver(message);
    httphooks::detail::give_string(std::move(scratch));
}

HTTPHOOKS_DECL void session_base::deliver_slice(httphooks::detail::json_slice const& json) {
    if (!json.escaped) return deliver(json.text);
    std::string text = httphooks::detail::take_string();
    detail::append_unescaped(text, json);
    deliver(text);
    httphooks::detail::give_string(std::move(text));
}

HTTPHOOKS_DECL void session_base::pump() {
    if (pumping_) return;
    pumping_ = true;
    while (inbound_ && !inbound_->messages.empty() && !paused() && !told_) {
        held_message const m = std::move(inbound_->messages.front());
        inbound_->messages.pop_front();
        inbound_bytes_ -= m.bytes();
        call_message(m.text, m.binary);
    }
    pumping_ = false;
    if (paused() || told_) return;
    auto const done = std::exchange(inbound_, nullptr);
    if (done && done->end) return tell_closed(done->end->code, done->end->reason);
    reading(true);
}

HTTPHOOKS_DECL void session_base::tell_opened() {
    told_opened_ = true;
    guarded([this] { owner_->opened(self()); });
    if (inbound_) home_.post([s = self()] { s->pump(); });
}

HTTPHOOKS_DECL void session_base::tell_drained() {
    if (!on_drain_ || told_) return;
    auto const f = on_drain_;  // it may set another one
    guarded([&] { f(); });
}

HTTPHOOKS_DECL void session_base::tell_closed(close_code code, std::string_view reason) {
    open_.store(false, std::memory_order_relaxed);
    if (std::exchange(told_, true)) return;
    inbound_.reset();
    inbound_bytes_ = 0;
    // later: the caller may be one of the handlers
    home_.post([s = self(), code, r = std::string(reason)] {
        auto const f = std::move(s->on_close_);
        if (f) s->guarded([&] { f(code, r); });
        s->clear();
    });
}

HTTPHOOKS_DECL void session_base::tell_ended(close_code code, std::string_view reason) {
    bool const held = inbound_ && !inbound_->messages.empty();
    if (!held || drops_held_) return tell_closed(code, reason);
    open_.store(false, std::memory_order_relaxed);
    if (!inbound_->end) inbound_->end = ending{code, std::string(reason)};
}

HTTPHOOKS_DECL void session_base::forget() noexcept {
    if (!forgotten_.exchange(true)) owner_->forget(*this);
}

/// Lets go of what the application gave, which may refer to this session.
HTTPHOOKS_DECL void session_base::clear() noexcept {
    cleared_ = true;
    auto const message = std::exchange(on_message_, nullptr);
    auto const closed = std::exchange(on_close_, nullptr);
    auto const drained = std::exchange(on_drain_, {});
    auto const data = std::exchange(data_, std::any());
}

HTTPHOOKS_DECL void session_base::on_loop_end() noexcept {
    open_.store(false);
    told_ = true;
    forget();
    clear();
}

}  // namespace httphooks::sockjs::detail
