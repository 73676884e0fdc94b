// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A response whose body is read while it comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/message.hpp>
#include <httphooks/request_body.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks::http {

namespace detail {

class client_streaming;

/// What the copies of a response_stream share; its end is that of the request.
class opened_response {
public:
    opened_response(std::shared_ptr<client_streaming> request, response r, request_body b);
    opened_response(opened_response const&) = delete;
    opened_response& operator=(opened_response const&) = delete;
    ~opened_response();

    fields const& trailers() const noexcept;
    void close() noexcept;

    response const header;
    request_body const body;

private:
    std::shared_ptr<client_streaming> request_;
};

}  // namespace detail

/** A response that has begun: its header, and its body as a stream; what client::async_stream()
    gives.

    The bytes come from the server as they are asked for: as long as nobody reads, the server waits,
    and of a body of any length no more than some 64 KiB are in memory.

    A read ends with beast::http::error::partial_message when the server has gone before the body
    was whole, beast::http::error::body_limit when the body is longer than
    streaming_options::body_limit, asio::error::timed_out when nothing came for
    streaming_options::progress_timeout, others of beast::http::error when the framing is malformed,
    what reading from the connection reports, or asio::error::operation_aborted after close() and
    client::close(). A read that was cancelled has taken nothing, a skip may have; the next one goes
    on.

    The connection is kept for other requests when the body was read to its end. It is closed by
    close(), and when the last copy goes before.

    An AsyncReadStream of Asio, which asio::async_read takes. Copies are one reader. They go before
    the context of the client's executor does.

    @par Thread safety
    All threads, one read at a time.
    @par Example
    examples/streaming_client.cpp
*/
class response_stream {
public:
    using executor_type = asio::any_io_executor;

    /// No response: what comes with an error. Of its members only operator bool may be called.
    response_stream() = default;
    /// For the client.
    explicit response_stream(std::shared_ptr<detail::opened_response> opened) noexcept
        : opened_(std::move(opened)) {}

    /// Whether it is a response.
    explicit operator bool() const noexcept { return opened_ != nullptr; }

    /// Where reads complete whose handler has no executor of its own.
    executor_type get_executor() const noexcept { return opened_->body.get_executor(); }

    /// Status and fields, as they came; with an empty body.
    response const& header() const noexcept { return opened_->header; }

    /// The body's length in bytes, if the header tells it.
    std::optional<std::uint64_t> size() const noexcept { return opened_->body.size(); }

    /** Reads some bytes into the first of the buffers that has room.
        @par Completes with
        the number of bytes; at the end of the body asio::error::eof and 0 */
    template <class Buffers, asio::completion_token_for<void(error_code, std::size_t)> Token =
                                 asio::use_awaitable_t<>>
    auto async_read_some(Buffers const& to, Token&& token = Token()) const {
        return opened_->body.async_read_some(to, std::forward<Token>(token));
    }

    /** Reads what has come.
        @par Completes with
        the bytes, which stay until the next read and as long as there is a response_stream; none at
        the end of the body */
    template <asio::completion_token_for<void(error_code, std::string_view)> Token =
                  asio::use_awaitable_t<>>
    auto async_read_chunk(Token&& token = Token()) const {
        return opened_->body.async_read_chunk(std::forward<Token>(token));
    }

    /** Reads all that is left, for nothing, so that the connection is kept.
        @par Completes with
        the number of bytes */
    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_skip(Token&& token = Token()) const {
        return opened_->body.async_skip(std::forward<Token>(token));
    }

    /** The fields that came behind the body; when a read has told of its end.

        They say what the server says, and are not to be taken for fields of the header. */
    fields const& trailers() const noexcept { return opened_->trailers(); }

    /// Gives the rest up: the connection is closed, and a read that waits is ended.
    void close() const noexcept { opened_->close(); }

private:
    std::shared_ptr<detail::opened_response> opened_{};
};

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/response_stream.ipp>
#endif
