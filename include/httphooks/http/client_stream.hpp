// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client's connection reads from and writes to: a socket, or something around one.
*/

#include <httphooks/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::http {

/** A connected stream of bytes.

    At most one read and one write are under way at once. An operation is ended early by closing the
    socket; its handler is called all the same, on the socket's executor.
*/
class client_stream {
public:
    /// Called with the error and the number of bytes.
    using handler = std::function<void(error_code, std::size_t)>;

    virtual ~client_stream() = default;

    /// The connected socket underneath.
    virtual asio::ip::tcp::socket& socket() noexcept = 0;
    /// Does what has to be done before the first byte; calls `done` when it is.
    virtual void async_handshake(std::function<void(error_code)> done) = 0;
    /// Reads some bytes, at least one.
    virtual void async_read_some(asio::mutable_buffer into, handler done) = 0;
    /// Writes all bytes.
    virtual void async_write(asio::const_buffer from, handler done) = 0;
};

/// Makes a stream around a connected socket, for a host whose name the client was given.
using client_stream_factory = std::function<std::unique_ptr<client_stream>(
    asio::ip::tcp::socket socket, std::string const& host)>;

namespace detail {

/// A stream that is nothing but its socket.
class plain_client_stream final : public client_stream {
public:
    explicit plain_client_stream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    asio::ip::tcp::socket& socket() noexcept override { return socket_; }
    void async_handshake(std::function<void(error_code)> done) override { done({}); }
    void async_read_some(asio::mutable_buffer into, handler done) override {
        socket_.async_read_some(into, std::move(done));
    }
    void async_write(asio::const_buffer from, handler done) override {
        asio::async_write(socket_, from, std::move(done));
    }

private:
    asio::ip::tcp::socket socket_;
};

}  // namespace detail
}  // namespace httphooks::http
