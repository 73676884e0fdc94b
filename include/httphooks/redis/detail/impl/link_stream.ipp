// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/link_stream.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::redis::detail {

HTTPHOOKS_DECL link_stream::link_stream(asio::any_io_executor const& executor,
                                        link_stream_owner& owner)
    : owner_(&owner), resolver_(executor), connecting_(executor), socket_(executor) {}

HTTPHOOKS_DECL void link_stream::open(url const& to, http::client_stream_factory const& tls) {
    using asio::ip::tcp;
    if (to.host.empty()) {
        asio::local::stream_protocol::endpoint endpoint;
        if (to.path.size() >= endpoint.capacity())
            return socket_.get_executor().execute([self = shared_from_this()] {
                self->opened(make_error_code(boost::system::errc::filename_too_long));
            });
        endpoint.path(to.path);
        return socket_.async_connect(
            endpoint, [self = shared_from_this()](error_code ec) { self->opened(ec); });
    }
    auto const factory = to.tls ? tls : http::client_stream_factory();
    error_code ec;
    auto const address = asio::ip::make_address(to.host, ec);
    if (!ec)
        return connect(
            tcp::resolver::results_type::create(tcp::endpoint(address, to.port), to.host, {}),
            to.host, factory);
    resolver_.async_resolve(
        to.host, std::to_string(to.port),
        [self = shared_from_this(), host = to.host, factory](error_code failed, auto const& found) {
            if (!self->owner_) return;
            if (failed) return self->opened(failed);
            self->connect(found, host, factory);
        });
}

inline void link_stream::connect(asio::ip::tcp::resolver::results_type const& to,
                                 std::string const& host, http::client_stream_factory const& tls) {
    asio::async_connect(
        connecting_, to,
        [self = shared_from_this(), host, tls](error_code ec, asio::ip::tcp::endpoint const&) {
            self->on_connected(ec, host, tls);
        });
}

inline void link_stream::on_connected(error_code ec, std::string const& host,
                                      http::client_stream_factory const& tls) {
    if (!owner_) return;
    if (!ec) connecting_.set_option(asio::ip::tcp::no_delay(true), ec);
    if (ec) return opened(ec);
    if (!tls) {
        socket_ = std::move(connecting_);
        return opened({});
    }
    tls_ = tls(std::move(connecting_), host);
    tls_->async_handshake([self = shared_from_this()](error_code failed) { self->opened(failed); });
}

inline void link_stream::opened(error_code ec) {
    if (owner_) owner_->on_open(ec);
}

HTTPHOOKS_DECL void link_stream::read() {
    auto const into = asio::buffer(buffer_.get() + kept_, buffer_size - kept_);
    auto done = [self = shared_from_this()](error_code ec, std::size_t n) { self->on_read(ec, n); };
    if (tls_)
        tls_->async_read_some(into, std::move(done));
    else
        socket_.async_read_some(into, std::move(done));
}

inline void link_stream::on_read(error_code ec, std::size_t n) {
    std::size_t const all = std::exchange(kept_, 0) + n;
    if (owner_) owner_->on_read(ec, {buffer_.get(), all});
}

HTTPHOOKS_DECL bool link_stream::keep(std::string_view bytes) noexcept {
    if (bytes.size() == buffer_size) return false;
    if (bytes.data() != buffer_.get()) std::memmove(buffer_.get(), bytes.data(), bytes.size());
    kept_ = bytes.size();
    return true;
}

HTTPHOOKS_DECL void link_stream::write(std::string& bytes) {
    out_.swap(bytes);
    bytes.clear();
    writing_ = true;
    auto done = [self = shared_from_this()](error_code ec, std::size_t) { self->on_write(ec); };
    if (tls_)
        tls_->async_write(asio::buffer(out_), std::move(done));
    else
        asio::async_write(socket_, asio::buffer(out_), std::move(done));
}

inline void link_stream::on_write(error_code ec) {
    constexpr std::size_t most_kept = 256 * 1024;
    writing_ = false;
    if (out_.capacity() > most_kept) out_ = std::string();
    if (owner_) owner_->on_write(ec);
}

HTTPHOOKS_DECL void link_stream::close() noexcept {
    owner_ = nullptr;
    resolver_.cancel();
    error_code ignored;
    connecting_.close(ignored);
    socket_.close(ignored);
    if (tls_) tls_->socket().close(ignored);
}

}  // namespace httphooks::redis::detail
