// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A SockJS server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/handshake.hpp>
#include <httphooks/sockjs/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks::sockjs {

namespace detail {
class service;
}

/** Accepts SockJS clients below a prefix, over every transport. Copies are handles of one server.

    A session lives on the executor of the connection that opened it; what comes for it on other
    connections, perhaps of other threads, is passed on to there. Handlers are set before the
    server is mounted.

    @par Thread safety
    Setting handlers: none. Everything else: all threads.
    @par Source
    SockJS 0.3.3; sockjs-node 0.3.24
    @par Example
    examples/sockjs_echo.cpp
*/
class server {
public:
    /** A server; nothing happens until it is mounted.
        @param executor what get_executor() gives; sessions have that of their connection
        @throws std::invalid_argument for options that cannot be meant */
    explicit server(asio::any_io_executor executor, options o = {});

    /// Sets what is called with each connection that is opened, on its executor.
    void on_connection(std::function<void(connection)> f);

    /** Sets who decides which clients may connect, before anything is sent to them.

        `f(handshake const&)` gives status::ok, or the status of the refusal: 401 or 403. Or
        `f(handshake const&, std::function<void(status)> decide)` calls `decide` once, later, from
        any thread. */
    template <class F>
    requires std::is_invocable_r_v<status, F&, handshake const&> ||
        std::invocable<F&, handshake const&, std::function<void(status)>>
    void authorize(F f);

    /// Sets what is told of exceptions that handlers of the application throw.
    void on_error(std::function<void(std::exception_ptr)> f);

    /// Sends a message to all connections.
    void broadcast(std::string_view message);
    /// Sends a message that is framed already to all connections.
    void broadcast(prepared_message const& message);

    /// All open connections.
    std::vector<connection> connections() const;
    /// How many sessions there are, those that are ending too.
    std::size_t size() const;
    /// Sessions, bytes that wait, messages dropped, clients and input refused.
    std::shared_ptr<server_counters const> counters() const noexcept;

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const;
    /// What the server was created with.
    sockjs::options const& options() const noexcept;

    /// Where the server is mounted.
    std::string_view prefix() const noexcept;
    /// Bytes of a request's body. For mounts.
    std::size_t body_limit() const noexcept;
    /// Answers a request below the prefix. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Adds what its replies have to one of the HTTP server's. For mounts.
    void dress_refusal(request const& r, response& reply) const;
    /// Ends all sessions, and opens no more.
    void drain();

private:
    /// Says whether a client may connect: status::ok, or the refusal.
    using verdict = std::function<void(status)>;

    void set_authorize(std::function<void(handshake const&, verdict)> f);

    std::shared_ptr<detail::service> service_;
};

static_assert(http::mountable<server>);

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::is_invocable_r_v<status, F&, handshake const&> ||
    std::invocable<F&, handshake const&, std::function<void(status)>>
void server::authorize(F f) {
    if constexpr (std::is_invocable_r_v<status, F&, handshake const&>)
        set_authorize(
            [g = std::move(f)](handshake const& h, verdict const& then) mutable { then(g(h)); });
    else
        set_authorize(std::move(f));
}

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/server.ipp>
#endif
