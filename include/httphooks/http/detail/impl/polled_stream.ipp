// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/polled_stream.hpp>

#if defined(__linux__)

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/http/detail/byte_stream_on.hpp>
#include <httphooks/http/detail/last_error.hpp>
#include <httphooks/http/detail/stream.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace httphooks::http::detail {

HTTPHOOKS_DECL std::shared_ptr<byte_stream> poll_socket(asio::io_context& context, int socket) {
    auto polled = std::make_shared<polled_stream>(context.get_executor());
    return polled->start(socket) ? std::move(polled) : nullptr;
}

HTTPHOOKS_DECL void polled_stream::post(void (*function)(std::shared_ptr<void> const&),
                                        std::shared_ptr<void> argument) {
    if (running_here()) return set_->post(function, std::move(argument));
    auto call = [function, a = std::move(argument)] { function(a); };
    asio::post(executor_, recycled<decltype(call)>(std::move(call)));
}

HTTPHOOKS_DECL void polled_stream::on_poll(std::uint32_t events) {
    auto const self = shared_from_this();
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ready_ = true;
    if (rest_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) on_writable(events);
    if (ready_ && waiting_ && owner_) on_input();
}

inline void polled_stream::on_input() {
    waiting_ = false;
    if (ending_) return discard();
    auto const owner = owner_;
    owner->on_readable({});
}

HTTPHOOKS_DECL void polled_stream::wait_readable() {
    if (!owner_) return;
    waiting_ = true;
    if (ready_) later();
}

/// Has on_input() called although nothing changes at the socket.
inline void polled_stream::later() {
    if (std::exchange(posted_, true)) return;
    auto call = [self = shared_from_this()] {
        self->posted_ = false;
        if (self->waiting_ && self->owner_) self->on_input();
    };
    asio::post(executor_, recycled<decltype(call)>(std::move(call)));
}

HTTPHOOKS_DECL std::size_t polled_stream::read_some(char* to, std::size_t n, error_code& ec) {
    ssize_t got = 0;
    do got = ::recv(socket_, to, n, 0);
    while (got < 0 && errno == EINTR);
    // with less than was asked for, the socket is empty, and tells when that changes
    if (got < 0)
        ready_ = false;
    else if (static_cast<std::size_t>(got) < n)
        ready_ = hung_up_;
    ec = {};
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0)
        ec = asio::error::eof;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
        ec = asio::error::would_block;
    else
        ec = last_error();
    return 0;
}

/// @return how many bytes were taken; 0 without an error when the socket is full
HTTPHOOKS_DECL std::size_t polled_stream::send_some(char const* bytes, std::size_t n,
                                                    error_code& ec) noexcept {
    ssize_t taken = 0;
    do taken = ::send(socket_, bytes, n, MSG_NOSIGNAL);
    while (taken < 0 && errno == EINTR);
    ec = {};
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (errno != EAGAIN && errno != EWOULDBLOCK) ec = last_error();
    return 0;
}

HTTPHOOKS_DECL bool polled_stream::write(std::string& bytes, error_code& ec) {
    std::size_t const sent = send_some(bytes.data(), bytes.size(), ec);
    if (ec) return true;
    if (sent == bytes.size()) {
        bytes.clear();
        return true;
    }
    rest_ = std::make_unique<rest>(rest{std::move(bytes), sent});
    bytes.clear();
    if (!std::exchange(polls_output_, true)) set_->want_write(*this);
    return false;
}

inline void polled_stream::on_writable(std::uint32_t events) {
    error_code ec;
    std::size_t const sent = send_some(rest_->bytes.data() + rest_->sent, unsent(), ec);
    rest_->sent += sent;
    if (!ec && unsent() > 0) {
        if (sent > 0) owner_->on_progress();
        if ((events & (EPOLLHUP | EPOLLERR)) == 0) return;
        ec = asio::error::connection_reset;
    }
    rest_.reset();
    auto const owner = owner_;
    owner->on_written(ec);
}

HTTPHOOKS_DECL void polled_stream::end(bool fin) {
    if (!owner_ || std::exchange(ending_, true)) return;
    if (fin) ::shutdown(socket_, SHUT_WR);
    waiting_ = true;
    later();
}

/// Drops what comes, up to the end.
inline void polled_stream::discard() {
    error_code ec;
    std::array<char, 4096> piece;
    for (int i = 0; i < 16 && !ec; ++i) read_some(piece.data(), piece.size(), ec);
    if (ec && ec != asio::error::would_block) {
        auto const owner = owner_;
        return owner->on_ended();
    }
    wait_readable();
}

HTTPHOOKS_DECL void polled_stream::close(bool reset) noexcept {
    if (reset && socket_ >= 0) {
        linger const at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    abandon();
}

HTTPHOOKS_DECL void polled_stream::abandon() noexcept {
    // which may own this
    auto const owner = std::move(owner_);
    if (socket_ < 0) return;
    set_->remove(*this);
    ::close(std::exchange(socket_, -1));
}

}  // namespace httphooks::http::detail

#endif
