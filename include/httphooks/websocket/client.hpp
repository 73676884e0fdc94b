// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket client.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/message.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::websocket {

/// What a client is created with.
struct client_options {
    /// Offered to the server, the preferred one first.
    std::vector<std::string> subprotocols{};
    /// Further header fields of the handshake, such as Authorization.
    fields headers{};
    /// For name resolution, connecting, TLS and the handshake together.
    std::chrono::milliseconds connect_timeout{5'000};
    /// Bytes of the server's answer to the handshake.
    std::size_t header_limit = 16 * 1024;
    /// Makes the streams for wss, see http::tls_streams(); null: wss is not supported.
    http::client_stream_factory tls{};
    /// Limits and time-outs of the connections.
    connection_options connection{};
};

/** Opens WebSockets to servers. Copies are handles of one client.

    Handlers are set before the first connection is opened; they are called for all of them, on the
    client's executor, which must not run two handlers at once.

    @par Thread safety
    None, but for the connections, which see.
*/
class client {
public:
    /// A client without connections; the executor is where its handlers are called.
    explicit client(asio::any_io_executor executor, client_options o = {});

    /// Sets what is called with each message.
    void on_message(std::function<void(connection&, message const&)> handler);
    /// Sets what is called when a connection has ended, for the reason given.
    void on_close(std::function<void(connection&, close_reason const&)> handler);
    /// Sets what is called when everything that waited for the server has been written.
    void on_drain(std::function<void(connection&)> handler);

    /// The executor that the client was created with.
    asio::any_io_executor get_executor() const;

    /** Opens a connection.

        @param url `ws://host:port/path` or `wss://...`; http and https mean the same
        @param token for `void(error_code, connection)`; it completes before the first message
        @par Completes with
        error::invalid_url; operation_not_supported for wss without client_options::tls; an error of
        resolving, connecting or TLS; timed_out; error::refused, bad_handshake, bad_accept,
        not_offered for the server's answer; operation_aborted when cancelled
        @par Cancellation
        All types; the attempt is given up.
        @par Source
        RFC 6455 4.1 */
    template <asio::completion_token_for<void(error_code, connection)> Token>
    auto async_connect(std::string_view url, Token&& token) {
        return asio::async_initiate<Token, void(error_code, connection)>(
            [](auto handler, client const& self, std::string text) {
                self.connect(std::move(text), std::move(handler));
            },
            token, *this, std::string(url));
    }

private:
    struct state;

    void connect(std::string url,
                 asio::any_completion_handler<void(error_code, connection)> done) const;

    std::shared_ptr<state> state_;
};

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/client.ipp>
#endif
