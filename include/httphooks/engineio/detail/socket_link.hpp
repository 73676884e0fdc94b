// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Between a session and a WebSocket, which may live on different threads.
*/

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

protected:
    link_end() = default;
    ~link_end() = default;
};

/** A WebSocket as a session sees it. */
class socket_link final : public std::enable_shared_from_this<socket_link> {
public:
    /// @param place where the WebSocket lives
    socket_link(std::shared_ptr<link_end> s, home place)
        : session_(std::move(s)),
          home_(std::move(place)),
          owner_(session_->place()),
          same_(owner_ == home_) {}

    /// What the WebSockets of a server share: each has its link as data.
    static std::shared_ptr<websocket::detail::channel_settings> settings(
        websocket::connection_options o);

    // on the session's home ---------------------------------------------------------------

    /// Sends a packet. @return whether there is room, as far as is known
    bool send(packet_view p, revision r);
    bool send(prepared_message const& m, revision r);
    /// Sends a text that `write(std::string&)` appends to the output, of about `expected` bytes;
    /// for links that are direct. @return as above
    template <class Write>
    bool send_text_with(std::size_t expected, Write& write);
    /// Whether the WebSocket lives where the session does.
    bool is_direct() const noexcept { return same_; }
    /// Closes behind what was sent.
    void close();
    /// Has the WebSocket read no more, or go on.
    void set_paused(bool b);
    /// Bytes that wait for the client, as far as is known.
    std::size_t buffered() const noexcept;

private:
    /// Bytes on the way to a session on another thread, beyond which nothing more is read.
    static constexpr std::size_t most_inbound = 64 * 1024;

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
    bool write(packet_view p, revision r);
    void leave(std::size_t n);
    void written(std::size_t n);

    std::shared_ptr<link_end> session_;
    home home_;
    home owner_;  // the session's
    websocket::connection socket_{};
    std::atomic<std::size_t> outbound_{0};
    std::atomic<std::size_t> inbound_{0};
    std::atomic<bool> held_up_{false};
    bool const same_;
    bool paused_ = false;  // by the session; on the WebSocket's home
    bool sent_ = false;    // since the session's loop turned
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
    if (!same_) outbound_ = 0;
    if (auto const s = session_)
        s->place().dispatch([self = shared_from_this(), s] { s->on_socket_drain(*self); });
}

inline bool socket_link::write(packet_view p, revision r) {
    return socket_ && socket_.send_with(p.binary, p.data.size() + 1,
                                        [&](std::string& out) { append_frame(out, p, r); });
}

template <class Write>
bool socket_link::send_text_with(std::size_t expected, Write& write) {
    return socket_ && socket_.send_with(false, expected + 1, [&](std::string& out) {
        append_frame(out, {packet_type::message, false, {}});
        write(out);
    });
}

/// Bytes go to another thread; they count as waiting for the rest of this turn.
inline void socket_link::leave(std::size_t n) {
    outbound_.fetch_add(n);
    if (!std::exchange(sent_, true))
        owner_.post([self = shared_from_this()] { self->sent_ = false; });
}

/// Bytes of another thread's have been taken.
inline void socket_link::written(std::size_t n) {
    if (socket_ && socket_.buffered_amount() < most_inbound)
        outbound_.fetch_sub(std::min(n, outbound_.load()));
}

inline bool socket_link::send(packet_view p, revision r) {
    if (same_) return write(p, r);
    std::size_t const n = p.data.size() + 1;
    leave(n);
    home_.post([self = shared_from_this(), r, n, copy = packet(p)] {
        self->write(copy.view(), r);
        self->written(n);
    });
    return true;
}

inline bool socket_link::send(prepared_message const& m, revision r) {
    if (r == revision::v3) {
        bool good = true;
        for (packet const& p : m.packets()) good = send(p.view(), r) && good;
        return good;
    }
    if (!same_) {
        std::size_t n = 0;
        for (packet const& p : m.packets()) n += p.data.size() + 1;
        leave(n);
        home_.post([self = shared_from_this(), m, n] {
            for (auto const& frame : m.frames())
                if (self->socket_) self->socket_.send(frame);
            self->written(n);
        });
        return true;
    }
    bool good = socket_ ? true : false;
    for (auto const& frame : m.frames()) good = good && socket_.send(frame);
    return good;
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
    if (!same_) return std::max<std::size_t>(outbound_, sent_ ? 1 : 0);
    return socket_ ? socket_.buffered_amount() : 0;
}

}  // namespace httphooks::engineio::detail
