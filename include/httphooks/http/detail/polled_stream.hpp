// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A plain socket as a byte_stream that is in a poll_set (Linux).
*/

#include <httphooks/error.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/http/detail/last_error.hpp>
#include <httphooks/http/detail/poll_set.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <type_traits>

namespace httphooks::http::detail {

/// Whether a stream can become a polled_stream: a plain socket of an io_context.
template <class Stream>
inline constexpr bool can_be_polled =
#if defined(__linux__)
    std::is_same_v<Stream,
                   asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>>;
#else
    false;
#endif

/// The byte_stream that suits a stream best.
template <class Stream>
std::shared_ptr<byte_stream> make_byte_stream(Stream stream);

}  // namespace httphooks::http::detail

#if defined(__linux__)

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace httphooks::http::detail {

/** A socket without Asio: it is read and written by system calls when its set says so.

    The set tells of changes only: `ready_` remembers that there may be something to read, until a
    read has found nothing more. */
class polled_stream final : public byte_stream,
                            private poll_set::member,
                            public std::enable_shared_from_this<polled_stream> {
public:
    using executor_type = asio::io_context::executor_type;

    explicit polled_stream(executor_type executor)
        : executor_(executor), set_(&poll_set::of(executor.context())) {}
    ~polled_stream() override { abandon(); }

    /** Enters the set, and owns the socket from then on.
        @param socket non-blocking
        @return false when the system has no room for it; then the socket is the caller's */
    bool start(int socket) { return set_->add(socket, *this); }

    asio::any_io_executor get_executor() const override { return executor_; }
    asio::execution_context& context() const override { return executor_.context(); }
    bool running_here() const noexcept override { return executor_.running_in_this_thread(); }
    bool owns_context() const noexcept override { return true; }
    void post(void (*function)(std::shared_ptr<void> const&),
              std::shared_ptr<void> argument) override {
        if (running_here()) return set_->post(function, std::move(argument));
        auto call = [function, a = std::move(argument)] { function(a); };
        asio::post(executor_, recycled<decltype(call)>(std::move(call)));
    }
    void wait_readable() override;
    std::size_t read_some(char* to, std::size_t n, error_code& ec) override;
    bool write(std::string& bytes, error_code& ec) override;
    std::size_t write_some(std::string_view bytes, error_code& ec) override {
        return send_some(bytes.data(), bytes.size(), ec);
    }
    std::size_t unsent() const noexcept override {
        return rest_ ? rest_->bytes.size() - rest_->sent : 0;
    }
    void end(bool fin) override;
    void close(bool reset) noexcept override;
    void abandon() noexcept override;

private:
    /// What the socket did not take yet.
    struct rest {
        std::string bytes;
        std::size_t sent;
    };

    void on_poll(std::uint32_t events) override;
    void on_input();
    void on_writable(std::uint32_t events);
    void later();
    void discard();
    std::size_t send_some(char const* bytes, std::size_t n, error_code& ec) noexcept;

    executor_type executor_;
    poll_set* set_;
    std::unique_ptr<rest> rest_{};
    bool ready_ = false;
    /// The other side has ended, so that reading never blocks.
    bool hung_up_ = false;
    bool waiting_ = false;
    bool posted_ = false;
    bool polls_output_ = false;
    bool ending_ = false;
};

// ---------------------------------------------------------------------------------------------

inline void polled_stream::on_poll(std::uint32_t events) {
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

inline void polled_stream::wait_readable() {
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

inline std::size_t polled_stream::read_some(char* to, std::size_t n, error_code& ec) {
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
inline std::size_t polled_stream::send_some(char const* bytes, std::size_t n,
                                            error_code& ec) noexcept {
    ssize_t taken = 0;
    do taken = ::send(socket_, bytes, n, MSG_NOSIGNAL);
    while (taken < 0 && errno == EINTR);
    ec = {};
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (errno != EAGAIN && errno != EWOULDBLOCK) ec = last_error();
    return 0;
}

inline bool polled_stream::write(std::string& bytes, error_code& ec) {
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

inline void polled_stream::end(bool fin) {
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

inline void polled_stream::close(bool reset) noexcept {
    if (reset && socket_ >= 0) {
        linger const at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    abandon();
}

inline void polled_stream::abandon() noexcept {
    // which may own this
    auto const owner = std::move(owner_);
    if (socket_ < 0) return;
    set_->remove(*this);
    ::close(std::exchange(socket_, -1));
}

}  // namespace httphooks::http::detail

#endif

namespace httphooks::http::detail {

template <class Stream>
std::shared_ptr<byte_stream> make_byte_stream(Stream stream) {
    if constexpr (can_be_polled<Stream>) {
        error_code ec;
        stream.non_blocking(true, ec);
        auto polled = std::make_shared<polled_stream>(stream.get_executor());
        if (!ec && polled->start(stream.native_handle())) {
            stream.release(ec);
            return polled;
        }
    }
    return std::make_shared<byte_stream_on<Stream>>(std::move(stream));
}

}  // namespace httphooks::http::detail
