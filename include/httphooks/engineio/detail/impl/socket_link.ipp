// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/socket_link.hpp>

#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/detail/channel.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL bool socket_link::send_text_with(
    std::size_t expected, httphooks::detail::function_ref<void(std::string&)> write) {
    return has_room(expected + 1) && socket_.send_with(false, expected + 1, [&](std::string& out) {
        append_frame(out, {packet_type::message, false, {}});
        write(out);
    });
}

HTTPHOOKS_DECL std::shared_ptr<websocket::detail::channel_settings> socket_link::settings(
    websocket::connection_options o) {
    auto s = std::make_shared<websocket::detail::channel_settings>();
    s->options = std::move(o);
    s->handlers.open = [](websocket::connection& c, request const&) {
        if (socket_link* const self = of(c)) self->open(c);
    };
    s->handlers.message = [](websocket::connection& c, websocket::message const& m) {
        if (socket_link* const self = of(c)) self->receive(m);
    };
    s->handlers.close = [](websocket::connection& c, websocket::close_reason const& why) {
        if (socket_link* const self = of(c)) self->end(why);
    };
    s->handlers.drain = [](websocket::connection& c) {
        if (socket_link* const self = of(c)) self->drained();
    };
    return s;
}

inline void socket_link::open(websocket::connection const& c) {
    socket_ = c;
    session_->place().dispatch(
        [self = shared_from_this(), s = session_] { s->on_socket_open(self); });
}

inline void socket_link::receive(websocket::message const& m) {
    auto const s = session_;
    if (!s) return;
    if (same_) return s->on_socket_message(*this, m.data, m.binary);
    std::size_t const n = m.data.size() + 1;
    if (inbound_.fetch_add(n) + n > most_inbound) {
        held_up_ = true;
        socket_.pause();
    }
    s->place().post([self = shared_from_this(), s, text = std::string(m.data), b = m.binary] {
        s->on_socket_message(*self, text, b);
        std::size_t const size = text.size() + 1;
        if (self->inbound_.fetch_sub(size) != size || !self->held_up_.exchange(false)) return;
        self->home_.post([self] {
            if (self->socket_ && !self->paused_) self->socket_.resume();
        });
    });
}

inline void socket_link::end(websocket::close_reason const& why) {
    auto const s = std::exchange(session_, nullptr);
    auto const self = shared_from_this();
    socket_ = {};
    if (s) s->place().dispatch([self, s, code = why.code] { s->on_socket_end(*self, code); });
}

inline void socket_link::drained() {
    waiting_ = 0;
    if (auto const s = session_)
        s->place().dispatch([self = shared_from_this(), s] { s->on_socket_drain(*self); });
}

inline bool socket_link::has_room(std::size_t n) {
    if (!socket_ || !socket_.is_open()) return false;
    if (socket_.unsent() == 0 || fresh_) return true;
    std::size_t const waits = behind();
    if (waits == 0) {
        fresh_ = true;
        home_.post([self = shared_from_this()] {
            self->fresh_ = false;
            self->batch_ = self->socket_ ? self->behind() : 0;
        });
        return true;
    }
    if (waits <= batch_ || waits - batch_ + n <= limit_) return true;
    session_->on_dropped();
    if (overflow_ == overflow_policy::close) {
        websocket::close_reason why;
        why.code = websocket::close_code::policy_violation;
        socket_.close(why.code);
        end(why);
    }
    return false;
}

HTTPHOOKS_DECL bool socket_link::write(packet_view p) {
    std::size_t const n = p.data.size() + 1;
    auto const write = [&](std::string& out) { append_message(out, p, style_); };
    return has_room(n) && socket_.send_with(p.binary && !style_.base64, n, write, p.compress);
}

HTTPHOOKS_DECL bool socket_link::write(prepared_message const& m) {
    auto const frames = style_ == message_style{} ? m.frames() : frames_of(m.packets(), style_);
    return has_room(frames.bytes().size()) && socket_.send(frames);
}

inline void socket_link::write_all(std::vector<packet> const& packets) {
    if (socket_) socket_.send(frames_of(packets, style_));
}

/// The WebSocket has got bytes from the session's thread, and writes them in a moment.
HTTPHOOKS_DECL void socket_link::written(std::size_t n) {
    if (std::exchange(got_, got_ + n) == 0)
        home_.post([self = shared_from_this()] { self->look(); });
}

/// Sees what is left of what the WebSocket got.
inline void socket_link::look() {
    bool const was_full = is_full();
    std::size_t const waits = socket_ ? socket_.buffered_amount() : 0;
    waiting_ = waits < told_from ? 0 : waits;
    outbound_ -= std::exchange(got_, 0);
    auto const s = session_;
    if (s && was_full && !is_full())
        s->place().dispatch([self = shared_from_this(), s] { s->on_socket_room(*self); });
}

HTTPHOOKS_DECL bool socket_link::send(packet_view p) {
    if (same_) return write(p);
    write_there(p.data.size() + 1, [copy = packet(p)](socket_link& l) { l.write(copy.view()); });
    return true;
}

HTTPHOOKS_DECL bool socket_link::send(prepared_message const& m) {
    if (same_) return write(m);
    write_there(size_of(m.packets()), [m](socket_link& l) { l.write(m); });
    return true;
}

HTTPHOOKS_DECL void socket_link::put(std::vector<packet> packets) {
    if (packets.empty()) return;
    if (same_) return write_all(packets);
    std::size_t const n = size_of(packets);
    write_there(n, [all = std::move(packets)](socket_link& l) { l.write_all(all); });
}

HTTPHOOKS_DECL void socket_link::close() {
    home_.dispatch([self = shared_from_this()] {
        if (self->socket_) self->socket_.close(websocket::close_code::none);
    });
}

HTTPHOOKS_DECL void socket_link::pause() {
    home_.dispatch([self = shared_from_this()] {
        self->paused_ = true;
        if (self->socket_) self->socket_.pause();
    });
}

HTTPHOOKS_DECL void socket_link::pause_until_gone() {
    home_.dispatch([self = shared_from_this()] {
        self->paused_ = true;
        if (self->socket_) self->socket_.pause_until_gone();
    });
}

HTTPHOOKS_DECL void socket_link::resume() {
    home_.dispatch([self = shared_from_this()] {
        self->paused_ = false;
        if (self->socket_ && !self->held_up_) self->socket_.resume();
    });
}

HTTPHOOKS_DECL void socket_link::retain(std::size_t bytes) {
    home_.dispatch([self = shared_from_this(), bytes] {
        if (self->socket_) self->socket_.retain(bytes);
    });
}

HTTPHOOKS_DECL void socket_link::expect_drain() {
    if (same_) return socket_.expect_drain();
    // behind what is on its way there
    home_.post([self = shared_from_this()] { self->socket_.expect_drain(); });
}

HTTPHOOKS_DECL std::size_t socket_link::buffered() const noexcept {
    if (!same_) return std::max<std::size_t>(away(), sent_ ? 1 : 0);
    return socket_ ? socket_.buffered_amount() : 0;
}

}  // namespace httphooks::engineio::detail
