// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An Engine.IO session as a state machine: what happens and the time go in, what to do comes out.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/transport_kind.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
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
    /// Whether the client is not listened to: its heartbeat is then not missed. One that polls has
    /// to go on with that instead.
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
    inline void beat(time_point now) noexcept;
    void upgrade(session_actions& to);

    options const* options_;
    std::vector<packet> queue_{};
    std::size_t queue_bytes_ = 0;
    /// What waits behind that which was sent at once when nothing did, and its bytes.
    std::size_t behind_ = 0;
    std::size_t behind_bytes_ = 0;
    /// When a ping is due or, while a pong is awaited, when the session has timed out. While the
    /// client is not listened to a poll stands for the pong.
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

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/session.ipp>
#endif
