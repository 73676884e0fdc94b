// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's connection in the hands of the application, whatever its transport.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/engineio/transport_kind.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <any>
#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks::engineio {

namespace detail {

class live_session;

}  // namespace detail

/** A connection. Copies are handles of the same one, safe after the client has gone.

    Handlers are called one at a time, on get_executor(). A handler that throws closes the
    connection. When the connection ends its handlers and data() are destroyed, so that they may
    hold handles.

    @par Thread safety
    send(), send_binary(), close(), pause(), resume() and what only tells something may be called on
    any thread; the rest on get_executor(), where on_connection's handler and all others are called.
    @par Example
    examples/engineio_echo.cpp
*/
class connection {
public:
    /// For servers.
    explicit connection(std::shared_ptr<detail::live_session> s) noexcept
        : session_(std::move(s)) {}

    /** Sends a text, which has to be UTF-8.
        @return false when the connection is not open, or the message was dropped since too much
            waits; on another thread than the connection's it may be dropped later */
    bool send(std::string_view text);
    /// Sends bytes. @return as above
    bool send_binary(std::string_view bytes);
    /** Sends a text that `write(std::string& out)` appends to the output, without a copy if it can
        leave at once. On get_executor().
        @param expected about how many bytes it will be
        @return as above */
    bool send_with(std::size_t expected, httphooks::detail::function_ref<void(std::string&)> write);
    /// Sends messages that are framed already. @return as above
    bool send(prepared_message const& m);

    /// Closes the connection, behind what was sent.
    void close();

    /** Takes no more messages until resume() was called as often; a post of the client is answered
        then, a WebSocket not read. The client's heartbeat is not missed meanwhile; one that polls
        times out when it does not go on. */
    void pause();
    /// Ends pause().
    void resume();

    /// Sets what is called with each message. A second argument, if it is taken, tells whether the
    /// message is bytes.
    template <class F>
    requires std::invocable<F&, std::string_view> || std::invocable<F&, std::string_view, bool>
    void on_message(F f);

    /// Sets what is called once when the connection has ended, for whatever reason.
    void on_close(std::function<void(close_reason)> f);

    /// Sets what is called when all that had to wait for the client has left; over a WebSocket
    /// after it was 64 KiB or more.
    void on_drain(std::function<void()> f);

    /// Sets what is called once when the client has gone over from polling to a WebSocket.
    void on_upgrade(std::function<void()> f);

    /// Whether messages can be sent.
    bool is_open() const noexcept;
    /// Whether a message would leave at once: nothing waits, and a poll does. On get_executor().
    bool writable() const noexcept;
    /// Bytes that wait for the client. On get_executor().
    std::size_t buffered_amount() const noexcept;

    /// What names the session; a secret between client and server.
    std::string const& id() const noexcept;
    /// What carries the messages now.
    transport_kind transport() const noexcept;
    /// The revision of the protocol that the client speaks.
    revision protocol() const noexcept;
    /// The request that opened the connection.
    engineio::handshake const& handshake() const noexcept;
    /// The client's address, or that of a proxy.
    asio::ip::tcp::endpoint const& peer() const noexcept;
    /// Where handlers are called.
    asio::any_io_executor get_executor() const;
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
    std::shared_ptr<detail::live_session> const& session() const noexcept { return session_; }

private:
    void set_on_message(std::function<void(std::string_view, bool)> f);

    std::shared_ptr<detail::live_session> session_;
};

/// Sends messages to many connections: framed once, posted once for each event loop.
void broadcast(std::span<connection const> to, prepared_message const& message);

/// The same. @param to a range of connection
template <class Range>
requires(!std::is_convertible_v<Range const&, std::span<connection const>>) void broadcast(
    Range const& to, prepared_message const& message);

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
requires(!std::is_convertible_v<Range const&, std::span<connection const>>) void broadcast(
    Range const& to, prepared_message const& message) {
    std::vector<connection> all;
    for (connection const& c : to) all.push_back(c);
    broadcast(std::span<connection const>(all), message);
}

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/connection.ipp>
#endif
