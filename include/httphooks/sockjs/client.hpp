// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A SockJS client: WebSocket where it works, else streaming, else polling.
*/

#include <httphooks/config.hpp>
#include <httphooks/sockjs/client_connection.hpp>
#include <httphooks/sockjs/client_options.hpp>
#include <httphooks/sockjs/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

namespace detail {
struct client_settings;
}

/** Opens connections to SockJS servers. Copies are handles of one client.

    Handlers are set before the first connection is opened; they are called for all of them, on the
    client's executor, which must not run two handlers at once: that of a context with one thread,
    or a strand. A handler that throws ends its connection with close_code::internal_error. Handles
    of connections go before the context does; debug builds assert it.

    The context of the executor has work as long as a connection is open, or being opened:
    client_connection::close() ends the one, cancellation the other; closing and opening have time
    limits. None is opened again by itself.

    @par Thread safety
    None, but for the connections, which see.
*/
class client {
public:
    /// A client without connections; the executor is where its handlers are called.
    explicit client(asio::any_io_executor executor, client_options o = {});

    /// Sets what is called with each message.
    void on_message(std::function<void(client_connection&, std::string_view)> handler);
    /// Sets what is called once when a connection that was open has ended, with the code and reason
    /// of whoever closed it; close_code::abnormal when it was lost.
    void on_close(
        std::function<void(client_connection&, close_code, std::string_view reason)> handler);

    /// The executor that the client was created with.
    asio::any_io_executor get_executor() const { return executor_; }

    /** Opens a connection: asks the server what it has, then tries one transport after the other.

        @param url that of the service, `http://host:port/prefix` or `https://...`; ws and wss mean
            the same
        @param token for `void(error_code, client_connection)`; it completes before the first
            message
        @par Completes with
        httphooks::error::invalid_target: the text is no such URL. operation_not_supported: https
        without client_options::tls. error::cannot_connect: what answers is no SockJS server; when
        nothing answers, what resolving, connecting or TLS report, or timed_out.
        error::no_transport: none of the transports opened; error::transport_timeout when the last
        one did not do so in time. error::closed: the server closed the connection before it was
        open. operation_aborted when cancelled.
        @par Cancellation
        All types; the attempt is given up.
        @par Source
        sockjs-client, main.js */
    template <asio::completion_token_for<void(error_code, client_connection)> Token>
    auto async_connect(std::string_view url, Token&& token) {
        return asio::async_initiate<Token, void(error_code, client_connection)>(
            [](auto handler, client const& self, std::string text) {
                self.connect(std::move(text), std::move(handler));
            },
            token, *this, std::string(url));
    }

private:
    void connect(std::string url,
                 asio::any_completion_handler<void(error_code, client_connection)> done) const;

    asio::any_io_executor executor_;
    std::shared_ptr<detail::client_settings> settings_;
};

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/client.ipp>
#endif
