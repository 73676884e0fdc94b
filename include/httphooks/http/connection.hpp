// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A live connection in the hands of a mount: reply whole or in pieces, or take it over.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/connection_core.hpp>
#include <httphooks/http/detail/connection_ticket.hpp>
#include <httphooks/http/detail/stream_connection.hpp>
#include <httphooks/http/detail/tcp_endpoint.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
namespace boost::asio {

template <class Protocol, class Executor>
class basic_stream_socket;

}  // namespace boost::asio

namespace httphooks::http::detail {

// of asio::ip::tcp::socket
extern template std::shared_ptr<connection_core> make_connection_core(
    asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>);

}  // namespace httphooks::http::detail
#endif

namespace httphooks::http {

namespace detail {

/// Adds what a connection has for each reply, where the reply has no such field of its own; of
/// which each counts, as cookies, those are added.
void add_reply_fields(connection_core const& core, fields& reply);

}  // namespace detail

/** A connection on which a request has been read and a reply is due.

    Write one reply: whole with async_write(), or begun with async_start(), continued with
    async_write_chunk() and ended with async_end(). Then give the connection back, for the next
    request. Or take the stream out with release() and speak another protocol. A connection that is
    destroyed is closed.

    @par Thread safety
    All calls on get_executor(), which is the connection's home thread; post to it from elsewhere.
    One write and one async_wait_abort() may be under way at a time.
*/
class connection {
public:
    /** What release() gives: the stream, what the client sent behind the request, and the
        connection's place in the server's count, which is free when this is destroyed. */
    template <class Stream>
    struct released {
        /// The stream; nothing is under way on it.
        Stream stream;
        /// Bytes that were read already; they come first.
        std::string input;
        /// To be kept as long as the stream.
        std::unique_ptr<detail::connection_ticket> ticket;
    };

    /// What take_over() gives.
    struct taken {
        /// The stream; nothing is under way on it.
        std::shared_ptr<detail::byte_stream> stream;
        /// Bytes that were read already; they come first.
        std::string input;
        /// To be kept as long as the stream.
        std::unique_ptr<detail::connection_ticket> ticket;
    };

    /** A connection over a stream of the caller's own server, from which a request was read.
        @param stream a socket, or a TLS stream after its handshake
        @param buffer what was read behind the request */
    template <class Stream>
    requires requires { typename Stream::executor_type; }
    explicit connection(Stream stream, beast::flat_buffer buffer = {})
        : core_(detail::make_connection_core(std::move(stream))) {
        auto const bytes = buffer.cdata();
        core_->input.assign(static_cast<char const*>(bytes.data()), bytes.size());
    }

    connection(connection&&) noexcept = default;
    connection& operator=(connection&& other) noexcept;
    ~connection();

    /// The executor of the connection's home thread.
    asio::any_io_executor get_executor() const { return core_->get_executor(); }
    /// The client's address; behind a trusted proxy the one that the proxy gives, with port 0.
    detail::tcp_endpoint const& peer() const noexcept { return core_->peer; }
    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool tls() const noexcept { return core_->tls; }
    /// Whether a trusted proxy passed the request on.
    bool proxied() const noexcept { return core_->proxied; }
    /// Whether another request may follow the reply.
    bool keep_alive() const noexcept { return core_->reusable; }
    /// The connection closes after the reply.
    void close_after_reply() noexcept { core_->reusable = false; }
    /// How long the client may take no byte of a write; then it completes with timed_out.
    void write_timeout(std::chrono::milliseconds t) noexcept { core_->write_timeout = t; }

    /// Notes what the reply depends on: method, version, and whether the client keeps the
    /// connection. Servers call it before they hand the connection to a mount.
    void begin(request const& r);

    /** Writes a whole reply. Framing fields are made here, whatever the response has.
        @par Completes with
        the error of the write; timed_out when the client took nothing for too long */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_write(response const& r, Token&& token);

    /** As above, without a copy of the reply, which loses its framing fields.
        @par Completes with
        the same */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_write(response&& r, Token&& token);

    /** Writes the header of a reply whose body comes in pieces: chunked, or up to the end of the
        connection for a client of HTTP/1.0.
        @par Completes with
        the same as async_write() */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_start(response const& header, Token&& token);

