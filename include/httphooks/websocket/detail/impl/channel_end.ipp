// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How a WebSocket connection ends: closing in order, failing, losing the stream, deadlines.
*/

#include <httphooks/websocket/detail/channel.hpp>

#include <httphooks/websocket/deflate.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

// closing -------------------------------------------------------------------------------------

inline void channel::append_close_frame(close_code code, std::string_view reason) {
    output_.append_close(code, reason);
    close_by_ = loop_->now() + timer_wheel::ticks(options().close_timeout);
    enter(state::closing);
    set_deadline();
}

HTTPHOOKS_DECL void channel::close(close_code code, std::string_view reason) {
    if (!handing_on()) return;
    if (!here())
        return post([code, copy = std::string(reason)](channel& c) { c.close(code, copy); });
    if (is_open())
        append_close_frame(code, reason);
    else
        enter(state::closing);
    schedule();
}

HTTPHOOKS_DECL void channel::close_behind(std::string_view text, close_code code,
                                          std::string_view reason) {
    if (is_open() && !here())
        return post([last = std::string(text), code, copy = std::string(reason)](channel& c) {
            c.close_behind(last, code, copy);
        });
    if (is_open()) output_.append(opcode::text, text);
    close(code, reason);
}

HTTPHOOKS_DECL void channel::terminate() {
    if (current() == state::closed) return;
    post([](channel& c) { c.cut_ = true; });
}

/// The other side sent what cannot be taken.
inline void channel::refuse(close_code code) {
    if (settings_->counters) settings_->counters->refuse(to_string(code));
    fail(code);
}

/// The other side, or this one, broke a rule: says so and ends the connection.
inline void channel::fail(close_code code) {
    if (current() == state::open) append_close_frame(code, {});
    if (receiving()) enter(state::ending);
    tell_closed({code, {}, false});
}

/// Nothing can be written any more. Reading goes on: what the other side sent before it closed may
/// still be on its way here.
inline void channel::fall_mute() {
    output_.drop();
    if (!is_open()) return;
    enter(state::mute);
    close_by_ = loop_->now() + timer_wheel::ticks(options().close_timeout);
    set_deadline();
}

/// The connection is gone.
inline void channel::lose() {
    enter(state::ended);
    tell_closed({});
    shut(false);
}

inline void channel::tell_closed(close_reason const& why) noexcept {
    if (!std::exchange(told_, true)) call(handlers().close, why);
}

HTTPHOOKS_DECL void channel::on_ended() {
    shut(false);
}

HTTPHOOKS_DECL void channel::sever() noexcept {
    if (current() == state::closed) return;
    event const e(*this);
    cut_ = true;
}

inline void channel::shut(bool reset) noexcept {
    if (current() == state::closed) return;
    auto const self = shared_from_this();
    enter(state::closed);
    stream_->close(reset);
    loop_->leave(*this);
    uncount();
    ticket_.reset();
    data.reset();
    output_.drop();
    held_.clear();
    room_.reset();
}

HTTPHOOKS_DECL void channel::abandon() noexcept {
    auto const self = shared_from_this();
    enter(state::closed);
    stream_->abandon();
    loop_->leave(*this);
    uncount();
    ticket_.reset();
    data.reset();
    room_.reset();
}

/// The connection counts no more.
inline void channel::uncount() noexcept {
    output_.uncount();
    if (settings_->counts_sessions) settings_->counters->end_session();
}

// deadlines -----------------------------------------------------------------------------------

/// Whether a time is not in the future.
inline bool has_come(loop::tick now, loop::tick at) noexcept {
    return static_cast<std::int32_t>(now - at) >= 0;
}

inline void channel::set_deadline() {
    bool set = false;
    loop::tick next = 0;
    auto const add = [&](loop::tick t) {
        if (!set || static_cast<std::int32_t>(t - next) < 0) next = t;
        set = true;
    };
    connection_options const& o = options();
    if (output_.writing()) add(progress_ + timer_wheel::ticks(o.write_timeout));
    if (current() > state::open)
        add(close_by_);
    else if (o.ping_interval.count() > 0) {
        if (pinged_) add(pinged_at_ + timer_wheel::ticks(o.pong_timeout));
        if (o.ping_always)
            add(ping_at_);
        else if (!pinged_)
            add(last_input_ + timer_wheel::ticks(o.ping_interval));
    }
    if (has_contexts()) add(rest_at_);
    if (room_ && room_->counts()) add(loop_->now() + timer_wheel::ticks(std::chrono::seconds(1)));
    if (set)
        loop_->deadline(*this, next);
    else
        loop_->no_deadline(*this);
}

HTTPHOOKS_DECL void channel::on_tick() {
    if (stream_->running_here()) return tick();
    stream_->post([](std::shared_ptr<void> const& c) { static_cast<channel*>(c.get())->tick(); },
                  shared_from_this());
}

HTTPHOOKS_DECL void channel::tick() {
    if (current() == state::closed) return;
    event const e(*this);
    loop::tick const now = loop_->now();
    if (output_.writing() && has_come(now, progress_ + timer_wheel::ticks(options().write_timeout)))
        cut_ = true;
    if (current() == state::open) {
        if (options().ping_interval.count() > 0) tick_pings(now);
    } else if (has_come(now, close_by_)) {
        // what waits for the application has no time limit
        if (current() == state::mute && (input_ended_ || !may_parse()))
            close_by_ = now + timer_wheel::ticks(options().close_timeout);
        else
            cut_ = true;
    }
    if (has_contexts()) tick_contexts(now);
    if (room_ && is_open() && room_->is_late(now)) refuse(close_code::policy_violation);
    if (!cut_) set_deadline();
}

inline bool channel::has_contexts() const noexcept {
    return codec_ && codec_->has_context() && current() == state::open;
}

inline void channel::tick_contexts(loop::tick now) {
    if (!has_come(now, rest_at_)) return;
    if (!codec_->take_used()) codec_->rest();
    rest_at_ = now + timer_wheel::ticks(context_rest);
}

inline void channel::tick_pings(loop::tick now) {
    connection_options const& o = options();
    // while nothing is read, nothing can have come
    if (!may_parse() || (room_ && room_->waits())) {
        last_input_ = now;
        pinged_ = false;
    }
    // the ping may be behind what is still being written
    if (output_.writing()) pinged_at_ = now;
    if (pinged_ && has_come(now, pinged_at_ + timer_wheel::ticks(o.pong_timeout))) {
        call(handlers().unanswered);
        if (is_open()) cut_ = true;
        return;
    }
    if (o.ping_always) {
        if (!has_come(now, ping_at_)) return;
        // rounded up to whole ticks
        loop::tick const interval =
            timer_wheel::ticks(o.ping_interval - std::chrono::milliseconds(1));
        ping_at_ += interval;
        if (has_come(now, ping_at_)) ping_at_ = now + interval;
        // one that waits to be written is enough
        if (pinged_ && output_.writing()) return;
    } else if (pinged_ || !has_come(now, last_input_ + timer_wheel::ticks(o.ping_interval))) {
        return;
    }
    output_.append(opcode::ping, {});
    if (!std::exchange(pinged_, true)) pinged_at_ = now;
}

}  // namespace httphooks::websocket::detail
