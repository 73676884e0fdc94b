// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An Engine.IO client: over WebSocket, over polling, or from the one to the other.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/client_connection.hpp>
#include <httphooks/engineio/client_options.hpp>
#include <httphooks/engineio/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio {

namespace detail {
struct client_settings;
}

/** Opens connections to Engine.IO servers of revision 4. Copies are handles of one client.

    Handlers are set before the first connection is opened; they are called for all of them, on the
    client's executor, which must not run two handlers at once: that of a context with one thread,
    or a strand. A handler that throws ends its connection with close_reason::forced_close. Handles
    of connections go before the context does; debug builds assert it.

    The context of the executor has work as long as a connection is open, or being opened:
    client_connection::close() ends the one, cancellation the other; closing and opening have time
    limits. None is opened again by itself.

    @par Thread safety
    None, but for the connections, which see.
    @par Source
    Engine.IO protocol 4; engine.io-client 6.6, Socket
*/
class client {
public:
    /// A client without connections; the executor is where its handlers are called.
    explicit client(asio::any_io_executor executor, client_options o = {});

    /// Sets what is called with each message. A third argument, if it is taken, tells whether the
    /// message is bytes.
    template <class F>
    requires std::invocable<F&, client_connection&, std::string_view> ||
        std::invocable<F&, client_connection&, std::string_view, bool>
    void on_message(F f);
    /// Sets what is called once when a connection that was open has ended, for whatever reason.
    void on_close(std::function<void(client_connection&, close_reason)> f);
    /// Sets what is called when a connection has gone over from polling to a WebSocket.
    void on_upgrade(std::function<void(client_connection&)> f);
    /// Sets what is called when all that was sent is on its way.
    void on_drain(std::function<void(client_connection&)> f);

    /// The executor that the client was created with.
    asio::any_io_executor get_executor() const { return executor_; }

    /** Opens a connection.

        @param url that of the service, `http://host:port/path?query` or `https://...`; ws and wss
            mean the same. Without a path it is /engine.io/. What the query has is sent with each
            request; EIO, transport and sid are added.
        @param token for `void(error_code, client_connection)`; it completes before the first
            message
        @par Completes with
        httphooks::error::invalid_target: the text is no such URL. operation_not_supported: https
        without client_options::tls. error::no_transport: client_options::transports is empty. Else
        what is wrong with the last transport: error::refused: the server refused the client.
        error::bad_handshake: what answers is no Engine.IO server; errors of websocket say the same.
        error::closed: the server ended the session before it was open. timed_out: it did not open
        in time. What resolving, connecting or TLS report. operation_aborted when cancelled.
        @par Cancellation
        All types; the attempt is given up. */
    template <asio::completion_token_for<void(error_code, client_connection)> Token>
    auto async_connect(std::string_view url, Token&& token) {
        return asio::async_initiate<Token, void(error_code, client_connection)>(
            [](auto handler, client const& self, std::string text) {
                self.connect(std::move(text), std::move(handler));
            },
            token, *this, std::string(url));
    }

private:
    void set_on_message(std::function<void(client_connection&, std::string_view, bool)> f);
    void connect(std::string url,
                 asio::any_completion_handler<void(error_code, client_connection)> done) const;

    asio::any_io_executor executor_;
    std::shared_ptr<detail::client_settings> settings_;
};

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::invocable<F&, client_connection&, std::string_view> ||
    std::invocable<F&, client_connection&, std::string_view, bool>
void client::on_message(F f) {
    if constexpr (std::invocable<F&, client_connection&, std::string_view, bool>)
        set_on_message(std::move(f));
    else
        set_on_message([g = std::move(f)](client_connection& c, std::string_view m, bool) mutable {
            g(c, m);
        });
}

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/client.ipp>
#endif
