// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The content of a client's request, written by a function while it is sent.
*/

#include <httphooks/detail/runs/written_stream.hpp>
#include <httphooks/stream.hpp>
#include <httphooks/stream_body.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::http {

/** Content that a function writes bit by bit; for client::async_stream(), once.

    The function is called when the request's header has been written, and with
    streaming_options::continue_timeout when the server wants the content. Its forms are those of
    httphooks::stream(). It runs where the client works, one thing at a time with everything that
    the client does: it may not block.

    A write ends when the connection has taken its bytes, and waits while the server does not. Once
    the server has refused the request, with a status of 300 or more, or its response is whole, or
    the request has failed, writes end with error::stream_closed, and the coroutine is cancelled. If
    the function throws, the connection is closed, so that the server notices, and the request, or
    the reading of its response, ends with the exception's error_code (error::unknown_exception if
    it has none).

    What is returned goes before the context of the client's executor does.

    @param producer of the form `asio::awaitable<void>(stream_writer&)` or `void(stream_writer&)`
    @param length how many bytes there will be, for the Content-Length; nothing: it goes in chunks
    @par Example
    examples/streaming_client.cpp
*/
template <stream_producer F>
std::shared_ptr<stream_body> streamed_body(F producer, std::optional<std::uint64_t> length = {}) {
    return std::make_shared<httphooks::detail::written_stream>(
        length, std::make_unique<httphooks::detail::typed_producer<F>>(std::move(producer)));
}

}  // namespace httphooks::http
