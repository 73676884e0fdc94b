// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An Engine.IO session as a state machine: what happens and the time go in, what to do comes out.
*/

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/transport_kind.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

/** What the owner of a session has to do, in this order. */
struct session_actions {
    /// The poll that waits is answered with these; not empty then.
    std::vector<packet> poll{};
    /// The poll that has come is refused, with 400: one waits already, or it comes too late.
    bool refuse_poll = false;
    /// "3probe" goes to the WebSocket of the upgrade.
    bool answer_probe = false;
    /// The WebSocket of the upgrade carries the session from now on.
    bool adopt_probe = false;
    /// The WebSocket of the upgrade is closed; polling goes on.
    bool close_probe = false;
    /// These go to the WebSocket that carries the session.
    std::vector<packet> websocket{};
    /// The WebSocket that carries the session is closed behind them.
    bool close_websocket = false;
    /// All that waited is written: tell the application.
    bool drained = false;
    /// The session is closed: tell the application, once.
    std::optional<close_reason> closed{};
    /// Nothing more comes: forget the session.
    bool over = false;
};

/** A session, from its handshake to its end.

    Packets of a session that polls wait in it; those of a WebSocket go through. Deadlines belong to
    the session, not to its transport. Not thread-safe.
    @par Source
    Engine.IO protocol 4; engine.io 6.6, Socket and Polling. Unlike there a packet "close" of a
    WebSocket closes at once, and what waits is sent with the "close" that follows it. */
class session {
public:
    /// Time is a parameter, taken from this clock.
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    /** A session whose packet "open" is to be sent: it waits for the first poll, or start() gives
        it.
        @param o outlives the session */
    session(options const& o, std::string_view id, transport_kind t, revision r, time_point now);

    /// What to send when the session begins on a WebSocket.
    session_actions start();

    /// What carries the session now.
    transport_kind transport() const noexcept { return transport_; }
    /// The revision of the protocol that the client speaks.
    revision protocol() const noexcept { return revision_; }
    /// Whether packets of the application are taken.
    bool is_open() const noexcept { return phase_ == phase::open; }
    /// Whether it has ended.
    bool is_over() const noexcept { return phase_ == phase::over; }
    /// Whether a poll waits.
    bool polled() const noexcept { return polled_; }
    /// Whether a packet would leave at once, as far as the session knows.
    bool writable() const noexcept { return transport_ == transport_kind::websocket || polled_; }
    /// Bytes of packets that wait for a poll.
    std::size_t buffered() const noexcept { return queue_bytes_; }
    /// Whether something was sent, and flush() is to follow.
    bool is_sending() const noexcept { return fresh_; }
    /// Whether what waits for a poll, with its memory, is options::queue_bytes or more.
    bool is_full() const noexcept {
        return !queue_.empty() &&
               queue_bytes_ + queue_.size() * sizeof(packet) >= options_->queue_bytes;
    }

    /// A poll has come.
    session_actions poll(time_point now);
    /// The client of the last poll has gone, and does not have its answer.
    session_actions poll_gone();

    /** A packet has come on the transport that carries the session.
        @param todo what to do
        @return whether it is a message for the application */
    bool receive(packet_view p, time_point now, session_actions& todo);

    /// What becomes of a packet that is sent.
    enum class sent : std::uint8_t { taken, closed, dropped, overflow };

    /** The application sends a message, while polling, or several that stay together; flush()
        follows.

        All that is sent before that is taken when nothing waited; behind it something of any size
        is, and what options allow. */
    sent send(packet_view p);
    sent send(std::span<packet const> several);
    /// What can be written now; to be called when all has been sent that is sent at once.
    session_actions flush();

    /// Closes behind what waits. @param why what the application is told
    session_actions close(time_point now, close_reason why = close_reason::forced_close);
    /// Closes for a server that drains: waits for the last poll no longer than drain_timeout, also
    /// when the session was closed before.
    session_actions close_to_drain(time_point now);
    /// Ends the session at once.
    session_actions fail(close_reason why);
    /// Whether the client is not listened to: its heartbeat is then not missed.
    void hold(bool held, time_point now) noexcept;

    /** A WebSocket comes to take over.
        @return whether it may; else it is closed */
    bool probe(time_point now);
    /// A packet has come on it; nothing: what came was no packet.
    session_actions receive_probe(std::optional<packet_view> p, time_point now);
    /// It has gone.
    void probe_gone() noexcept { probe_ = probe_state::none; }

    /// The time has come.
    session_actions expire(time_point now);
    /// When expire() is to be called.
    std::optional<time_point> deadline() const;

private:
    enum class phase : std::uint8_t { open, closing, over };
    enum class probe_state : std::uint8_t { none, connected, answered };

    /// Whether so many bytes more may wait, which stay together.
    bool has_room(std::size_t bytes);
    sent admit(std::size_t bytes);
    void push(packet p);
    void put(session_actions& to, packet p);
    void drain_into(std::vector<packet>& to);
    void end(session_actions& to, close_reason why);
    void upgrade(session_actions& to);

    options const* options_;
    std::vector<packet> queue_{};
    std::size_t queue_bytes_ = 0;
    /// What waits behind that which was sent at once when nothing did, and its bytes.
    std::size_t behind_ = 0;
    std::size_t behind_bytes_ = 0;
    /// When a ping is due or, while a pong is awaited, when the session has timed out.
    time_point heartbeat_at_;
    time_point probe_until_{};
    time_point release_at_{};
    time_point closing_until_{};
    close_reason why_ = close_reason::forced_close;
    transport_kind transport_;
    revision revision_;
    phase phase_ = phase::open;
    probe_state probe_ = probe_state::none;
    bool polled_ = false;
    /// Something of the application's waits.
    bool waits_ = false;
    /// That was sent just now, when nothing did.
    bool fresh_ = false;
    bool pinged_ = false;
    bool held_ = false;
    bool upgraded_ = false;
};

