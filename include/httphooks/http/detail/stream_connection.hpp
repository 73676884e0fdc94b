// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A live connection over a stream of a known type.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/byte_stream_on.hpp>
#include <httphooks/http/detail/connection_core.hpp>
#include <httphooks/http/detail/stream.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace httphooks::http::detail {

/// A connection over a stream.
template <class Stream>
class stream_connection final : public connection_core {
public:
    explicit stream_connection(Stream s) : stream_connection(std::move(s), peer_of(s)) {}
    /// @param of the address of the stream's other side
    stream_connection(Stream&& s, tcp_endpoint const& of) : stream_(std::move(s)) {
        peer = stream_peer = of;
        tls = handshake_stream<Stream>;
        make_non_blocking(stream_);
    }

    asio::any_io_executor get_executor() override { return stream_.get_executor(); }
    std::type_info const& stream_type() const noexcept override { return typeid(Stream); }
    void* stream() noexcept override { return &stream_; }
    std::shared_ptr<byte_stream> detach() override { return make_byte_stream(std::move(stream_)); }
    bool is_open() const noexcept override { return lowest(stream_).is_open(); }
    bool peer_gone() noexcept override;

private:
    /// What the end of an operation on the stream calls.
    using step = void (stream_connection::*)(error_code, std::size_t, connection_handler);

    /// The completion of every operation on the stream: one type, so that each operation is
    /// compiled once. Destroyed uncalled, with the context, it lets go of who waits, and perhaps
    /// owns the connection.
    class operation {
    public:
        using cancellation_slot_type = asio::cancellation_slot;

        operation(stream_connection& of, step next, asio::cancellation_slot stop,
                  connection_handler handler)
            : of_(std::static_pointer_cast<stream_connection>(of.shared_from_this())),
              next_(next),
              stop_(stop),
              handler_(std::move(handler)) {}
        operation(operation&&) noexcept = default;
        operation& operator=(operation&&) = delete;
        ~operation() {
            if (auto const self = std::move(of_)) self->forget_waits();
        }

        cancellation_slot_type get_cancellation_slot() const noexcept { return stop_; }

        void operator()(error_code ec, std::size_t n = 0) {
            auto const self = std::move(of_);
            (self.get()->*next_)(ec, n, std::move(handler_));
        }

    private:
        std::shared_ptr<stream_connection> of_;
        step next_;
        asio::cancellation_slot stop_;
        connection_handler handler_;
    };

    bool by_readiness() const noexcept override { return readiness_stream<Stream>; }
    std::size_t write_now(std::string const& bytes, error_code& ec) override;
    void begin_write(connection_handler handler) override;
    void begin_watch(asio::cancellation_slot stop) override;
    void finish(connection_handler handler, error_code ec) override;
    void close_stream(bool reset) noexcept override;

    void on_writable(error_code ec, std::size_t n, connection_handler handler);
    void on_readable(error_code ec, std::size_t n, connection_handler handler);
    void on_reset(error_code ec, std::size_t n, connection_handler handler);

    Stream stream_;
};

/// The core of a connection over a stream; its address is asked for.
template <class Stream>
std::shared_ptr<connection_core> make_connection_core(Stream stream) {
    return std::make_shared<stream_connection<Stream>>(std::move(stream));
}

// ---------------------------------------------------------------------------------------------

template <class Stream>
void stream_connection<Stream>::finish(connection_handler handler, error_code ec) {
    // posted, and without a reference, so that the handler may release the stream
    asio::post(stream_.get_executor(), asio::append(std::move(handler), ec));
}

template <class Stream>
std::size_t stream_connection<Stream>::write_now(std::string const& bytes, error_code& ec) {
    if constexpr (readiness_stream<Stream>) {
        std::size_t const n = stream_.write_some(asio::buffer(bytes), ec);
        if (!ec) return n;
        if (not_now(ec)) ec = {};
    }
    return 0;
}

template <class Stream>
void stream_connection<Stream>::begin_write(connection_handler handler) {
    constexpr std::size_t most_at_once = 64 * 1024;
    operation done(*this, &stream_connection::on_writable, {}, std::move(handler));
    if constexpr (readiness_stream<Stream>)
        stream_.async_wait(asio::socket_base::wait_write, std::move(done));
    else
        stream_.async_write_some(rest(most_at_once), std::move(done));
}

template <class Stream>
void stream_connection<Stream>::on_writable(error_code ec, std::size_t n,
                                            connection_handler handler) {
    if constexpr (readiness_stream<Stream>) {
        if (!ec) n = stream_.write_some(rest(static_cast<std::size_t>(-1)), ec);
        if (not_now(ec)) ec = {};
    }
    on_written(ec, n, std::move(handler));
}

template <class Stream>
void stream_connection<Stream>::begin_watch(asio::cancellation_slot stop) {
    using socket_type = std::remove_reference_t<decltype(under_tls(stream_))>;
    if constexpr (readiness_stream<socket_type>) {
        // what is readable already, or the end of it, does not tell of a reset
        if (input_ended || (readiness_stream<Stream> && input.size() >= most_input)) {
            under_tls(stream_).async_wait(
                asio::socket_base::wait_error,
                operation(*this, &stream_connection::on_reset, stop, nullptr));
            return;
        }
    }
    operation done(*this, &stream_connection::on_readable, stop, nullptr);
    if constexpr (readiness_stream<Stream>)
        stream_.async_wait(asio::socket_base::wait_read, std::move(done));
    else
        stream_.async_read_some(asio::buffer(piece()), std::move(done));
}

template <class Stream>
void stream_connection<Stream>::on_readable(error_code ec, std::size_t n, connection_handler) {
    if constexpr (readiness_stream<Stream>) {
        if (!ec) n = stream_.read_some(asio::buffer(piece()), ec);
        if (not_now(ec)) ec = {};
    }
    on_watched(ec, n);
}

template <class Stream>
void stream_connection<Stream>::on_reset(error_code ec, std::size_t, connection_handler) {
    on_watched(ec ? ec : asio::error::connection_reset, 0);
}

template <class Stream>
bool stream_connection<Stream>::peer_gone() noexcept {
    auto& socket = under_tls(stream_);
    if (input_ended || !is_open()) return true;
    if constexpr (requires(asio::mutable_buffer b, error_code & ec) {
                      socket.receive(b, asio::socket_base::message_peek, ec);
                      socket.non_blocking(true, ec);
                  }) {
        error_code ec;
        char byte;
        if (!socket.non_blocking()) socket.non_blocking(true, ec);
        socket.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, ec);
        return ec && ec != asio::error::would_block && ec != asio::error::try_again;
    } else {
        return false;
    }
}

template <class Stream>
void stream_connection<Stream>::close_stream(bool reset) noexcept {
    if (reset)
        reset_stream(stream_);
    else
        detail::close_stream(stream_);
}

}  // namespace httphooks::http::detail
