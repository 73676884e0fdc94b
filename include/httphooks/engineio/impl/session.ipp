// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/session.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/transport_kind.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

namespace detail {

/// The data of the packet "open".
inline std::string handshake_text(options const& o, std::string_view id, transport_kind t) {
    std::string text = "{\"sid\":\"";
    httphooks::detail::append_json_text(text, id);
    bool const upgrades = t == transport_kind::polling && o.websocket && o.allow_upgrades;
    text.append(upgrades ? "\",\"upgrades\":[\"websocket\"]" : "\",\"upgrades\":[]");
    text.append(",\"pingInterval\":").append(std::to_string(o.ping_interval.count()));
    text.append(",\"pingTimeout\":").append(std::to_string(o.ping_timeout.count()));
    text.append(",\"maxPayload\":").append(std::to_string(o.max_payload)).push_back('}');
    return text;
}

}  // namespace detail

HTTPHOOKS_DECL session::session(options const& o, std::string_view id, transport_kind t, revision r,
                                time_point now)
    : options_(&o),
      heartbeat_at_(now + o.ping_interval),
      transport_(t),
      revision_(r),
      upgraded_(t == transport_kind::websocket) {
    if (r == revision::v3) heartbeat_at_ += o.ping_timeout;
    push({packet_type::open, false, detail::handshake_text(o, id, t)});
    if (o.initial_packet) push({packet_type::message, false, *o.initial_packet});
}

HTTPHOOKS_DECL void session::push(packet p) {
    queue_bytes_ += p.data.size() + 1;
    queue_.push_back(std::move(p));
}

/// Sends a packet of the session's own.
HTTPHOOKS_DECL void session::put(session_actions& to, packet p) {
    if (transport_ == transport_kind::websocket) {
        to.websocket.push_back(std::move(p));
    } else {
        push(std::move(p));
        if (!polled_) return;
        to.drained = waits_;
        drain_into(to.poll);
    }
}

HTTPHOOKS_DECL void session::drain_into(std::vector<packet>& to) {
    if (to.empty())
        to.swap(queue_);
    else
        to.insert(to.end(), std::make_move_iterator(queue_.begin()),
                  std::make_move_iterator(queue_.end()));
    queue_ = {};
    queue_bytes_ = 0;
    waits_ = false;
    polled_ = false;
}

HTTPHOOKS_DECL void session::end(session_actions& to, close_reason why) {
    if (probe_ != probe_state::none) to.close_probe = true;
    probe_ = probe_state::none;
    phase_ = phase::over;
    queue_ = {};
    queue_bytes_ = 0;
    to.closed = why;
    to.over = true;
}

HTTPHOOKS_DECL session_actions session::start() {
    session_actions todo;
    drain_into(todo.websocket);
    return todo;
}

/// The client lives.
inline void session::beat(time_point now) noexcept {
    pinged_ = false;
    heartbeat_at_ = now + options_->ping_interval;
}

HTTPHOOKS_DECL session_actions session::poll(time_point now) {
    session_actions todo;
    if (phase_ == phase::over || transport_ != transport_kind::polling) {
        todo.refuse_poll = true;
        return todo;
    }
    if (polled_) {
        todo = fail(close_reason::transport_error);
        todo.refuse_poll = true;
        return todo;
    }
    polled_ = true;
    if (held_ && pinged_) beat(now);
    if (phase_ == phase::closing && queue_.empty()) {
        push({packet_type::noop, false, {}});
        push({packet_type::close, false, {}});
        drain_into(todo.poll);
        end(todo, why_);
        return todo;
    }
    if (probe_ == probe_state::answered && release_at_ <= now)
        release_at_ = now + options_->upgrade_poll_interval;
    return flush();
}

HTTPHOOKS_DECL session_actions session::poll_gone() {
    session_actions todo;
    if (transport_ != transport_kind::polling || phase_ == phase::over) return todo;
    polled_ = false;
    end(todo, close_reason::transport_error);
    return todo;
}

HTTPHOOKS_DECL session_actions session::flush() {
    session_actions todo;
    fresh_ = false;
    if (polled_ && !queue_.empty()) {
        drain_into(todo.poll);
        todo.drained = true;
    }
    return todo;
}

HTTPHOOKS_DECL bool session::receive(packet_view p, time_point now, session_actions& todo) {
    if (phase_ != phase::open) return false;
    switch (p.type) {
        case packet_type::message:
            return true;
        case packet_type::close: {
            // the client knows of the end: its poll is answered with nothing
            bool const waits = std::exchange(polled_, false);
            todo = fail(close_reason::transport_close);
            if (waits) todo.poll.push_back({packet_type::noop, false, {}});
            return false;
        }
        case packet_type::ping:
            if (revision_ == revision::v4) {
                todo = fail(close_reason::transport_error);
            } else if (transport_ == transport_kind::polling && !polled_ &&
                       !has_room(p.data.size() + 1)) {
                todo = fail(close_reason::transport_close);
            } else {
                heartbeat_at_ = now + options_->ping_interval + options_->ping_timeout;
                put(todo, {packet_type::pong, false, std::string(p.data)});
            }
            return false;
        case packet_type::pong:
            if (revision_ == revision::v3) {
                todo = fail(close_reason::transport_error);
            } else {
                beat(now);
            }
            return false;
        default:
            return false;
    }
}

HTTPHOOKS_DECL bool session::has_room(std::size_t bytes) {
    if (!std::exchange(waits_, true)) {
        fresh_ = true;
        behind_ = 0;
        behind_bytes_ = 0;
    }
    if (fresh_) return true;
    if (behind_ != 0 &&
        (behind_ >= options_->queue_packets || behind_bytes_ + bytes > options_->queue_bytes))
        return false;
    ++behind_;
    behind_bytes_ += bytes;
    return true;
}

