// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket connection as the application sees it: send, close, and what is told of it.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/connection_options.hpp>
#include <httphooks/websocket/events.hpp>
#include <httphooks/websocket/prepared_message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <any>
#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

namespace detail {
class channel;
struct channel_settings;
}  // namespace detail

/** A handle of a connection; copies are handles of the same one.

    It is safe to use after the connection has ended: then nothing is sent. What is sent while
    handlers run goes out in one write when they are done.

    @par Thread safety
    send(), close(), close_behind() and terminate() may be called from any thread; from another than
    the connection's the data is copied, and they say what becomes of it as far as that is known.
    Everything else on get_executor(), where the handlers are called too.
*/
class connection {
public:
    /// No connection.
    connection() = default;

    /// Whether it is a handle of a connection.
    explicit operator bool() const noexcept { return channel_ != nullptr; }

    /** Sends a text, which has to be UTF-8.
        @return whether it is sent: the connection is open and the output has room */
    bool send(std::string_view text) const;
    /// Sends bytes. @return as above
    bool send_binary(std::string_view bytes) const;
    /// Sends a message as it came, or as it says. @return as above
    bool send(message const& m) const;
    /// Sends messages that were framed before; for servers. @return as above
    bool send(prepared_message const& m) const;
    /** Sends a message that `write(std::string& out)` appends to the output, without a copy.
        On the connection's executor.
        @param expected about how many bytes it will be
        @param compress whether it may be compressed
        @return as above */
    bool send_with(bool binary, std::size_t expected,
                   httphooks::detail::function_ref<void(std::string&)> write,
                   bool compress = true) const;

    /** Begins to close: sends a close frame, and waits for the other side's. events::close follows.
        @param code what the frame says; none: nothing
        @param reason UTF-8, up to 123 bytes */
    void close(close_code code = close_code::normal, std::string_view reason = {}) const;
    /// As close(), behind a last text, which is sent whatever waits.
    void close_behind(std::string_view text, close_code code = close_code::normal,
                      std::string_view reason = {}) const;
    /// Cuts the connection. events::close follows.
    void terminate() const;

    /// Whether messages can be sent.
    bool is_open() const noexcept;
    /// How many bytes may wait for the other side: connection_options::output_limit.
    std::size_t output_limit() const noexcept;
    /// How many bytes wait for the other side.
    std::size_t buffered_amount() const noexcept;
    /// How many of them the system was given and does not take now; the others wait behind these.
    /// With none of these all that waits is given to it when what runs now has come to its end.
    std::size_t unsent() const noexcept;
    /// Has events::drain called when all that waits now has been written, however little it is; not
    /// within this call.
    void expect_drain() const;

    /// No message is handed on until resume(); the other side is held up before long. When messages
    /// wait, the end of the connection is told of behind them, unless this side closes or cuts it.
    void pause() const noexcept;
    /// As pause(), for who has no use for messages of another side that has gone: those that wait
    /// are dropped then, and the end is told of at once.
    void pause_until_gone() const;
    /// Ends both.
    void resume() const;
    /// For protocols above: so many bytes are kept of messages that are no use without the next;
    /// they count as a message that is not whole, see http::options::bodies_in_memory.
    void retain(std::size_t bytes) const;

    /// The subprotocol; empty for none.
    std::string const& subprotocol() const noexcept;
    /// The address of the other side, or that of its proxy.
    asio::ip::tcp::endpoint const& peer() const noexcept;
    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool tls() const noexcept;
    /// Where the handlers are called.
    asio::any_io_executor get_executor() const;
    /// Whether all connections of the executor's context are called one after another.
    bool owns_context() const noexcept;
    /// What the application keeps with the connection; emptied after events::close.
    std::any& data() const noexcept;

    /// Whether two handles are of the same connection, and an order for sets.
    bool operator==(connection const&) const noexcept = default;
    auto operator<=>(connection const&) const noexcept = default;

    /// A handle of what is behind it; for servers and clients.
    explicit connection(std::shared_ptr<detail::channel> c) noexcept : channel_(std::move(c)) {}

private:
    std::shared_ptr<detail::channel> channel_;
};

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/connection.ipp>
#endif
