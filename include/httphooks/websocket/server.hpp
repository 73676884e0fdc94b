// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/detail/channel.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::websocket {

/// What a server is created with.
struct server_options {
    /// The path that clients connect to.
    std::string path = "/ws";
    /// Which clients may connect, and how.
    handshake_options handshake{};
    /// Limits and time-outs of the connections.
    connection_options connection{};
};

/** Accepts WebSockets on a path. Copies are handles of one server.

    Handlers are set before the server is mounted. They are called on the executor of the connection
    that they are about; in a server with threads, for different connections on several at a time.

    @par Thread safety
    Setting handlers: none. Everything else: all threads.
    @par Example
    examples/websocket_echo.cpp
*/
class server {
public:
    /** A server; nothing happens until it is mounted.
        @param executor what get_executor() gives; connections have that of their stream
        @throws std::invalid_argument a path that does not begin with `/`, or ends with it */
    explicit server(asio::any_io_executor executor, server_options o = {});

    /// Sets what is called when a connection is open: with (connection&) or (connection&, request
    /// const&).
    template <class F>
    requires std::invocable<F&, connection&> || std::invocable<F&, connection&, request const&>
    void on_open(F handler);
    /// Sets what is called with each message.
    void on_message(std::function<void(connection&, message const&)> handler) {
        state_->settings->handlers.message = std::move(handler);
    }
    /// Sets what is called when a connection has ended, for the reason given.
    void on_close(std::function<void(connection&, close_reason const&)> handler) {
        state_->settings->handlers.close = std::move(handler);
    }
    /// Sets what is called when everything that waited for a client has been written.
    void on_drain(std::function<void(connection&)> handler) {
        state_->settings->handlers.drain = std::move(handler);
    }
    /// Sets what is called when a message exceeds the output limit; with overflow::tell.
    void on_overflow(std::function<void(connection&)> handler) {
        state_->settings->handlers.overflow = std::move(handler);
    }
    /// Sets what is called when a ping is not answered in time; it may close the connection.
    void on_unanswered(std::function<void(connection&)> handler) {
        state_->settings->handlers.unanswered = std::move(handler);
    }

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const { return state_->executor; }
    /// All open connections.
    std::vector<connection> connections() const;
    /// Connections, bytes that wait, messages dropped; refusals by the reason phrase of the status,
    /// or by what was wrong with a frame.
    std::shared_ptr<server_counters const> counters() const noexcept {
        return state_->settings->counters;
    }

    /// The path, as a mount's prefix.
    std::string_view prefix() const noexcept { return state_->options.path; }
    /// Answers a request below the path: takes the connection over, or refuses. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Closes all connections with going_away, and refuses new ones.
    void drain();

private:
    struct state {
        state(asio::any_io_executor ex, server_options o)
            : executor(std::move(ex)), options(std::move(o)) {
            settings->options = options.connection;
            settings->counters = std::make_shared<server_counters>();
            settings->counts_sessions = true;
        }

        asio::any_io_executor executor;
        server_options options;
        std::shared_ptr<detail::channel_settings> settings =
            std::make_shared<detail::channel_settings>();
        std::mutex mutex{};
        std::vector<std::weak_ptr<detail::loop>> loops{};
        bool draining = false;
    };

    bool note_loop(asio::execution_context& context);
    void refuse(http::connection c, response reply, http::mount_handler done) const;

    std::shared_ptr<state> state_;
};

static_assert(http::mountable<server>);

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::invocable<F&, connection&> || std::invocable<F&, connection&, request const&>
void server::on_open(F handler) {
    if constexpr (std::invocable<F&, connection&, request const&>)
        state_->settings->handlers.open = std::move(handler);
    else
        state_->settings->handlers.open = [h = std::move(handler)](
                                              connection& c, request const&) mutable { h(c); };
}

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/server.ipp>
#endif
