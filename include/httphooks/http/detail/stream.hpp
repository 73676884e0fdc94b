// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the server needs of a stream, and how it tells plain sockets from TLS and other streams.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/tcp_endpoint.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace httphooks::http::detail {

/// A stream that tells when it is readable, so that waiting takes no buffer: a plain socket.
template <class S>
concept readiness_stream = requires(S& s, asio::mutable_buffer in, asio::const_buffer out,
                                    error_code& ec, void (*handler)(error_code)) {
    s.async_wait(asio::socket_base::wait_read, handler);
    s.non_blocking(true, ec);
    { s.read_some(in, ec) } -> std::convertible_to<std::size_t>;
    { s.write_some(out, ec) } -> std::convertible_to<std::size_t>;
};

/// Makes a plain socket non-blocking; without a system call if it is already, and can tell.
template <class Stream>
void make_non_blocking(Stream& s) {
    if constexpr (readiness_stream<Stream>) {
        if constexpr (requires {
                          { s.non_blocking() } -> std::convertible_to<bool>;
                      })
            if (s.non_blocking()) return;
        error_code ec;
        s.non_blocking(true, ec);
    }
}

/// Whether a stream that does not block would have to wait, or was only interrupted.
inline bool not_now(error_code const& ec) noexcept {
    return ec && (ec == asio::error::would_block || ec == asio::error::try_again ||
                  ec == asio::error::interrupted);
}

/// A stream with a handshake before the first byte and a farewell after the last: TLS.
template <class S>
concept handshake_stream = requires(S& s, void (*handler)(error_code)) {
    s.async_handshake(S::server, handler);
    s.async_shutdown(handler);
};

/// Whether reading is over because the other side has ended, so that it may still read. Without the
/// farewell of TLS that is an error of OpenSSL's; what HTTP cannot do without says its own length.
template <class Stream>
bool ends_input(error_code const& ec) noexcept {
    return ec == asio::error::eof ||
           (handshake_stream<Stream> && ec.category() != boost::system::system_category());
}

/// The socket under a stream, or the stream.
template <class S>
auto& lowest(S& s) noexcept {
    if constexpr (requires { s.lowest_layer(); })
        return s.lowest_layer();
    else
        return s;
}

/// The stream under TLS, or the stream.
template <class S>
auto& under_tls(S& s) noexcept {
    if constexpr (handshake_stream<S>)
        return s.next_layer();
    else
        return s;
}

/// Sends FIN.
template <class S>
void shutdown_send(S& s) noexcept {
    error_code ec;
    lowest(s).shutdown(asio::socket_base::shutdown_send, ec);
}

/// Closes the socket; operations under way complete with operation_aborted.
template <class S>
void close_stream(S& s) noexcept {
    error_code ec;
    lowest(s).close(ec);
}

/// Closes the socket such that the peer sees a reset.
template <class S>
void reset_stream(S& s) noexcept {
    error_code ec;
    if constexpr (requires { lowest(s).set_option(asio::socket_base::linger(true, 0), ec); })
        lowest(s).set_option(asio::socket_base::linger(true, 0), ec);
    lowest(s).close(ec);
}

/// The address of the other side, or none.
template <class S>
tcp_endpoint peer_of(S& s) noexcept {
    error_code ec;
    if constexpr (requires {
                      { lowest(s).remote_endpoint(ec) } -> std::convertible_to<tcp_endpoint>;
                  })
        return lowest(s).remote_endpoint(ec);
    else
        return {};
}

/// A completion handler whose operation's memory is recycled.
template <class Function>
class recycled {
public:
    using allocator_type = httphooks::detail::recycling_allocator<void>;

    explicit recycled(Function f) : function_(std::move(f)) {}

    allocator_type get_allocator() const noexcept { return {}; }

    template <class... Args>
    void operator()(Args&&... args) {
        function_(std::forward<Args>(args)...);
    }

private:
    Function function_;
};

}  // namespace httphooks::http::detail
