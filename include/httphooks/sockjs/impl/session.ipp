// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/session.hpp>

#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/options.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

HTTPHOOKS_DECL void session::put(session_actions& to, std::string_view frame) {
    append_framed(to.write, shape_.as, frame, shape_.callback);
    carried_ += to.write.size();
    writing_ = to.write.size();
    to.end = carried_ >= shape_.limit || (phase_ == phase::closing && frame == close_frame_);
    receiver_ = to.end ? receiver::ending : receiver::writing;
}

HTTPHOOKS_DECL session_actions session::attach(receiver_shape shape, time_point now) {
    shape_ = std::move(shape);
    carried_ = 0;
    writing_ = 0;
    receiver_ = receiver::idle;
    heartbeat_at_ = now + options_->heartbeat_delay;
    if (phase_ != phase::connecting) return flush();
    phase_ = phase::open;
    session_actions todo;
    put(todo, "o");
    todo.opened = true;
    return todo;
}

HTTPHOOKS_DECL session_actions session::written() {
    if (receiver_ != receiver::writing) return {};
    receiver_ = receiver::idle;
    writing_ = 0;
    session_actions todo = flush();
    if (pending_count_ == 0 && writing_ == 0) todo.drained = std::exchange(busy_, false);
    return todo;
}

HTTPHOOKS_DECL session_actions session::receiver_done(time_point now) {
    if (receiver_ != receiver::ending) return {};
    if (abandoned_) return end();
    receiver_ = receiver::none;
    writing_ = 0;
    disconnect_at_ = now + delay();
    return {};
}

HTTPHOOKS_DECL session_actions session::receiver_gone(time_point now) {
    // a client may close once it has its answer, before we know that it was written
    if (receiver_ == receiver::ending) return receiver_done(now);
    // the client that was to be the first receiver may go before it is one
    bool const nobody = receiver_ == receiver::none && phase_ != phase::connecting;
    return nobody ? session_actions() : end();
}

HTTPHOOKS_DECL session::sent session::push(std::string_view message, bool quoted) {
    if (phase_ != phase::open) return sent::closed;
    if (pending_count_ == 0) {
        fresh_ = true;
        behind_count_ = 0;
        behind_bytes_ = 0;
    }
    if (!fresh_ && (behind_count_ >= options_->queue_messages ||
                    behind_bytes_ + message.size() > options_->queue_bytes))
        return options_->overflow == overflow_policy::drop ? sent::dropped : sent::overflow;
    std::size_t const before = pending_.size();
    if (pending_count_++ > 0) pending_.push_back(',');
    if (quoted)
        pending_.append(message);
    else
        append_quoted(pending_, message);
    if (!fresh_) {
        ++behind_count_;
        behind_bytes_ += pending_.size() - before;
    }
    busy_ = true;
    messages_since_heartbeat_ = true;
    return sent::queued;
}

HTTPHOOKS_DECL session_actions session::flush() {
    session_actions todo;
    if (receiver_ != receiver::idle) return todo;
    if (pending_count_ > 0) {
        std::string frame;
        frame.reserve(pending_.size() + 3);
        frame.append("a[").append(pending_).push_back(']');
        pending_.clear();
        if (pending_.capacity() > 4096) pending_.shrink_to_fit();
        pending_count_ = 0;
        put(todo, frame);
    } else if (phase_ == phase::closing) {
        put(todo, close_frame_);
    }
    if (todo.end) todo.drained = std::exchange(busy_, false);
    return todo;
}

HTTPHOOKS_DECL bool session::close(close_code code, std::string_view reason) {
    if (phase_ != phase::open) return false;
    phase_ = phase::closing;
    close_frame_ = close_frame(code, reason);
    return true;
}

HTTPHOOKS_DECL session_actions session::abandon(close_code code, std::string_view reason) {
    pending_.clear();
    pending_count_ = 0;
    abandoned_ = true;
    if (phase_ == phase::connecting) phase_ = phase::open;
    close(code, reason);
    return receiver_ == receiver::none ? end() : flush();
}

HTTPHOOKS_DECL session_actions session::end() {
    session_actions todo;
    todo.over = phase_ != phase::over;
    phase_ = phase::over;
    receiver_ = receiver::none;
    pending_.clear();
    pending_count_ = 0;
    writing_ = 0;
    return todo;
}

HTTPHOOKS_DECL session_actions session::expire(time_point now) {
    if (phase_ == phase::over) return {};
    if (receiver_ == receiver::none && now >= disconnect_at_) return end();
    if (!has_receiver() || now < heartbeat_at_ || options_->heartbeat_delay.count() == 0) return {};
    heartbeat_at_ += options_->heartbeat_delay;
    if (heartbeat_at_ <= now) heartbeat_at_ = now + options_->heartbeat_delay;
    bool const skip =
        std::exchange(messages_since_heartbeat_, false) && options_->messages_delay_heartbeat;
    session_actions todo;
    if (receiver_ == receiver::idle && !skip) put(todo, "h");
    return todo;
}

HTTPHOOKS_DECL std::optional<session::time_point> session::deadline() const {
    if (phase_ == phase::over || receiver_ == receiver::ending) return std::nullopt;
    if (receiver_ == receiver::none) return disconnect_at_;
    if (options_->heartbeat_delay.count() == 0) return std::nullopt;
    return heartbeat_at_;
}

}  // namespace httphooks::sockjs
