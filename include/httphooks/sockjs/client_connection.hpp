// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's connection to a SockJS server, whatever its transport.
*/

#include <httphooks/config.hpp>
#include <httphooks/sockjs/error.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <compare>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

namespace detail {
class client_session;
}

/** A handle of a connection; copies are handles of the same one.

    It is safe to use after the connection has ended: then nothing is sent. Dropping the last one
    does not close the connection.

    @par Thread safety
    All members but pause() may be called from any thread.
*/
class client_connection {
public:
    /// No connection.
    client_connection() = default;

    /// Whether it is a handle of a connection.
    explicit operator bool() const noexcept { return session_ != nullptr; }

    /** Sends a message. What is sent before the event loop goes on travels together.
        @param message UTF-8; bytes that are no character become U+FFFD
        @return false when the connection is not open, or too much waits for the server */
    bool send(std::string_view message) const;

    /** Closes the connection, behind what was sent; on_close follows.
        @param code 1000 or 3000 to 4999
        @param reason UTF-8, at most 123 bytes
        @return false when it is closed, or code or reason are not as they must be */
    bool close(close_code code = close_code::normal,
               std::string_view reason = "Normal closure") const;

    /// Whether messages can be sent.
    bool is_open() const noexcept;
    /// Bytes that wait for the server.
    std::size_t buffered_amount() const noexcept;
    /// The transport: "websocket", "xhr-streaming" or "xhr-polling".
    std::string_view transport() const noexcept;

    /// Takes no more messages until resume(), but for those that came together with the last one;
    /// the server is held up before long. On get_executor().
    void pause() const;
    /// Ends pause().
    void resume() const;

    /// Where the handlers are called.
    asio::any_io_executor get_executor() const;

    /// Whether two handles are of the same connection, and an order for sets.
    bool operator==(client_connection const&) const noexcept = default;
    auto operator<=>(client_connection const&) const noexcept = default;

    /// A handle of what is behind it; for clients.
    explicit client_connection(std::shared_ptr<detail::client_session> s) noexcept
        : session_(std::move(s)) {}

private:
    std::shared_ptr<detail::client_session> session_;
};

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/client_connection.ipp>
#endif