    /** Writes a piece of the body; an empty one writes nothing.
        @par Completes with
        the same as async_write() */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_write_chunk(std::string_view piece, Token&& token);

    /** Ends the body.
        @par Completes with
        the same as async_write() */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_end(Token&& token);

    /** Waits until the client goes away. What it sends meanwhile is kept for the next request.
        @par Completes with
        asio::error::eof when the client sent FIN and may still read; connection_reset or another
        error of the connection when it cannot; operation_aborted after cancel_wait();
        no_buffer_space when a TLS client sends more than 64 KiB meanwhile */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_wait_abort(Token&& token);

    /// Whether the client has gone: looks without waiting, also while async_wait_abort() is under
    /// way. Bytes that were not read yet may hide it.
    bool peer_gone() const noexcept { return core_->peer_gone(); }

    /// Ends async_wait_abort(). Giving the connection back does so too.
    void cancel_wait() noexcept { core_->cancel_wait(); }

    /** Takes the stream out; the connection is empty afterwards.
        @return nothing when the stream is of another type
        @throws std::logic_error while an operation is under way */
    template <class Stream>
    std::optional<released<Stream>> release();

    /** As release(), whatever the type of the stream is.
        @throws std::logic_error while an operation is under way */
    taken take_over();

    /// Closes the connection; operations complete with an error.
    void close() noexcept {
        core_->reusable = false;
        core_->close(false);
    }

    /// The connection behind the handle; for servers.
    std::shared_ptr<detail::connection_core> const& core() const noexcept { return core_; }
    /// A handle for a connection; for servers.
    explicit connection(std::shared_ptr<detail::connection_core> core) : core_(std::move(core)) {}

private:
    template <class Token>
    auto send(std::string bytes, Token&& token);
    std::string whole(response&& r) const;
    std::string start(response header);
    std::string chunk(std::string_view piece) const;
    std::string last_chunk() const;
    void require_free() const;

    std::shared_ptr<detail::connection_core> core_;
    bool chunked_ = false;
};

// ---------------------------------------------------------------------------------------------

template <class Token>
auto connection::send(std::string bytes, Token&& token) {
    return asio::async_initiate<Token, void(error_code)>(
        [](auto handler, std::shared_ptr<detail::connection_core> core, std::string out) {
            core->send(std::move(out), detail::connection_handler(std::move(handler)));
        },
        token, core_, std::move(bytes));
}

template <asio::completion_token_for<void(error_code)> Token>
auto connection::async_write(response const& r, Token&& token) {
    return send(whole(response(r)), std::forward<Token>(token));
}

template <asio::completion_token_for<void(error_code)> Token>
auto connection::async_write(response&& r, Token&& token) {
    return send(whole(std::move(r)), std::forward<Token>(token));
}

template <asio::completion_token_for<void(error_code)> Token>
auto connection::async_start(response const& header, Token&& token) {
    return send(start(header), std::forward<Token>(token));
}

template <asio::completion_token_for<void(error_code)> Token>
auto connection::async_write_chunk(std::string_view piece, Token&& token) {
    return send(chunk(piece), std::forward<Token>(token));
}

template <asio::completion_token_for<void(error_code)> Token>
auto connection::async_end(Token&& token) {
    return send(last_chunk(), std::forward<Token>(token));
}

template <asio::completion_token_for<void(error_code)> Token>
auto connection::async_wait_abort(Token&& token) {
    return asio::async_initiate<Token, void(error_code)>(
        [](auto handler, std::shared_ptr<detail::connection_core> core) {
            core->wait_abort(detail::connection_handler(std::move(handler)));
        },
        token, core_);
}

template <class Stream>
std::optional<connection::released<Stream>> connection::release() {
    if (!core_ || core_->stream_type() != typeid(Stream)) return std::nullopt;
    require_free();
    std::optional<released<Stream>> out(
        released<Stream>{std::move(*static_cast<Stream*>(core_->stream())), std::move(core_->input),
                         std::move(core_->ticket)});
    if (out->ticket) out->ticket->watch({});
    core_.reset();
    return out;
}

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/connection.ipp>
#endif
