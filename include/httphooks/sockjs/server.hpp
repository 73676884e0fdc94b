// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A SockJS server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::sockjs {

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
    void on_connection(std::function<void(connection)> f) {
        service_->on_connection = std::move(f);
    }

    /** Sets who decides which clients may connect, before anything is sent to them.

        `f(handshake const&)` gives status::ok, or the status of the refusal: 401 or 403. Or
        `f(handshake const&, std::function<void(status)> decide)` calls `decide` once, later, from
        any thread. */
    template <class F>
    requires std::is_invocable_r_v<status, F&, handshake const&> ||
        std::invocable<F&, handshake const&, std::function<void(status)>>
    void authorize(F f);

    /// Sets what is told of exceptions that handlers of the application throw.
    void on_error(std::function<void(std::exception_ptr)> f) { service_->on_error = std::move(f); }

    /// Sends a message to all connections.
    void broadcast(std::string_view message) { broadcast(prepared_message(message)); }
    /// Sends a message that is framed already to all connections.
    void broadcast(prepared_message const& message) {
        http::detail::for_each_at_home<detail::session_base>(
            service_->all(), std::identity(),
            [message](detail::session_base& s) { s.send(message); });
    }

    /// All open connections.
    std::vector<connection> connections() const;
    /// How many sessions there are, those that are ending too.
    std::size_t size() const { return service_->size(); }
    /// Sessions, bytes that wait, messages dropped, clients and input refused.
    std::shared_ptr<server_counters const> counters() const noexcept {
        return service_->shared_counters();
    }

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const { return service_->executor(); }
    /// What the server was created with.
    sockjs::options const& options() const noexcept { return service_->options(); }

    /// Where the server is mounted.
    std::string_view prefix() const noexcept { return service_->options().prefix; }
    /// Bytes of a request's body. For mounts.
    std::size_t body_limit() const noexcept { return service_->options().message_limit; }
    /// Answers a request below the prefix. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Adds what its replies have to one of the HTTP server's. For mounts.
    void dress_refusal(request const& r, response& reply) const;
    /// Ends all sessions, and opens no more.
    void drain() { service_->drain(); }

private:
    std::shared_ptr<detail::service> service_;
};

static_assert(http::mountable<server>);

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::is_invocable_r_v<status, F&, handshake const&> ||
    std::invocable<F&, handshake const&, std::function<void(status)>>
void server::authorize(F f) {
    if constexpr (std::is_invocable_r_v<status, F&, handshake const&>)
        service_->authorise = [g = std::move(f)](handshake const& h,
                                                 detail::service::verdict const& then) mutable {
            then(g(h));
        };
    else
        service_->authorise = std::move(f);
}

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/server.ipp>
#endif
