// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Between a session and a WebSocket, which may live on different threads.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/function_ref.hpp>
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
    bool send_text_with(std::size_t expected,
                        httphooks::detail::function_ref<void(std::string&)> write);
    /// Sends packets that are the session's own, or have waited already, room or not.
    void put(std::vector<packet> packets);
    /// Whether the WebSocket lives where the session does.
    bool is_direct() const noexcept { return same_; }
    /// Closes behind what was sent.
    void close();
    /// Has the WebSocket read no more, as websocket::connection says.
    void pause();
    void pause_until_gone();
    /// Has it go on.
    void resume();
    /// So many bytes of messages are kept, which are no use without the next.
    void retain(std::size_t bytes);
    /// Bytes that wait for the client, as far as is known.
    std::size_t buffered() const noexcept;
    /// Has link_end::on_socket_drain() called when they have left.
    void expect_drain();
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
    inline void open(websocket::connection const& c);
    inline void receive(websocket::message const& m);
    inline void end(websocket::close_reason const& why);
    inline void drained();
    /// Whether so many bytes more may be sent, which stay together; when they may not the client is
    /// given up, or they are dropped.
    inline bool has_room(std::size_t n);
    /// Bytes that wait behind those that the system does not take.
    std::size_t behind() const noexcept { return socket_.buffered_amount() - socket_.unsent(); }
    bool write(packet_view p);
    bool write(prepared_message const& m);
    inline void write_all(std::vector<packet> const& packets);
    template <class Function>
    void write_there(std::size_t n, Function f);
    void written(std::size_t n);
    inline void look();
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

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/socket_link.ipp>
#endif
