// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The body of a request as a stream, for a responder that reads it while it comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace httphooks {

/** Reads the body of a request; what context::body() gives.

    Over HTTP the bytes come from the client as they are asked for: as long as nobody reads, the
    client waits, and of a body of any length no more than some 64 KiB are in memory. `100 Continue`
    is sent when the first read begins. Where the body is in memory already, as in a message of a
    socket, it is read from there.

    A read ends with error::body_incomplete when the client has gone, error::body_limit when the
    body is longer than its limit, error::body_timeout when it comes too slowly (see body_grace and
    body_rate of http::options), error::malformed_body, or asio::error::operation_aborted when the
    reply is written. A hook that lets one of the first four pass answers with its status.

    What a hook leaves unread is skipped as far as the server's linger_bytes and linger_timeout
    allow, so that the connection can have the next request; else the connection closes after the
    reply.

    An AsyncReadStream of Asio, which asio::async_read takes. Copies are one reader.

    @par Thread safety
    All threads, one read at a time.
    @par Example
    examples/upload.cpp
*/
class request_body {
public:
    using executor_type = asio::any_io_executor;

    /// For the contexts.
    explicit request_body(std::shared_ptr<detail::body_channel> channel) noexcept
        : channel_(std::move(channel)) {}

    /// Where reads complete whose handler has no executor of its own.
    executor_type get_executor() const noexcept { return channel_->executor(); }

    /// Its length in bytes, if it is known before the end: not of a chunked body.
    std::optional<std::uint64_t> size() const noexcept { return channel_->size(); }

    /** Reads some bytes into the first of the buffers that has room.
        @par Completes with
        the number of bytes; at the end of the body asio::error::eof and 0 */
    template <class Buffers, asio::completion_token_for<void(error_code, std::size_t)> Token =
                                 asio::use_awaitable_t<>>
    auto async_read_some(Buffers const& to, Token&& token = Token()) const;

    /** Reads what has come, without a copy.
        @par Completes with
        the bytes, which stay until the next read and as long as there is a request_body; none at
        the end of the body */
    template <asio::completion_token_for<void(error_code, std::string_view)> Token =
                  asio::use_awaitable_t<>>
    auto async_read_chunk(Token&& token = Token()) const;

    /** Reads all that is left, for nothing.
        @par Completes with
        the number of bytes */
    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_skip(Token&& token = Token()) const;

private:
    std::shared_ptr<detail::body_channel> channel_;
};

// ---------------------------------------------------------------------------------------------

template <class Buffers, asio::completion_token_for<void(error_code, std::size_t)> Token>
auto request_body::async_read_some(Buffers const& to, Token&& token) const {
    asio::mutable_buffer room;
    auto const end = asio::buffer_sequence_end(to);
    for (auto it = asio::buffer_sequence_begin(to); it != end && room.size() == 0; ++it)
        room = asio::mutable_buffer(*it);
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, std::shared_ptr<detail::body_channel> channel, asio::mutable_buffer b) {
            detail::body_channel::begin_read(std::move(channel), b,
                                             detail::body_channel::handler(std::move(handler)));
        },
        token, channel_, room);
}

template <asio::completion_token_for<void(error_code, std::string_view)> Token>
auto request_body::async_read_chunk(Token&& token) const {
    return asio::async_initiate<Token, void(error_code, std::string_view)>(
        [](auto handler, std::shared_ptr<detail::body_channel> channel) {
            detail::body_channel::begin_chunk(
                std::move(channel), detail::body_channel::chunk_handler(std::move(handler)));
        },
        token, channel_);
}

template <asio::completion_token_for<void(error_code, std::size_t)> Token>
auto request_body::async_skip(Token&& token) const {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, std::shared_ptr<detail::body_channel> channel) {
            detail::body_channel::begin_skip(std::move(channel),
                                             detail::body_channel::handler(std::move(handler)));
        },
        token, channel_);
}

}  // namespace httphooks
