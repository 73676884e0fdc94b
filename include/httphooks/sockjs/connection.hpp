// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's connection in the hands of the application, whatever its transport.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/handshake.hpp>
#include <httphooks/sockjs/prepared_message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <any>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

namespace detail {
class session_base;
}

/** A connection. Copies are handles of the same one, safe after the client has gone.

    Handlers are called one at a time, on get_executor(). A handler that throws closes the
    connection with close_code::internal_error. When the connection ends its handlers and data() are
    destroyed, so that they may hold handles.

    @par Thread safety
    send(), close(), pause(), resume() and what only tells something may be called on any thread;
    the rest on get_executor(), where on_connection's handler and all others are called.
    @par Example
    examples/sockjs_echo.cpp
*/
class connection {
public:
    /// For servers.
    explicit connection(std::shared_ptr<detail::session_base> s) noexcept
        : session_(std::move(s)) {}

    /** Sends a message.
        @param message UTF-8; bytes that are no character become U+FFFD
        @return false when the connection is not open, or the message was dropped since too much
            waits; on another thread than the connection's it may be dropped later */
    bool send(std::string_view message);
    /// Sends bytes: a raw WebSocket gets a binary message, any other client a text. @return as
    /// above
    bool send_binary(std::string_view bytes);
    /// Sends a message that is framed already.
    bool send(prepared_message const& message);

    /** Closes the connection, behind what was sent.
        @param code 1000 or 3000 to 4999
        @param reason UTF-8, at most 123 bytes
        @return false when it is closed, or code or reason are not as they must be */
    bool close(close_code code = close_code::go_away, std::string_view reason = "Go away!");

    /// Sets what is called with each message. A second argument, if it is taken, tells whether
    /// the message was a binary one of a raw WebSocket.
    template <class F>
    requires std::invocable<F&, std::string_view> || std::invocable<F&, std::string_view, bool>
    void on_message(F f);

    /// Sets what is called once when the connection has ended, for whatever reason.
    void on_close(std::function<void(close_code, std::string_view reason)> f);

    /// Sets what is called when all that waited for the client has been written.
    void on_drain(std::function<void()> f);

    /// Takes no more messages until resume(); what the client sends meanwhile waits, up to
    /// options::inbound_bytes. When the client goes, that is told of behind what it sent, or when
    /// the connection is closed here.
    void pause();
    /// Takes messages again.
    void resume();

    /// Whether messages can be sent.
    bool is_open() const noexcept;
    /// Bytes of messages that wait for the client. On get_executor().
    std::size_t buffered_amount() const noexcept;

    /// The request that opened the connection.
    sockjs::handshake const& handshake() const noexcept;
    /// The client's address, or that of a proxy.
    asio::ip::tcp::endpoint const& peer() const noexcept;
    /// The transport that opened it: "websocket", "websocket-raw", "xhr-streaming", "eventsource",
    /// "htmlfile", "xhr-polling" or "jsonp-polling".
    std::string_view transport() const noexcept;
    /// Where handlers are called.
    asio::any_io_executor get_executor() const;
    /// Whether all connections of the executor's context are called one after another.
    bool owns_context() const noexcept;
    /// Something of the application's that belongs to the connection.
    std::any& data() noexcept;

    /// Whether two handles are of the same connection.
    friend bool operator==(connection const& a, connection const& b) noexcept {
        return a.session_ == b.session_;
    }
    /// An order in which handles can be kept in sets.
    friend bool operator<(connection const& a, connection const& b) noexcept {
        return a.session_ < b.session_;
    }

    /// The session behind the handle; for servers.
    std::shared_ptr<detail::session_base> const& session() const noexcept { return session_; }

private:
    void set_on_message(std::function<void(std::string_view, bool)> f);

    std::shared_ptr<detail::session_base> session_;
};

/** Whether an application may close a connection with this code and reason.
    @par Source
    RFC 6455 7.4.2, 5.5.1 */
bool may_close_with(close_code code, std::string_view reason) noexcept;

namespace detail {

using visit_connection = httphooks::detail::function_ref<void(connection const&)>;

/// Sends a message to all connections that `each` calls its argument with.
void broadcast(httphooks::detail::function_ref<void(visit_connection)> each,
               prepared_message const& message);

}  // namespace detail

/** Sends a message to many connections: framed once, posted once for each event loop.
    @param to a range of connection */
template <class Range>
void broadcast(Range const& to, prepared_message const& message);

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::invocable<F&, std::string_view> || std::invocable<F&, std::string_view, bool>
void connection::on_message(F f) {
    if constexpr (std::invocable<F&, std::string_view, bool>)
        set_on_message(std::move(f));
    else
        set_on_message([g = std::move(f)](std::string_view message, bool) mutable { g(message); });
}

template <class Range>
void broadcast(Range const& to, prepared_message const& message) {
    detail::broadcast(
        [&to](detail::visit_connection visit) {
            for (connection const& c : to) visit(c);
        },
        message);
}

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/connection.ipp>
#endif
