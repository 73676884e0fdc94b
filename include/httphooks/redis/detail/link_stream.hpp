// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The stream of bytes to a Redis server: TCP, TLS, or a socket of the file system.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/redis/url.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace httphooks::redis::detail {

/// Who has a link_stream: told of what has become of each call.
class link_stream_owner {
public:
    link_stream_owner(link_stream_owner const&) = delete;
    link_stream_owner& operator=(link_stream_owner const&) = delete;

    virtual void on_open(error_code ec) = 0;
    /// @param bytes not empty, unless there is an error; they are there as long as the call lasts
    virtual void on_read(error_code ec, std::string_view bytes) = 0;
    virtual void on_write(error_code ec) = 0;

protected:
    link_stream_owner() = default;
    ~link_stream_owner() = default;
};

/** A stream that is opened once. It keeps itself, and its buffers, until its operations have ended;
    after close() it tells its owner nothing more.

    All members on its executor, which runs one thing at a time. */
class link_stream : public std::enable_shared_from_this<link_stream> {
public:
    link_stream(asio::any_io_executor const& executor, link_stream_owner& owner);

    /// Opens it. @param tls for URLs that say so
    void open(url const& to, http::client_stream_factory const& tls);
    /// Reads what is there, or comes.
    void read();
    /** Has the next bytes come behind these, which were the last of those that were read.
        @return whether there is room for any */
    bool keep(std::string_view bytes) noexcept;
    /// Writes all; takes the bytes. Not while another write is under way.
    void write(std::string& bytes);
    /// Whether a write is under way.
    bool writing() const noexcept { return writing_; }
    void close() noexcept;

private:
    inline void connect(asio::ip::tcp::resolver::results_type const& to, std::string const& host,
                        http::client_stream_factory const& tls);
    inline void on_connected(error_code ec, std::string const& host,
                             http::client_stream_factory const& tls);
    inline void opened(error_code ec);
    inline void on_read(error_code ec, std::size_t n);
    inline void on_write(error_code ec);

    link_stream_owner* owner_;
    asio::ip::tcp::resolver resolver_;
    asio::ip::tcp::socket connecting_;
    asio::generic::stream_protocol::socket socket_;
    std::unique_ptr<http::client_stream> tls_{};
    static constexpr std::size_t buffer_size = 64 * 1024;
    std::unique_ptr<char[]> buffer_{new char[buffer_size]};
    /// How many bytes of it are kept.
    std::size_t kept_ = 0;
    std::string out_{};
    bool writing_ = false;
};

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/link_stream.ipp>
#endif
