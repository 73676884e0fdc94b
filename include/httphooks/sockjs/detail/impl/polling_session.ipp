// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/polling_session.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/receiver.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/session.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

inline void polling_session::carry(std::shared_ptr<receiver> const& r) {
    receiver_ = r;
    receiver_id_ = r->id();
    apply(machine_.attach(r->shape(), place().timers().now()));
    r->place().dispatch([r] { r->hold(); });
}

HTTPHOOKS_DECL void polling_session::attach(std::shared_ptr<receiver> r,
                                            std::function<void(std::shared_ptr<receiver>)> over) {
    if (machine_.state() == session::phase::over) return over(std::move(r));
    if (!machine_.has_receiver()) return carry(r);
    auto const refuse = [s = self()](std::shared_ptr<receiver> const& newcomer) {
        s->counters().refuse("Another connection still open");
        std::string frame;
        append_framed(
            frame, newcomer->shape().as,
            close_frame(close_code::another_connection_open, "Another connection still open"),
            newcomer->shape().callback);
        newcomer->write(std::move(frame), true);
    };
    auto const old = receiver_.lock();
    if (!old) {
        on_gone(receiver_id_);
        return over(std::move(r));
    }
    // The end of the old connection may not have been seen yet, though it came first. The newcomer
    // is referred to weakly on other threads, and watched meanwhile.
    if (!r->place().here())
        r->place().dispatch([r] { r->hold(); });
    else
        r->hold();
    old->probe([s = self(), weak = std::weak_ptr<receiver>(r), id = old->id(), refuse,
                over = std::move(over)](bool gone) {
        s->place().dispatch([s, weak, id, refuse, over, gone] {
            auto const newcomer = weak.lock();
            if (!newcomer) return;
            if (gone) s->on_gone(id);
            if (s->machine_.state() == session::phase::over)
                over(newcomer);
            else if (s->machine_.has_receiver())
                refuse(newcomer);
            else
                s->carry(newcomer);
        });
    });
}

inline void polling_session::apply(session_actions todo) {
    auto const keep = shared_from_this();
    backlog_.set(machine_.buffered());
    if (!todo.write.empty())
        if (auto const r = receiver_.lock()) r->write(std::move(todo.write), todo.end);
    if (todo.over) {
        deadline_.reset();
        place().timers().set(*this, std::nullopt);
        forget();
        tell_ended(close_code::interrupted, "Connection interrupted");
        answer_all(true);
        return;
    }
    if (auto const next = machine_.deadline(); next != deadline_) {
        deadline_ = next;
        place().timers().set(*this, next);
    }
    if (todo.opened) {
        tell_opened();
        if (!waiting_.empty() && !paused()) place().post([s = self()] { s->answer_all(true); });
    }
    if (todo.drained) tell_drained();
}

HTTPHOOKS_DECL void polling_session::on_written(receiver_id r) {
    if (r == receiver_id_) apply(machine_.written());
}

HTTPHOOKS_DECL void polling_session::on_done(receiver_id r) {
    if (r == receiver_id_) apply(machine_.receiver_done(place().timers().now()));
}

HTTPHOOKS_DECL void polling_session::on_gone(receiver_id r) {
    if (r == receiver_id_ || machine_.state() == session::phase::connecting)
        apply(machine_.receiver_gone(place().timers().now()));
}

HTTPHOOKS_DECL void polling_session::on_deadline() {
    place().post([s = self()] {
        s->deadline_.reset();
        s->apply(s->machine_.expire(s->place().timers().now()));
    });
}

HTTPHOOKS_DECL bool polling_session::sent(session::sent outcome) {
    if (outcome == session::sent::overflow || outcome == session::sent::dropped) counters().drop();
    if (outcome == session::sent::overflow) {
        abandon_here(close_code::policy, "Too much data is waiting");
        return false;
    }
    if (outcome != session::sent::queued) return false;
    apply(machine_.flush());
    if (machine_.in_turn() && !std::exchange(turn_posted_, true))
        place().post([s = self()] {
            s->turn_posted_ = false;
            s->machine_.end_turn();
        });
    return true;
}

HTTPHOOKS_DECL bool polling_session::send_here(std::string_view message) {
    return sent(machine_.send(message));
}

HTTPHOOKS_DECL bool polling_session::send_here(prepared_message const& message) {
    return sent(machine_.send_quoted(message.quoted()));
}

HTTPHOOKS_DECL bool polling_session::send_here(message_source const& message) {
    std::string quoted = httphooks::detail::take_string();
    message.append_quoted(quoted, {}, {});
    bool const good = sent(machine_.send_quoted(quoted));
    httphooks::detail::give_string(std::move(quoted));
    return good;
}

HTTPHOOKS_DECL bool polling_session::close_here(close_code code, std::string_view reason) {
    if (!machine_.close(code, reason)) return false;
    tell_closed(code, reason);
    apply(machine_.flush());
    answer_all(true);
    return true;
}

HTTPHOOKS_DECL void polling_session::abandon_here(close_code code, std::string_view reason) {
    tell_closed(code, reason);
    apply(machine_.abandon(code, reason));
    answer_all(true);
}

/// About what an answer takes that waits.
inline constexpr std::size_t waiting_answer_bytes = 1024;

HTTPHOOKS_DECL void polling_session::receive(std::string_view body,
                                             std::function<void(bool)> taken) {
    std::size_t const held = inbound_bytes() + waiting_.size() * waiting_answer_bytes;
    if (paused() && held > options_->inbound_bytes) {
        counters().refuse("Too much input waits");
        return taken(false);
    }
    deliver_all(body);
    if (paused() && is_open())
        waiting_.push_back(std::move(taken));
    else
        taken(true);
}

HTTPHOOKS_DECL void polling_session::reading(bool wanted) {
    if (wanted) answer_all(true);
}

inline void polling_session::answer_all(bool taken) {
    for (auto const& answer : std::exchange(waiting_, {})) answer(taken);
}

HTTPHOOKS_DECL void polling_session::on_loop_end() noexcept {
    waiting_.clear();
    backlog_.set(0);
    session_base::on_loop_end();
}

}  // namespace httphooks::sockjs::detail
