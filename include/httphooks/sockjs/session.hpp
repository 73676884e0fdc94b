// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session over HTTP as a state machine: what happens and the time go in, what to do comes out.
*/

#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

/** A response that can carry a session's frames. */
struct receiver_shape {
    /// How it wraps frames.
    framing as = framing::line;
    /// Bytes of frames after which it ends; 0: after the first frame.
    std::size_t limit = 0;
    /// The client's function, for framing::callback.
    std::string callback{};
};

/** What the owner of a session has to do, in this order. */
struct session_actions {
    /// Bytes for the receiver, one frame; empty: nothing.
    std::string write{};
    /// The receiver's response ends behind them; tell the session by receiver_done().
    bool end = false;
    /// The connection is open: tell the application.
    bool opened = false;
    /// All that waited is written: tell the application.
    bool drained = false;
    /// The session is over: forget it, and tell the application.
    bool over = false;
};

/** A session of polling and streaming transports.

    It has at most one receiver at a time, and lives for disconnect_delay without one. Not
    thread-safe.
    @par Source
    SockJS 0.3.3; sockjs-node 0.3.24 */
class session {
public:
    /// Time is a parameter, taken from this clock.
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    /// How far a session is.
    enum class phase : std::uint8_t {
        /// No receiver has come yet.
        connecting,
        open,
        /// Closed by the application; receivers get the close frame.
        closing,
        over,
    };

    /// What became of a message that was sent.
    enum class sent : std::uint8_t { queued, closed, dropped, overflow };

    /** A session whose first receiver is due within disconnect_delay.
        @param o outlives the session */
    session(options const& o, time_point now) : options_(&o), disconnect_at_(now + delay()) {}

    /// How far it is.
    phase state() const noexcept { return phase_; }

    /// Whether a receiver waits or writes, so that another one has to be refused.
    bool has_receiver() const noexcept {
        return receiver_ == receiver::idle || receiver_ == receiver::writing;
    }

    /** A receiver has come; has_receiver() was false and the session is not over. */
    session_actions attach(receiver_shape shape, time_point now);

    /** What write gave is written, and the response goes on. */
    session_actions written();

    /** The receiver's response has ended, whole. */
    session_actions receiver_done(time_point now);

    /** The receiver's client has gone. */
    session_actions receiver_gone(time_point now);

    /** The application sends a message. */
    sent send(std::string_view message) { return push(message, false); }
    /** As send(), a message that append_quoted() has made. */
    sent send_quoted(std::string_view quoted) { return push(quoted, true); }

    /** What can be written now; to be called behind send(), also behind several. */
    session_actions flush();

    /// Whether all that waits was sent since nothing did, so that it is no backlog, however much it
    /// is; the owner calls end_turn() when its event loop has turned.
    bool in_turn() const noexcept { return fresh_ && pending_count_ > 0; }
    /// What is sent from now on waits behind something else, and is limited.
    void end_turn() noexcept { fresh_ = false; }

    /** The application closes; later receivers get the same frame.
        @return false when it is not open */
    bool close(close_code code, std::string_view reason);

    /** The server shuts down, or the client is too slow: nothing is waited for any more. */
    session_actions abandon(close_code code, std::string_view reason);

    /** The time has come. */
    session_actions expire(time_point now);

    /** When expire() is to be called; nothing: not before something else happens. */
    std::optional<time_point> deadline() const;

    /// Bytes that wait, or are being written.
    std::size_t buffered() const noexcept { return pending_.size() + writing_; }

private:
    enum class receiver : std::uint8_t { none, idle, writing, ending };

    std::chrono::milliseconds delay() const noexcept { return options_->disconnect_delay; }
    sent push(std::string_view message, bool quoted);
    void put(session_actions& to, std::string_view frame);
    session_actions end();

    options const* options_;
    receiver_shape shape_{};
    /// Messages, quoted, with commas between.
    std::string pending_{};
    std::string close_frame_{};
    time_point disconnect_at_;
    time_point heartbeat_at_{};
    std::size_t pending_count_ = 0;
    /// Of what waits, what counts: messages and bytes that were sent after end_turn().
    std::size_t behind_count_ = 0;
    std::size_t behind_bytes_ = 0;
    /// Bytes of frames that the receiver has got.
    std::size_t carried_ = 0;
    std::size_t writing_ = 0;
    phase phase_ = phase::connecting;
    receiver receiver_ = receiver::none;
    bool busy_ = false;
    bool fresh_ = false;
    bool abandoned_ = false;
    bool messages_since_heartbeat_ = false;
};

// ---------------------------------------------------------------------------------------------

inline void session::put(session_actions& to, std::string_view frame) {
    append_framed(to.write, shape_.as, frame, shape_.callback);
    carried_ += to.write.size();
    writing_ = to.write.size();
    to.end = carried_ >= shape_.limit || (phase_ == phase::closing && frame == close_frame_);
    receiver_ = to.end ? receiver::ending : receiver::writing;
}

inline session_actions session::attach(receiver_shape shape, time_point now) {
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

inline session_actions session::written() {
    if (receiver_ != receiver::writing) return {};
    receiver_ = receiver::idle;
    writing_ = 0;
    session_actions todo = flush();
    if (pending_count_ == 0 && writing_ == 0) todo.drained = std::exchange(busy_, false);
    return todo;
}

inline session_actions session::receiver_done(time_point now) {
    if (receiver_ != receiver::ending) return {};
    if (abandoned_) return end();
    receiver_ = receiver::none;
    writing_ = 0;
    disconnect_at_ = now + delay();
    return {};
}

inline session_actions session::receiver_gone(time_point now) {
    // a client may close once it has its answer, before we know that it was written
    if (receiver_ == receiver::ending) return receiver_done(now);
    // the client that was to be the first receiver may go before it is one
    bool const nobody = receiver_ == receiver::none && phase_ != phase::connecting;
    return nobody ? session_actions() : end();
}

inline session::sent session::push(std::string_view message, bool quoted) {
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

inline session_actions session::flush() {
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

inline bool session::close(close_code code, std::string_view reason) {
    if (phase_ != phase::open) return false;
    phase_ = phase::closing;
    close_frame_ = close_frame(code, reason);
    return true;
}

inline session_actions session::abandon(close_code code, std::string_view reason) {
    pending_.clear();
    pending_count_ = 0;
    abandoned_ = true;
    if (phase_ == phase::connecting) phase_ = phase::open;
    close(code, reason);
    return receiver_ == receiver::none ? end() : flush();
}

inline session_actions session::end() {
    session_actions todo;
    todo.over = phase_ != phase::over;
    phase_ = phase::over;
    receiver_ = receiver::none;
    pending_.clear();
    pending_count_ = 0;
    writing_ = 0;
    return todo;
}

inline session_actions session::expire(time_point now) {
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

inline std::optional<session::time_point> session::deadline() const {
    if (phase_ == phase::over || receiver_ == receiver::ending) return std::nullopt;
    if (receiver_ == receiver::none) return disconnect_at_;
    if (options_->heartbeat_delay.count() == 0) return std::nullopt;
    return heartbeat_at_;
}

}  // namespace httphooks::sockjs
