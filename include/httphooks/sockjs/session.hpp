// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session over HTTP as a state machine: what happens and the time go in, what to do comes out.
*/

#include <httphooks/config.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/session.ipp>
#endif
