// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's stream, TLS for instance, with the operations that a byte_stream uses.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/client_stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace httphooks::websocket::detail {

/// Owns a client_stream; reads and writes with plain handlers.
class client_stream_adapter {
public:
    using executor_type = asio::any_io_executor;

    explicit client_stream_adapter(std::unique_ptr<http::client_stream> s)
        : stream_(std::move(s)) {}

    executor_type get_executor() const { return stream_->socket().get_executor(); }
    asio::ip::tcp::socket& lowest_layer() noexcept { return stream_->socket(); }

    template <class Handler>
    void async_read_some(asio::mutable_buffer into, Handler h) {
        stream_->async_read_some(into, std::move(h));
    }
    template <class Handler>
    void async_write_some(asio::const_buffer from, Handler h) {
        stream_->async_write(from, std::move(h));
    }

private:
    std::unique_ptr<http::client_stream> stream_;
};

}  // namespace httphooks::websocket::detail
