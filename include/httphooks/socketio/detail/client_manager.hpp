// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a Socket.IO client: its connection, opened again when it is lost, and the
    namespaces that share it.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/client.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/socketio/client_options.hpp>
#include <httphooks/socketio/client_socket.hpp>
#include <httphooks/socketio/detail/client_socket_state.hpp>
#include <httphooks/socketio/parser.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** While it is not idle, an operation on the executor keeps it; so handlers of its sockets, which
    it keeps, may not. */
class client_manager final : public client_carrier,
                             public std::enable_shared_from_this<client_manager> {
public:
    using handler = asio::any_completion_handler<void(error_code, client_socket)>;

    client_manager(asio::any_io_executor const& executor, client_options o)
        : executor_(executor),
          options_(std::move(o)),
          life_(executor),
          delay_(executor),
          decoder_(make_decoder()),
          guard_(executor) {}

    // called by a copy: they may set others
    httphooks::detail::shared_function<void(std::size_t)> on_reconnect_attempt{};
    httphooks::detail::shared_function<void(std::size_t)> on_reconnect{};
    httphooks::detail::shared_function<void()> on_reconnect_failed{};

    /// The socket of a namespace. @param nsp begins with a slash
    std::shared_ptr<client_socket_state> of(std::string const& nsp);
    /// A number for an attempt.
    std::uint64_t next_attempt() noexcept { return ++last_attempt_; }
    /// Opens the connection, and has a namespace joined.
    void connect(std::uint64_t attempt, std::string url, std::string const& nsp, handler done);
    /// Gives the attempt up, if it is under way.
    void cancel(std::uint64_t attempt);
    /// Disconnects all sockets, and closes the connection; nothing is tried, or waited for, any
    /// more.
    void close();

    engineio::client_connection const& connection() const noexcept { return connection_; }

    asio::any_io_executor const& executor() const noexcept override { return executor_; }
    client_options const& options() const noexcept override { return options_; }

private:
    enum class state : std::uint8_t { idle, opening, open, waiting };

    std::shared_ptr<client_carrier> keep() override { return shared_from_this(); }
    bool writable() const override { return late_.empty() && connection_.buffered_amount() == 0; }
    HTTPHOOKS_DECL bool send(std::vector<engineio::packet> messages, bool must) override;
    HTTPHOOKS_DECL void wanted(client_socket_state& s) override;
    HTTPHOOKS_DECL void unwanted() override;
    HTTPHOOKS_DECL void settled(client_socket_state& s, error_code ec) override;
    HTTPHOOKS_DECL void lose(client_disconnect_reason why,
                             error_code ec = error::disconnected) override;
    void give_up() override { close(); }

    decoder make_decoder() const {
        return decoder(options_.parser, {options_.depth, options_.max_attachments,
                                         options_.max_packet, namespace_length});
    }
    template <class Function>
    void guarded(Function f) noexcept;
    /// Calls a function with each socket; it may make others.
    template <class Function>
    void for_each(Function f);
    inline bool any_wanted() const;
    inline engineio::client make_engine();

    /// Is kept until stop().
    inline void live();
    void open();
    inline void opened(error_code ec, engineio::client_connection c);
    inline void not_opened(error_code ec);
    inline void receive(std::string_view data, bool binary);
    inline void drained();
    inline void reconnect();
    /// Has the connection closed behind all that it was sent, and what it did not take yet.
    inline void close_connection();
    /// Drops the connection. Nothing is under way then.
    inline void stop();
    inline void complete(error_code ec);
    inline void call(handler done, error_code ec, client_socket s) const;

    /// No server has longer ones.
    static constexpr std::size_t namespace_length = 64 * 1024;

    asio::any_io_executor executor_;
    client_options options_;
    std::map<std::string, std::unique_ptr<client_socket_state>, std::less<>> sockets_{};
    std::string url_{};
    asio::steady_timer life_;
    asio::steady_timer delay_;
    asio::cancellation_signal opening_{};
    engineio::client_connection connection_{};
    decoder decoder_;
    incoming packet_{};
    std::size_t packet_size_ = 0;
    /// What the connection did not take yet.
    std::deque<std::vector<engineio::packet>> late_{};
    std::size_t late_size_ = 0;
    std::atomic<std::uint64_t> last_attempt_{0};
    /// The attempt that is under way while there is a handler.
    std::uint64_t attempt_ = 0;
    handler done_{};
    client_socket_state* awaited_ = nullptr;
    state state_ = state::idle;
    /// Attempts to open the connection again, since it was lost.
    std::size_t attempts_ = 0;
    /// When they began.
    std::chrono::steady_clock::time_point trying_since_{};
    /// Counts attempts and connections: what belongs to earlier ones is not heard.
    std::uint64_t round_ = 0;
    httphooks::detail::context_guard guard_;
};

// ---------------------------------------------------------------------------------------------

template <class Function>
void client_manager::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        give_up();
    }
}

template <class Function>
void client_manager::for_each(Function f) {
    // a node of a map stays where it is
    for (auto const& [name, s] : sockets_) f(*s);
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/client_manager.ipp>
#endif
