// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A Socket.IO client: namespaces over one connection, which is opened again when it is lost.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/client_connection.hpp>
#include <httphooks/http/detail/begin_connect.hpp>
#include <httphooks/socketio/client_options.hpp>
#include <httphooks/socketio/client_socket.hpp>
#include <httphooks/socketio/detail/client_manager.hpp>
#include <httphooks/socketio/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

/** Connects to a Socket.IO server. Copies are handles of one client, which has one connection. It
    lives as long as one of them, and as long as it is connected or tries to be: close() ends that,
    from any thread and in any state; so that `context.run()` returns, see also
    client_options::reconnection_attempts and client_options::reconnection_timeout. A handler that
    holds a client keeps it for ever, handlers should hold client_socket.

    Handlers are called on the client's executor, which must not run two handlers at once: that of a
    context with one thread, or a strand. The handles go before the context does; debug builds
    assert it.

    @par Thread safety
    async_connect(), close(): all threads. The others: on the executor, or while nothing runs there.
    @par Source
    socket.io-client 4.8, Manager
    @par Example
    examples/socketio_client.cpp */
class client {
public:
    /// A client without a connection; the executor is where its handlers are called.
    explicit client(asio::any_io_executor executor, client_options o = {})
        : manager_(std::make_shared<detail::client_manager>(executor, std::move(o))) {}

    /** The socket of a namespace, the same one each time. It is connected as soon as there is a
        connection, but not before the handler that runs returns.
        @param nsp with or without the slash that it begins with
        @throws boost::system::system_error error::bad_namespace: there is a comma in it */
    client_socket of(std::string_view nsp);

    /** Opens the connection, and joins a namespace.

        An attempt that fails is not repeated, whatever client_options::reconnection says, and the
        namespace is not joined later; client_socket::connect() goes on trying.

        @param url `http://host:port/namespace?query` or `https://...`; ws and wss mean the same.
            The query is sent with the requests
        @param token for `void(error_code, client_socket)`; it completes before the first event of
            the namespace
        @par Completes with
        error::refused, error::invalid_namespace: the server refused, and
        client_socket::on_connect_error() is told why. error::bad_payload: it speaks an older
        revision. error::disconnected: the connection ended too early. error::bad_namespace: there
        is a comma in the namespace. already_started: the client is connected, or tries to be; see
        of(). timed_out: the server did not answer in time. Else as
        engineio::client::async_connect()
        @par Cancellation
        All types; the client is closed. */
    template <asio::completion_token_for<void(error_code, client_socket)> Token>
    auto async_connect(std::string_view url, Token&& token) {
        return asio::async_initiate<Token, void(error_code, client_socket)>(
            [](auto handler, client self, std::string text) {
                self.connect(std::move(text), std::move(handler));
            },
            token, *this, std::string(url));
    }

    /** Disconnects all sockets, and closes the connection, behind what was sent. Whatever the
       client does, it ends: an attempt to connect is given up (client::async_connect() completes
       with error::disconnected), no other one is made, events that wait for a connection are
       dropped, and acknowledgements that are waited for end with error::disconnected. The context
       of the executor has no more work of the client's when the server has taken what was sent, or
       has not done so within engineio::client_options::close_timeout and send_timeout.
        client_socket::connect() begins anew. */
    void close() const { manager_->close(); }

    /// Sets what is called before each attempt to connect again, with its number from 1 on. What is
    /// wrong with an attempt is told to client_socket::on_connect_error().
    void on_reconnect_attempt(std::function<void(std::size_t)> f) const {
        manager_->on_reconnect_attempt = std::move(f);
    }
    /// Sets what is called when one of them succeeded, with its number.
    void on_reconnect(std::function<void(std::size_t)> f) const {
        manager_->on_reconnect = std::move(f);
    }
    /// Sets what is called when no other attempt is made, because all that the options allow have
    /// failed.
    void on_reconnect_failed(std::function<void()> f) const {
        manager_->on_reconnect_failed = std::move(f);
    }

    /// The connection below; there may be none.
    engineio::client_connection connection() const { return manager_->connection(); }
    /// The executor that the client was created with.
    asio::any_io_executor get_executor() const { return manager_->executor(); }

private:
    template <class Handler>
    void connect(std::string url, Handler handler);

    std::shared_ptr<detail::client_manager> manager_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Where a client connects to.
struct client_target {
    /// Of the Engine.IO server.
    std::string url{};
    /// Begins with a slash.
    std::string nsp{};
};

/// @return httphooks::error::invalid_target, error::bad_namespace, operation_not_supported
result<client_target> read_client_target(std::string text, client_options const& o);

}  // namespace detail

template <class Handler>
void client::connect(std::string url, Handler handler) {
    auto to = detail::read_client_target(std::move(url), manager_->options());
    if (!to)
        return http::detail::refuse_to_connect<client_socket>(get_executor(), to.error(),
                                                              std::move(handler));
    auto slot = asio::get_associated_cancellation_slot(handler);
    // which takes the slot for itself
    detail::client_manager::handler done(std::move(handler));
    auto const attempt = manager_->next_attempt();
    if (slot.is_connected())
        slot.assign([weak = std::weak_ptr(manager_), attempt](asio::cancellation_type) {
            if (auto const m = weak.lock()) m->cancel(attempt);
        });
    manager_->connect(attempt, std::move(to->url), to->nsp, std::move(done));
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/client.ipp>
#endif
