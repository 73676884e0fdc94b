// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's connection to an Engine.IO server, whatever its transport.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/transport_kind.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

namespace detail {
class client_session;
}

/** A handle of a connection; copies are handles of the same one.

    It is safe to use after the connection has ended: then nothing is sent. Dropping the last one
    does not close the connection.

    @par Thread safety
    All members may be called from any thread.
*/
class client_connection {
public:
    /// No connection.
    client_connection() = default;

    /// Whether it is a handle of a connection.
    explicit operator bool() const noexcept { return session_ != nullptr; }

    /** Sends a text, which has to be UTF-8. What is sent before the event loop goes on travels
        together.
        @return false when the connection is not open, or too much waits for the server */
    bool send(std::string_view text) const;
    /// Sends bytes. @return as above
    bool send_binary(std::string_view bytes) const;
    /// Sends several messages; nothing comes between them. @return as above, for all of them
    bool send(std::vector<packet> messages) const;

    /// Closes the connection, behind what was sent; on_close follows.
    void close() const;
    /// The same, behind these messages, too, which are taken however much waits.
    void close(std::vector<packet> last) const;

    /// Whether messages can be sent.
    bool is_open() const noexcept;
    /// Bytes that wait for the server.
    std::size_t buffered_amount() const noexcept;
    /// What carries the messages now.
    transport_kind transport() const noexcept;
    /// What names the session; a secret between client and server.
    std::string const& id() const noexcept;

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

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/client_connection.ipp>
#endif
