// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/websocket_session.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/text_block.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/options.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/detail/channel.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL std::shared_ptr<websocket::detail::channel_settings> websocket_session::settings(
    options const& o, bool raw, std::shared_ptr<server_counters> counters) {
    auto s = std::make_shared<websocket::detail::channel_settings>();
    s->counters = std::move(counters);
    s->options.message.size = o.message_limit;
    s->options.output_limit = o.queue_bytes;
    s->options.on_overflow = o.overflow == overflow_policy::drop ? websocket::overflow::drop
                                                                 : websocket::overflow::close;
    if (raw && !o.raw_websocket_pings)
        s->options.ping_interval = std::chrono::milliseconds(0);
    else
        s->options.ping_interval = o.heartbeat_delay;
    s->options.ping_always = !o.messages_delay_heartbeat;
    s->options.pong_timeout = o.pong_timeout;
    s->options.per_message_deflate = o.per_message_deflate;
    s->handlers.open = [](websocket::connection& c, request const&) {
        if (auto const self = of(c)) self->open(c);
    };
    s->handlers.message = [](websocket::connection& c, websocket::message const& m) {
        if (auto const self = of(c)) self->on_frame(m);
    };
    s->handlers.close = [](websocket::connection& c, websocket::close_reason const& why) {
        if (auto const self = of(c)) self->on_end(why);
    };
    s->handlers.drain = [](websocket::connection& c) {
        if (auto const self = of(c)) self->tell_drained();
    };
    s->handlers.unanswered = [](websocket::connection& c) {
        if (auto const self = of(c))
            self->close_here(close_code::go_away, "No response from heartbeat");
    };
    return s;
}

inline void websocket_session::open(websocket::connection const& c) {
    socket_ = c;
    if (!raw_) {
        socket_.send("o");
        set_heartbeat();
    }
    tell_opened();
}

inline void websocket_session::set_heartbeat() {
    if (options_->websocket_heartbeat_frames && options_->heartbeat_delay.count() > 0)
        place().timers().set(*this, place().timers().now() + options_->heartbeat_delay);
}

HTTPHOOKS_DECL void websocket_session::on_deadline() {
    place().post([s = std::static_pointer_cast<websocket_session>(shared_from_this())] {
        if (!s->socket_ || !s->socket_.is_open()) return;
        s->socket_.send("h");
        s->set_heartbeat();
    });
}

/// Delivers the message of a frame that has one, without escapes but simple ones.
inline bool websocket_session::deliver_only(websocket::message const& m) {
    std::size_t const need = m.data.size() + httphooks::detail::text_block;
    if (m.binary || need > httphooks::detail::string_cache::largest) return false;
    char small[1024];
    std::string large;
    if (need > sizeof small) {
        large = httphooks::detail::take_string();
        large.resize(need);
    }
    std::string_view const message = only_message(m.data, large.empty() ? small : large.data());
    if (message.data()) deliver(message);
    if (!large.empty()) httphooks::detail::give_string(std::move(large));
    return message.data() != nullptr;
}

inline void websocket_session::on_frame(websocket::message const& m) {
    if (raw_) return deliver(m.data, m.binary);
    if (m.data.empty()) return;
    if (deliver_only(m)) return;
    httphooks::detail::json_slice first;
    std::size_t count = 0;
    bool const text = !m.binary || httphooks::detail::is_utf8(m.data);
    if (!text || walk_messages(m.data, true, [&](httphooks::detail::json_slice const& one) {
            if (count++ == 0) first = one;
        })) {
        counters().refuse("Broken messages");
        tell_ended(close_code::interrupted, "Broken framing.");
        socket_.close(websocket::close_code{3000}, "Broken framing.");
        return;
    }
    if (count == 1)
        deliver_slice(first);
    else
        deliver_all(m.data);
}

inline void websocket_session::on_end(websocket::close_reason const& why) {
    auto const keep = shared_from_this();
    place().timers().set(*this, std::nullopt);
    tell_ended(static_cast<close_code>(why.code), why.text);
    forget();
    socket_ = {};
}

HTTPHOOKS_DECL bool websocket_session::send_here(std::string_view message) {
    if (ended() || !socket_) return false;
    if (raw_)
        return httphooks::detail::is_utf8(message) ? socket_.send(message)
                                                   : socket_.send_binary(message);
    return socket_.send_with(false, message.size() + message.size() / 8 + 5, [&](std::string& out) {
        out.append("a[");
        append_quoted(out, message);
        out.push_back(']');
    });
}

HTTPHOOKS_DECL bool websocket_session::send_binary_here(std::string_view bytes) {
    if (!raw_) return send_here(bytes);
    return !ended() && socket_ && socket_.send_binary(bytes);
}

HTTPHOOKS_DECL bool websocket_session::send_here(prepared_message const& message) {
    if (ended() || !socket_) return false;
    return socket_.send(raw_ ? message.raw_frame() : message.websocket_frame());
}

HTTPHOOKS_DECL bool websocket_session::send_here(message_source const& message) {
    if (raw_) return session_base::send_here(message);
    if (ended() || !socket_) return false;
    return socket_.send_with(false, message.expected_size(),
                             [&](std::string& out) { message.append_quoted(out, "a[", "]"); });
}

HTTPHOOKS_DECL bool websocket_session::close_here(close_code code, std::string_view reason) {
    if (!socket_ || told()) return false;
    tell_closed(code, reason);
    if (raw_)
        socket_.close(static_cast<websocket::close_code>(code), reason);
    else
        socket_.close_behind(close_frame(code, reason), websocket::close_code::normal,
                             "Normal closure");
    return true;
}

HTTPHOOKS_DECL void websocket_session::abandon_here(close_code code, std::string_view reason) {
    close_here(code, reason);
}

HTTPHOOKS_DECL void websocket_session::reading(bool wanted) {
    if (!socket_) return;
    if (wanted)
        socket_.resume();
    else if (drops_held())
        socket_.pause_until_gone();
    else
        socket_.pause();
}

HTTPHOOKS_DECL void websocket_session::on_loop_end() noexcept {
    socket_ = {};
    session_base::on_loop_end();
}

}  // namespace httphooks::sockjs::detail
