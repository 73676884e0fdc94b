// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An Engine.IO server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/middleware.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/server_counters.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks::engineio {

namespace detail {

class service;

}  // namespace detail

/** Accepts Engine.IO clients below a path, over polling and WebSocket. Copies are handles of one
    server.

    A session lives on the executor of the connection that opened it; what comes for it on other
    connections, perhaps of other threads, is passed on to there. Handlers are set before the server
    is mounted.

    @par Thread safety
    Setting handlers: none. Everything else: all threads.
    @par Source
    Engine.IO protocol 4 (and 3, if the options say so); engine.io 6.6
    @par Example
    examples/engineio_echo.cpp
*/
class server {
public:
    /** A server; nothing happens until it is mounted.
        @param executor what get_executor() gives; sessions have that of their connection
        @throws std::invalid_argument for options that cannot be meant */
    explicit server(asio::any_io_executor executor, options o = {});

    /// Sets what is called with each connection that is opened, on its executor.
    void on_connection(std::function<void(connection)> f);

    /** Sets who decides which clients may connect.

        `f(handshake const&)` gives a verdict, or whether the client may. Or `f(handshake const&,
        std::function<void(verdict)> decide)` calls `decide` once, later, from any thread. What it
        throws refuses the client. */
    template <class F>
    requires std::is_invocable_r_v<verdict, F&, handshake const&> ||
        std::is_invocable_r_v<bool, F&, handshake const&> ||
        std::invocable<F&, handshake const&, std::function<void(verdict)>>
    void allow_request(F f);

    /** Has something done with each request below the path, with those for WebSockets too, before
        the server looks at it; in the order in which they are given. Answers to preflights of
        browsers come before.

        `f(request const&, fields& reply)` may add fields to the reply, whatever that becomes, and
        gives nothing, or `std::optional<response>`: the response that ends the request. Or
        `f(request const&, fields& reply, next)` calls `next` once, then or later, from any thread.
        What it throws, or `next::fail()`, refuses the request: 400, code 3. May be called on
        several threads at once.
        @par Source
        engine.io 6.6, Server.use */
    template <class F>
    requires std::invocable<F&, request const&, fields&, next> ||
        std::invocable<F&, request const&, fields&>
    void use(F f);

    /// Sets what is told of requests that are refused; on any thread, on several at once.
    void on_connection_error(std::function<void(connection_error const&)> f);

    /** Sets who adds fields to replies: of polls, of posts, and the 101 of a WebSocket. Called with
        whether it is the reply to the handshake; on any thread, on several at once. */
    void on_headers(std::function<void(fields& reply, request const&, bool initial)> f);

    /// Sets what is told of exceptions that handlers of the application throw.
    void on_error(std::function<void(std::exception_ptr)> f);

    /// Sends a message to all connections.
    void broadcast(prepared_message const& message);

    /// All connections.
    std::vector<connection> connections() const;
    /// How many sessions there are, those that are ending too.
    std::size_t size() const;
    /// Sessions, bytes that wait, messages dropped; refusals by the text of their code.
    std::shared_ptr<server_counters const> counters() const noexcept;
    /// The same, for a server above this one.
    std::shared_ptr<server_counters> shared_counters() const noexcept;

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const;
    /// What the server was created with.
    engineio::options const& options() const noexcept;

    /// Where the server is mounted.
    std::string_view prefix() const noexcept;
    /// Bytes of a request's body. For mounts.
    std::size_t body_limit() const noexcept;
    /// Answers a request below the path. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Adds what all replies have to one of the HTTP server's. For mounts.
    void dress_refusal(request const& r, response& reply) const;
    /// Notices a POST whose client goes before it is whole, or sends another one. For mounts.
    http::body_end body_begins(request const& r) const;
    /// Closes all sessions, and opens no more. See also options::drain_timeout.
    void drain();

private:
    void set_allow_request(std::function<void(handshake const&, std::function<void(verdict)>)> f);
    void add_middleware(middleware f);

    std::shared_ptr<detail::service> service_;
};

static_assert(http::mountable<server>);

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::is_invocable_r_v<verdict, F&, handshake const&> ||
    std::is_invocable_r_v<bool, F&, handshake const&> ||
    std::invocable<F&, handshake const&, std::function<void(verdict)>>
void server::allow_request(F f) {
    if constexpr (std::is_invocable_r_v<verdict, F&, handshake const&>)
        set_allow_request(
            [g = std::move(f)](handshake const& h,
                               std::function<void(verdict)> const& then) mutable { then(g(h)); });
    else if constexpr (std::is_invocable_r_v<bool, F&, handshake const&>)
        set_allow_request([g = std::move(f)](handshake const& h,
                                             std::function<void(verdict)> const& then) mutable {
            then({static_cast<bool>(g(h)), {}});
        });
    else
        set_allow_request(std::move(f));
}

template <class F>
requires std::invocable<F&, request const&, fields&, next> ||
    std::invocable<F&, request const&, fields&>
void server::use(F f) {
    if constexpr (std::invocable<F&, request const&, fields&, next>)
        add_middleware(std::move(f));
    else if constexpr (std::is_void_v<std::invoke_result_t<F&, request const&, fields&>>)
        add_middleware(
            [g = std::move(f)](request const& r, fields& reply, next const& then) mutable {
                g(r, reply);
                then();
            });
    else
        add_middleware(
            [g = std::move(f)](request const& r, fields& reply, next const& then) mutable {
                std::optional<response> end = g(r, reply);
                end ? then(std::move(*end)) : then();
            });
}

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/server.ipp>
#endif
