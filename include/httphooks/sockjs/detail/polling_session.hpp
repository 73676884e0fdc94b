// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session whose client polls or streams over HTTP: the state machine, and who carries it out.
*/

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/receiver.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/session.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::sockjs::detail {

class polling_session final : public session_base, public receiver_owner {
public:
    polling_session(std::shared_ptr<session_owner> owner, std::shared_ptr<options const> o,
                    http::detail::home place, handshake shake, std::string_view transport,
                    std::string id)
        : session_base(std::move(owner), std::move(place), std::move(shake), transport),
          options_(std::move(o)),
          backlog_(&counters()),
          machine_(*options_, session::clock::now()),
          id_(std::move(id)) {}

    /// The client's name for the session.
    std::string const& id() const noexcept { return id_; }

    /// Gives up when no receiver comes.
    void await_receiver() { place().timers().set(*this, machine_.deadline()); }

    /** Has a receiver carry the frames from now on. On the home.
        @param over called instead when the session is over */
    void attach(std::shared_ptr<receiver> r, std::function<void(std::shared_ptr<receiver>)> over);

    /** Messages of the client. On the home.
        @param body what check_messages() found good
        @param taken called, here or later, when there is room for more; false: there was none */
    void receive(std::string_view body, std::function<void(bool)> taken);

    http::detail::home const& receiver_home() const noexcept override { return place(); }
    void on_written(receiver_id r) override;
    void on_done(receiver_id r) override;
    void on_gone(receiver_id r) override;
    void on_deadline() override;
    void on_loop_end() noexcept override;
    std::size_t buffered() const noexcept override { return machine_.buffered(); }

private:
    bool send_here(std::string_view message) override;
    bool send_here(prepared_message const& message) override;
    bool send_here(message_source const& message) override;
    bool close_here(close_code code, std::string_view reason) override;
    void abandon_here(close_code code, std::string_view reason) override;
    void reading(bool wanted) override;

    void carry(std::shared_ptr<receiver> const& r);
    bool sent(session::sent outcome);
    void apply(session_actions todo);
    void answer_all(bool taken);
    std::shared_ptr<polling_session> self() {
        return std::static_pointer_cast<polling_session>(shared_from_this());
    }

    std::shared_ptr<options const> options_;
    server_counters::backlog backlog_;
    session machine_;
    std::string id_;
    std::weak_ptr<receiver> receiver_{};
    receiver_id receiver_id_ = 0;
    std::optional<session::time_point> deadline_{};
    std::vector<std::function<void(bool)>> waiting_{};
    bool turn_posted_ = false;
};

// ---------------------------------------------------------------------------------------------

inline void polling_session::carry(std::shared_ptr<receiver> const& r) {
    receiver_ = r;
    receiver_id_ = r->id();
    apply(machine_.attach(r->shape(), session::clock::now()));
    r->place().dispatch([r] { r->hold(); });
}

inline void polling_session::attach(std::shared_ptr<receiver> r,
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

inline void polling_session::on_written(receiver_id r) {
    if (r == receiver_id_) apply(machine_.written());
}

inline void polling_session::on_done(receiver_id r) {
    if (r == receiver_id_) apply(machine_.receiver_done(session::clock::now()));
}

inline void polling_session::on_gone(receiver_id r) {
    if (r == receiver_id_ || machine_.state() == session::phase::connecting)
        apply(machine_.receiver_gone(session::clock::now()));
}

inline void polling_session::on_deadline() {
    place().post([s = self()] {
        s->deadline_.reset();
        s->apply(s->machine_.expire(session::clock::now()));
    });
}

inline bool polling_session::sent(session::sent outcome) {
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

inline bool polling_session::send_here(std::string_view message) {
    return sent(machine_.send(message));
}

inline bool polling_session::send_here(prepared_message const& message) {
    return sent(machine_.send_quoted(message.quoted()));
}

inline bool polling_session::send_here(message_source const& message) {
    std::string quoted = httphooks::detail::take_string();
    message.append_quoted(quoted, {}, {});
    bool const good = sent(machine_.send_quoted(quoted));
    httphooks::detail::give_string(std::move(quoted));
    return good;
}

inline bool polling_session::close_here(close_code code, std::string_view reason) {
    if (!machine_.close(code, reason)) return false;
    tell_closed(code, reason);
    apply(machine_.flush());
    answer_all(true);
    return true;
}

inline void polling_session::abandon_here(close_code code, std::string_view reason) {
    tell_closed(code, reason);
    apply(machine_.abandon(code, reason));
    answer_all(true);
}

inline void polling_session::receive(std::string_view body, std::function<void(bool)> taken) {
    if (paused() && inbound_bytes() > options_->inbound_bytes) {
        counters().refuse("Too much input waits");
        return taken(false);
    }
    deliver_all(body);
    if (paused() && is_open())
        waiting_.push_back(std::move(taken));
    else
        taken(true);
}

inline void polling_session::reading(bool wanted) {
    if (wanted) answer_all(true);
}

inline void polling_session::answer_all(bool taken) {
    for (auto const& answer : std::exchange(waiting_, {})) answer(taken);
}

inline void polling_session::on_loop_end() noexcept {
    waiting_.clear();
    backlog_.set(0);
    session_base::on_loop_end();
}

}  // namespace httphooks::sockjs::detail
