// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An Engine.IO server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/middleware.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/http/mount.hpp>

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
    void on_connection(std::function<void(connection)> f) {
        service_->on_connection = std::move(f);
    }

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
    void on_connection_error(std::function<void(connection_error const&)> f) {
        service_->on_connection_error = std::move(f);
    }

    /** Sets who adds fields to replies: of polls, of posts, and the 101 of a WebSocket. Called with
        whether it is the reply to the handshake; on any thread, on several at once. */
    void on_headers(std::function<void(fields& reply, request const&, bool initial)> f) {
        service_->on_headers = std::move(f);
    }

    /// Sets what is told of exceptions that handlers of the application throw.
    void on_error(std::function<void(std::exception_ptr)> f) { service_->on_error = std::move(f); }

    /// Sends a message to all connections.
    void broadcast(prepared_message const& message) {
        engineio::broadcast(service_->all(), message);
    }

    /// All connections.
    std::vector<connection> connections() const { return service_->all(); }
    /// How many sessions there are, those that are ending too.
    std::size_t size() const { return service_->size(); }
    /// Sessions, bytes that wait, messages dropped; refusals by the text of their code.
    std::shared_ptr<server_counters const> counters() const noexcept {
        return service_->shared_counters();
    }

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const { return service_->executor(); }
    /// What the server was created with.
    engineio::options const& options() const noexcept { return service_->options(); }

    /// Where the server is mounted.
    std::string_view prefix() const noexcept { return service_->options().path; }
    /// Bytes of a request's body. For mounts.
    std::size_t body_limit() const noexcept { return service_->options().max_payload; }
    /// Answers a request below the path. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Adds what all replies have to one of the HTTP server's. For mounts.
    void dress_refusal(request const& r, response& reply) const;
    /// Notices a POST whose client goes before it is whole, or sends another one. For mounts.
    http::body_end body_begins(request const& r) const;
    /// Closes all sessions, and opens no more. See also options::drain_timeout.
    void drain() { service_->drain(); }

private:
    void serve(detail::visit v, bool upgrade);
    std::optional<detail::refused> judge(request const& r, detail::query const& q, bool upgrade,
                                         std::shared_ptr<detail::live_session>& session) const;

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
        service_->allow_request = [g = std::move(f)](handshake const& h,
                                                     detail::service::decide const& then) mutable {
            then(g(h));
        };
    else if constexpr (std::is_invocable_r_v<bool, F&, handshake const&>)
        service_->allow_request = [g = std::move(f)](handshake const& h,
                                                     detail::service::decide const& then) mutable {
            then({static_cast<bool>(g(h)), {}});
        };
    else
        service_->allow_request = std::move(f);
}

template <class F>
requires std::invocable<F&, request const&, fields&, next> ||
    std::invocable<F&, request const&, fields&>
void server::use(F f) {
    if constexpr (std::invocable<F&, request const&, fields&, next>)
        service_->middlewares.emplace_back(std::move(f));
    else if constexpr (std::is_void_v<std::invoke_result_t<F&, request const&, fields&>>)
        service_->middlewares.emplace_back(
            [g = std::move(f)](request const& r, fields& reply, next const& then) mutable {
                g(r, reply);
                then();
            });
    else
        service_->middlewares.emplace_back(
            [g = std::move(f)](request const& r, fields& reply, next const& then) mutable {
                std::optional<response> end = g(r, reply);
                end ? then(std::move(*end)) : then();
            });
}

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/server.ipp>
#endif