// ---------------------------------------------------------------------------------------------

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

inline session::session(options const& o, std::string_view id, transport_kind t, revision r,
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

inline void session::push(packet p) {
    queue_bytes_ += p.data.size() + 1;
    queue_.push_back(std::move(p));
}

/// Sends a packet of the session's own.
inline void session::put(session_actions& to, packet p) {
    if (transport_ == transport_kind::websocket) {
        to.websocket.push_back(std::move(p));
    } else {
        push(std::move(p));
        if (polled_) drain_into(to.poll);
    }
}

inline void session::drain_into(std::vector<packet>& to) {
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

inline void session::end(session_actions& to, close_reason why) {
    if (probe_ != probe_state::none) to.close_probe = true;
    probe_ = probe_state::none;
    phase_ = phase::over;
    queue_ = {};
    queue_bytes_ = 0;
    to.closed = why;
    to.over = true;
}

inline session_actions session::start() {
    session_actions todo;
    drain_into(todo.websocket);
    return todo;
}

inline session_actions session::poll(time_point now) {
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

inline session_actions session::poll_gone() {
    session_actions todo;
    if (transport_ != transport_kind::polling || phase_ == phase::over) return todo;
    polled_ = false;
    end(todo, close_reason::transport_error);
    return todo;
}

inline session_actions session::flush() {
    session_actions todo;
    fresh_ = false;
    if (polled_ && !queue_.empty()) {
        drain_into(todo.poll);
        todo.drained = true;
    }
    return todo;
}

inline bool session::receive(packet_view p, time_point now, session_actions& todo) {
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
                heartbeat_at_ = now + options_->ping_interval;
                pinged_ = false;
            }
            return false;
        default:
            return false;
    }
}

inline bool session::has_room(std::size_t bytes) {
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

inline session::sent session::admit(std::size_t bytes) {
    if (phase_ != phase::open) return sent::closed;
    if (has_room(bytes)) return sent::taken;
    return options_->overflow == overflow_policy::drop ? sent::dropped : sent::overflow;
}

inline session::sent session::send(packet_view p) {
    sent const outcome = admit(p.data.size() + 1);
    if (outcome == sent::taken) push(packet(p));
    return outcome;
}

inline session::sent session::send(std::span<packet const> several) {
    std::size_t bytes = 0;
    for (packet const& p : several) bytes += p.data.size() + 1;
    sent const outcome = admit(bytes);
    if (outcome == sent::taken)
        for (packet const& p : several) push(p);
    return outcome;
}

inline session_actions session::close(time_point now, close_reason why) {
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

inline session_actions session::close_to_drain(time_point now) {
    session_actions todo = close(now, close_reason::server_shutting_down);
    if (phase_ == phase::closing)
        closing_until_ = std::min(closing_until_, now + options_->drain_timeout);
    return todo;
}

inline session_actions session::fail(close_reason why) {
    session_actions todo;
    if (phase_ == phase::over) return todo;
    if (polled_) todo.poll.push_back({packet_type::close, false, {}});
    polled_ = false;
    todo.close_websocket = transport_ == transport_kind::websocket;
    end(todo, phase_ == phase::closing ? why_ : why);
    return todo;
}

inline void session::hold(bool held, time_point now) noexcept {
    if (std::exchange(held_, held) == held || held) return;
    if (revision_ == revision::v3)
        heartbeat_at_ = now + options_->ping_interval + options_->ping_timeout;
    else if (pinged_)
        heartbeat_at_ = now + options_->ping_timeout;
}

inline bool session::probe(time_point now) {
    if (phase_ != phase::open || upgraded_ || probe_ != probe_state::none) return false;
    probe_ = probe_state::connected;
    probe_until_ = now + options_->upgrade_timeout;
    return true;
}

inline session_actions session::receive_probe(std::optional<packet_view> p, time_point now) {
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

inline void session::upgrade(session_actions& to) {
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

inline session_actions session::expire(time_point now) {
    session_actions todo;
    if (phase_ == phase::over) return todo;
    if (phase_ == phase::closing && now >= closing_until_) return fail(why_);
    if (probe_ != probe_state::none && now >= probe_until_) {
        todo.close_probe = true;
        probe_ = probe_state::none;
    }
    if (phase_ == phase::open && now >= heartbeat_at_) {
        if (held_ && (revision_ == revision::v3 || pinged_)) {
            heartbeat_at_ = now + options_->ping_timeout;
            return todo;
        }
        if (revision_ == revision::v3 || pinged_) {
            bool const probing = todo.close_probe;
            todo = fail(close_reason::ping_timeout);
            todo.close_probe = todo.close_probe || probing;
            return todo;
        }
        pinged_ = true;
        heartbeat_at_ = now + options_->ping_timeout;
        put(todo, {packet_type::ping, false, {}});
    }
    if (probe_ == probe_state::answered && polled_ && now >= release_at_) {
        release_at_ = now + options_->upgrade_poll_interval;
        put(todo, {packet_type::noop, false, {}});
    }
    return todo;
}

inline std::optional<session::time_point> session::deadline() const {
    if (phase_ == phase::over) return std::nullopt;
    time_point next = phase_ == phase::closing ? closing_until_ : heartbeat_at_;
    if (probe_ != probe_state::none) next = std::min(next, probe_until_);
    if (probe_ == probe_state::answered && polled_) next = std::min(next, release_at_);
    return next;
}

}  // namespace httphooks::engineio
