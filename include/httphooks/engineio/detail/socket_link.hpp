// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Between a session and a WebSocket, which may live on different threads.
*/

#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/websocket/connection.hpp>

#include <algorithm>
#include <any>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

using http::detail::home;
class live_session;
class socket_link;

/// Who is behind a link; told on its place(), and kept by the caller meanwhile.
class link_end {
public:
    link_end(link_end const&) = delete;
    link_end& operator=(link_end const&) = delete;

    virtual home const& place() const noexcept = 0;
    virtual void on_socket_open(std::shared_ptr<socket_link> const& l) = 0;
    virtual void on_socket_message(socket_link const& l, std::string_view data, bool binary) = 0;
    virtual void on_socket_end(socket_link const& l, websocket::close_code why) = 0;
    virtual void on_socket_drain(socket_link const& l) = 0;
    /// Fewer bytes wait for the client than options::queue_bytes.
    virtual void on_socket_room(socket_link const& l) = 0;
    /// Messages were dropped. On any thread.
    virtual void on_dropped() noexcept = 0;

protected:
    link_end() = default;
    ~link_end() = default;
};

/** A WebSocket as a session sees it. */
class socket_link final : public std::enable_shared_from_this<socket_link> {
public:
    /// @param place where the WebSocket lives
    socket_link(std::shared_ptr<link_end> s, home place, message_style style, options const& o)
        : session_(std::move(s)),
          home_(std::move(place)),
          owner_(session_->place()),
          limit_(o.queue_bytes),
          overflow_(o.overflow),
          style_(style),
          same_(owner_ == home_) {}

    /// What the WebSockets of a server share: each has its link as data.
    static std::shared_ptr<websocket::detail::channel_settings> settings(
        websocket::connection_options o);

    // on the session's home ---------------------------------------------------------------

    /// Sends a message. @return whether there is room, as far as is known
    bool send(packet_view p);
    bool send(prepared_message const& m);
    /// Sends a text that `write(std::string&)` appends to the output, of about `expected` bytes;
    /// for links that are direct. @return as above
    template <class Write>
    bool send_text_with(std::size_t expected, Write& write);
    /// Sends packets that are the session's own, or have waited already, room or not.
    void put(std::vector<packet> packets);
    /// Whether the WebSocket lives where the session does.
    bool is_direct() const noexcept { return same_; }
    /// Closes behind what was sent.
    void close();
    /// Has the WebSocket read no more, or go on.
    void set_paused(bool b);
    /// Bytes that wait for the client, as far as is known.
    std::size_t buffered() const noexcept;
    /// Whether these are options::queue_bytes or more, and their end will be told.
    bool is_full() const noexcept {
        return (same_ ? buffered() : away()) >= std::max(limit_, told_from);
    }

private:
    /// Bytes on the way to a session on another thread, beyond which nothing more is read.
    static constexpr std::size_t most_inbound = 64 * 1024;
    /// When fewer bytes wait, the WebSocket does not tell that they have been written.
    static constexpr std::size_t told_from = 64 * 1024;

    /// The link of a WebSocket, whose data keeps it.
    static socket_link* of(websocket::connection const& c) {
        auto const* const held = std::any_cast<std::shared_ptr<socket_link>>(&c.data());
        return held ? held->get() : nullptr;
    }

    // on the WebSocket's home
    void open(websocket::connection const& c);
    void receive(websocket::message const& m);
    void end(websocket::close_reason const& why);
    void drained();
    /// Whether so many bytes more may be sent, which stay together; when they may not the client is
    /// given up, or they are dropped.
    bool has_room(std::size_t n);
    /// Bytes that wait behind those that the system does not take.
    std::size_t behind() const noexcept { return socket_.buffered_amount() - socket_.unsent(); }
    bool write(packet_view p);
    bool write(prepared_message const& m);
    void write_all(std::vector<packet> const& packets);
    template <class Function>
    void write_there(std::size_t n, Function f);
    void written(std::size_t n);
    void look();
    std::size_t away() const noexcept { return outbound_ + waiting_; }

    std::shared_ptr<link_end> session_;
    home home_;
    home owner_;  // the session's
    websocket::connection socket_{};
    /// Bytes on the way to the WebSocket's thread, and those that wait for the client there.
    std::atomic<std::size_t> outbound_{0};
    std::atomic<std::size_t> waiting_{0};
    std::atomic<std::size_t> inbound_{0};
    std::atomic<bool> held_up_{false};
    std::size_t const limit_;
    overflow_policy const overflow_;
    message_style const style_;
    bool const same_;
    bool paused_ = false;  // by the session; on the WebSocket's home
    bool sent_ = false;    // since the session's loop turned
    // on the WebSocket's home
    /// Bytes that it got since its loop turned.
    std::size_t got_ = 0;
    /// How many of behind() were sent in one turn, when none waited; they are no backlog.
    std::size_t batch_ = 0;
    /// That turn goes on.
    bool fresh_ = false;
};

// ---------------------------------------------------------------------------------------------

inline std::shared_ptr<websocket::detail::channel_settings> socket_link::settings(
    websocket::connection_options o) {
    auto s = std::make_shared<websocket::detail::channel_settings>();
    s->options = o;
    s->handlers.open = [](websocket::connection& c, request const&) {
        if (socket_link* const self = of(c)) self->open(c);
    };
    s->handlers.message = [](websocket::connection& c, websocket::message const& m) {
        if (socket_link* const self = of(c)) self->receive(m);
    };
    s->handlers.close = [](websocket::connection& c, websocket::close_reason const& why) {
        if (socket_link* const self = of(c)) self->end(why);
    };
    s->handlers.drain = [](websocket::connection& c) {
        if (socket_link* const self = of(c)) self->drained();
    };
    return s;
}