HTTPHOOKS_DECL session::sent session::admit(std::size_t bytes) {
    if (phase_ != phase::open) return sent::closed;
    if (has_room(bytes)) return sent::taken;
    return options_->overflow == overflow_policy::drop ? sent::dropped : sent::overflow;
}

HTTPHOOKS_DECL session::sent session::send(packet_view p) {
    sent const outcome = admit(p.data.size() + 1);
    if (outcome == sent::taken) push(packet(p));
    return outcome;
}

HTTPHOOKS_DECL session::sent session::send(std::span<packet const> several) {
    std::size_t bytes = 0;
    for (packet const& p : several) bytes += p.data.size() + 1;
    sent const outcome = admit(bytes);
    if (outcome == sent::taken)
        for (packet const& p : several) push(p);
    return outcome;
}

HTTPHOOKS_DECL session_actions session::close(time_point now, close_reason why) {
    session_actions todo;
    if (phase_ != phase::open) return todo;
    if (transport_ == transport_kind::websocket) {
        todo.close_websocket = true;
        end(todo, why);
    } else if (polled_ && queue_.empty()) {
        push({packet_type::close, false, {}});
        drain_into(todo.poll);
        end(todo, why);
    } else {
        // the end is a reply of its own: clients handle what comes with it when they have closed
        if (polled_) drain_into(todo.poll);
        phase_ = phase::closing;
        why_ = why;
        closing_until_ = now + options_->close_timeout;
    }
    return todo;
}

HTTPHOOKS_DECL session_actions session::close_to_drain(time_point now) {
    session_actions todo = close(now, close_reason::server_shutting_down);
    if (phase_ == phase::closing)
        closing_until_ = std::min(closing_until_, now + options_->drain_timeout);
    return todo;
}

HTTPHOOKS_DECL session_actions session::fail(close_reason why) {
    session_actions todo;
    if (phase_ == phase::over) return todo;
    if (polled_) todo.poll.push_back({packet_type::close, false, {}});
    polled_ = false;
    todo.close_websocket = transport_ == transport_kind::websocket;
    end(todo, phase_ == phase::closing ? why_ : why);
    return todo;
}

HTTPHOOKS_DECL void session::hold(bool held, time_point now) noexcept {
    if (std::exchange(held_, held) == held) return;
    if (!held && revision_ == revision::v3) {
        pinged_ = false;
        heartbeat_at_ = now + options_->ping_interval + options_->ping_timeout;
    } else if (held && pinged_ && polled_) {
        beat(now);
    } else if (pinged_) {
        heartbeat_at_ = now + options_->ping_timeout;
    }
}

HTTPHOOKS_DECL bool session::probe(time_point now) {
    if (phase_ != phase::open || upgraded_ || probe_ != probe_state::none) return false;
    probe_ = probe_state::connected;
    probe_until_ = now + options_->upgrade_timeout;
    return true;
}

HTTPHOOKS_DECL session_actions session::receive_probe(std::optional<packet_view> p,
                                                      time_point now) {
    session_actions todo;
    if (probe_ == probe_state::none) return todo;
    if (p && p->type == packet_type::ping && p->data == "probe") {
        todo.answer_probe = true;
        probe_ = probe_state::answered;
        release_at_ = now + options_->upgrade_poll_interval;
    } else if (p && p->type == packet_type::upgrade) {
        upgrade(todo);
    } else {
        todo.close_probe = true;
        probe_ = probe_state::none;
    }
    return todo;
}

HTTPHOOKS_DECL void session::upgrade(session_actions& to) {
    to.adopt_probe = true;
    probe_ = probe_state::none;
    upgraded_ = true;
    if (std::exchange(polled_, false)) to.poll.push_back({packet_type::noop, false, {}});
    transport_ = transport_kind::websocket;
    to.drained = !queue_.empty();
    drain_into(to.websocket);
    if (phase_ == phase::closing) {
        to.close_websocket = true;
        end(to, why_);
    }
}

HTTPHOOKS_DECL session_actions session::expire(time_point now) {
    session_actions todo;
    if (phase_ == phase::over) return todo;
    if (phase_ == phase::closing && now >= closing_until_) return fail(why_);
    if (probe_ != probe_state::none && now >= probe_until_) {
        todo.close_probe = true;
        probe_ = probe_state::none;
    }
    if (phase_ == phase::open && now >= heartbeat_at_) {
        // a WebSocket is not read, but polls come
        bool const deaf = held_ && transport_ == transport_kind::websocket;
        bool const pings = held_ || revision_ == revision::v4;
        if (!deaf && (pinged_ || !pings)) {
            bool const probing = todo.close_probe;
            todo = fail(close_reason::ping_timeout);
            todo.close_probe = todo.close_probe || probing;
            return todo;
        }
        pinged_ = true;
        heartbeat_at_ = now + (deaf ? options_->ping_interval : options_->ping_timeout);
        put(todo, {revision_ == revision::v4 ? packet_type::ping : packet_type::noop, false, {}});
    }
    if (probe_ == probe_state::answered && polled_ && now >= release_at_) {
        release_at_ = now + options_->upgrade_poll_interval;
        put(todo, {packet_type::noop, false, {}});
    }
    return todo;
}

HTTPHOOKS_DECL std::optional<session::time_point> session::deadline() const {
    if (phase_ == phase::over) return std::nullopt;
    time_point next = phase_ == phase::closing ? closing_until_ : heartbeat_at_;
    if (probe_ != probe_state::none) next = std::min(next, probe_until_);
    if (probe_ == probe_state::answered && polled_) next = std::min(next, release_at_);
    return next;
}

}  // namespace httphooks::engineio
