// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <functional>
#include <memory>
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
        @throws std::invalid_argument a path that does not begin with `/`, or ends with it; an
            option that has no effect with the others */
    explicit server(asio::any_io_executor executor, server_options o = {});

    /// Sets what is called when a connection is open: with (connection&) or (connection&, request
    /// const&).
    template <class F>
    requires std::invocable<F&, connection&> || std::invocable<F&, connection&, request const&>
    void on_open(F handler);
    /// Sets what is called with each message.
    void on_message(std::function<void(connection&, message const&)> handler);
    /// Sets what is called when a connection has ended, for the reason given.
    void on_close(std::function<void(connection&, close_reason const&)> handler);
    /// Sets what is called when everything that waited for a client has been written.
    void on_drain(std::function<void(connection&)> handler);
    /// Sets what is called when a message exceeds the output limit; with overflow::tell.
    void on_overflow(std::function<void(connection&)> handler);
    /// Sets what is called when a ping is not answered in time; it may close the connection.
    void on_unanswered(std::function<void(connection&)> handler);

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const;
    /// All open connections.
    std::vector<connection> connections() const;
    /// Connections, bytes that wait, messages dropped; refusals by the reason phrase of the status,
    /// or by what was wrong with a frame.
    std::shared_ptr<server_counters const> counters() const noexcept;

    /// The path, as a mount's prefix.
    std::string_view prefix() const noexcept;
    /// Answers a request below the path: takes the connection over, or refuses. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Closes all connections with going_away, and refuses new ones.
    void drain();

private:
    struct state;

    void set_on_open(std::function<void(connection&, request const&)> handler);
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
        set_on_open(std::move(handler));
    else
        set_on_open([h = std::move(handler)](connection& c, request const&) mutable { h(c); });
}

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/server.ipp>
#endif