inline void socket_link::open(websocket::connection const& c) {
    socket_ = c;
    session_->place().dispatch(
        [self = shared_from_this(), s = session_] { s->on_socket_open(self); });
}

inline void socket_link::receive(websocket::message const& m) {
    auto const s = session_;
    if (!s) return;
    if (same_) return s->on_socket_message(*this, m.data, m.binary);
    std::size_t const n = m.data.size() + 1;
    if (inbound_.fetch_add(n) + n > most_inbound) {
        held_up_ = true;
        socket_.pause();
    }
    s->place().post([self = shared_from_this(), s, text = std::string(m.data), b = m.binary] {
        s->on_socket_message(*self, text, b);
        std::size_t const size = text.size() + 1;
        if (self->inbound_.fetch_sub(size) != size || !self->held_up_.exchange(false)) return;
        self->home_.post([self] {
            if (self->socket_ && !self->paused_) self->socket_.resume();
        });
    });
}

inline void socket_link::end(websocket::close_reason const& why) {
    auto const s = std::exchange(session_, nullptr);
    auto const self = shared_from_this();
    socket_ = {};
    if (s) s->place().dispatch([self, s, code = why.code] { s->on_socket_end(*self, code); });
}

inline void socket_link::drained() {
    waiting_ = 0;
    if (auto const s = session_)
        s->place().dispatch([self = shared_from_this(), s] { s->on_socket_drain(*self); });
}

inline bool socket_link::has_room(std::size_t n) {
    if (!socket_ || !socket_.is_open()) return false;
    if (socket_.unsent() == 0 || fresh_) return true;
    std::size_t const waits = behind();
    if (waits == 0) {
        fresh_ = true;
        home_.post([self = shared_from_this()] {
            self->fresh_ = false;
            self->batch_ = self->socket_ ? self->behind() : 0;
        });
        return true;
    }
    if (waits <= batch_ || waits - batch_ + n <= limit_) return true;
    session_->on_dropped();
    if (overflow_ == overflow_policy::close) {
        websocket::close_reason why;
        why.code = websocket::close_code::policy_violation;
        socket_.close(why.code);
        end(why);
    }
    return false;
}

inline bool socket_link::write(packet_view p) {
    std::size_t const n = p.data.size() + 1;
    return has_room(n) && socket_.send_with(p.binary && !style_.base64, n, [&](std::string& out) {
        append_message(out, p, style_);
    });
}

inline bool socket_link::write(prepared_message const& m) {
    auto const frames = style_ == message_style{} ? m.frames() : frames_of(m.packets(), style_);
    return has_room(frames.bytes().size()) && socket_.send(frames);
}

inline void socket_link::write_all(std::vector<packet> const& packets) {
    if (socket_) socket_.send(frames_of(packets, style_));
}

template <class Write>
bool socket_link::send_text_with(std::size_t expected, Write& write) {
    return has_room(expected + 1) && socket_.send_with(false, expected + 1, [&](std::string& out) {
        append_frame(out, {packet_type::message, false, {}});
        write(out);
    });
}

/// Calls a function on the WebSocket's thread, which writes `n` bytes there; these count as waiting
/// for the rest of this turn, and until they are taken.
template <class Function>
void socket_link::write_there(std::size_t n, Function f) {
    outbound_ += n;
    if (!std::exchange(sent_, true))
        owner_.post([self = shared_from_this()] { self->sent_ = false; });
    home_.post([self = shared_from_this(), n, f = std::move(f)] {
        f(*self);
        self->written(n);
    });
}

/// The WebSocket has got bytes from the session's thread, and writes them in a moment.
inline void socket_link::written(std::size_t n) {
    if (std::exchange(got_, got_ + n) == 0)
        home_.post([self = shared_from_this()] { self->look(); });
}

/// Sees what is left of what the WebSocket got.
inline void socket_link::look() {
    bool const was_full = is_full();
    std::size_t const waits = socket_ ? socket_.buffered_amount() : 0;
    waiting_ = waits < told_from ? 0 : waits;
    outbound_ -= std::exchange(got_, 0);
    auto const s = session_;
    if (s && was_full && !is_full())
        s->place().dispatch([self = shared_from_this(), s] { s->on_socket_room(*self); });
}

inline bool socket_link::send(packet_view p) {
    if (same_) return write(p);
    write_there(p.data.size() + 1, [copy = packet(p)](socket_link& l) { l.write(copy.view()); });
    return true;
}

inline bool socket_link::send(prepared_message const& m) {
    if (same_) return write(m);
    write_there(size_of(m.packets()), [m](socket_link& l) { l.write(m); });
    return true;
}

inline void socket_link::put(std::vector<packet> packets) {
    if (packets.empty()) return;
    if (same_) return write_all(packets);
    std::size_t const n = size_of(packets);
    write_there(n, [all = std::move(packets)](socket_link& l) { l.write_all(all); });
}

inline void socket_link::close() {
    home_.dispatch([self = shared_from_this()] {
        if (self->socket_) self->socket_.close(websocket::close_code::none);
    });
}

inline void socket_link::set_paused(bool b) {
    home_.dispatch([self = shared_from_this(), b] {
        self->paused_ = b;
        if (!self->socket_) return;
        if (b)
            self->socket_.pause();
        else if (!self->held_up_)
            self->socket_.resume();
    });
}

inline std::size_t socket_link::buffered() const noexcept {
    if (!same_) return std::max<std::size_t>(away(), sent_ ? 1 : 0);
    return socket_ ? socket_.buffered_amount() : 0;
}

}  // namespace httphooks::engineio::detail
