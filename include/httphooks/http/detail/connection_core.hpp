// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A live connection behind an interface, so that a mount need not know its stream.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/http/detail/polled_stream.hpp>
#include <httphooks/http/detail/stream.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace httphooks::http::detail {

/// The completion of an operation of a connection.
using connection_handler = asio::any_completion_handler<void(error_code)>;

/// What a server can cut when it has waited long enough.
struct severable {
    virtual ~severable() = default;
    /// Closes at once; on the home thread.
    virtual void sever() noexcept = 0;
};

/// What the owner of a connection's place in the server keeps; destroyed when the place is free.
struct connection_ticket {
    virtual ~connection_ticket() = default;
    /// Names who is cut now, when the connection has been taken over. On the home thread.
    virtual void watch(std::weak_ptr<severable>) {}
};

/// What a connection can do whatever its stream is. All calls on its executor.
class connection_core : public severable {
public:
    connection_core(connection_core const&) = delete;
    connection_core& operator=(connection_core const&) = delete;
    ~connection_core() override = default;

    virtual asio::any_io_executor get_executor() = 0;
    virtual std::type_info const& stream_type() const noexcept = 0;
    virtual void* stream() noexcept = 0;
    /// The stream in a form that does not depend on its type; the core has none afterwards.
    virtual std::shared_ptr<byte_stream> detach() = 0;

    /// Writes the bytes; one call at a time.
    virtual void send(std::string bytes, connection_handler handler) = 0;

    /// Waits for the end of the client; one call at a time.
    virtual void wait_abort(connection_handler handler) = 0;

    /// Ends wait_abort() with operation_aborted.
    virtual void cancel_wait() noexcept = 0;

    /// Calls back when no wait_abort() is under way any more; cancels the one that is.
    virtual void settle(asio::any_completion_handler<void()> done) = 0;

    virtual void close(bool reset) noexcept = 0;
    virtual bool is_open() const noexcept = 0;

    /// Whether the client has gone, as far as the system knows, whatever was read so far.
    virtual bool peer_gone() noexcept = 0;
    void sever() noexcept override { close(true); }

    /// Bytes that the client has sent behind the request.
    std::string input{};
    /// Who asks; behind a trusted proxy its client.
    asio::ip::tcp::endpoint peer{};
    /// Whose stream it is: the client's, or a proxy's.
    asio::ip::tcp::endpoint stream_peer{};
    std::string server_name{};
    std::chrono::milliseconds write_timeout{30'000};
    std::unique_ptr<connection_ticket> ticket{};
    /// Whether who asks came by TLS.
    bool tls = false;
    bool http11 = true;
    bool head = false;
    /// Whether the connection may serve another request.
    bool reusable = true;
    /// Whether the client has sent FIN.
    bool input_ended = false;

protected:
    connection_core() = default;
};

/// A connection over a stream.
template <class Stream>
class stream_connection final : public connection_core,
                                public std::enable_shared_from_this<stream_connection<Stream>> {
public:
    using executor_type = typename Stream::executor_type;

    explicit stream_connection(Stream s) : stream_connection(std::move(s), peer_of(s)) {}
    /// @param of the address of the stream's other side
    stream_connection(Stream&& s, asio::ip::tcp::endpoint const& of)
        : stream_(std::move(s)), timer_(stream_.get_executor()) {
        peer = stream_peer = of;
        tls = handshake_stream<Stream>;
        make_non_blocking(stream_);
    }

    Stream& typed_stream() noexcept { return stream_; }

    asio::any_io_executor get_executor() override { return stream_.get_executor(); }
    std::type_info const& stream_type() const noexcept override { return typeid(Stream); }
    void* stream() noexcept override { return &stream_; }
    std::shared_ptr<byte_stream> detach() override { return make_byte_stream(std::move(stream_)); }

    void send(std::string bytes, connection_handler handler) override;
    void wait_abort(connection_handler handler) override;
    void cancel_wait() noexcept override;
    void settle(asio::any_completion_handler<void()> done) override;
    void close(bool reset) noexcept override;
    bool is_open() const noexcept override { return lowest(stream_).is_open(); }
    bool peer_gone() noexcept override;

private:
    static constexpr std::size_t most_input = 64 * 1024;

    /// Keeps the connection while its client is watched. Destroyed uncalled, with the context, it
    /// lets go of who waits, and perhaps owns the connection.
    class watcher {
    public:
        explicit watcher(std::shared_ptr<stream_connection> of) noexcept : of_(std::move(of)) {}
        watcher(watcher&&) noexcept = default;
        watcher& operator=(watcher&&) = delete;
        ~watcher() {
            if (auto const self = take()) self->forget_waits();
        }
        std::shared_ptr<stream_connection> take() noexcept { return std::exchange(of_, nullptr); }

    private:
        std::shared_ptr<stream_connection> of_;
    };

    void finish(connection_handler handler, error_code ec);
    void watch();
    void on_input(error_code ec, std::size_t n);
    void end_wait(error_code ec);
    void forget_waits() noexcept;
    void arm_deadline();

    Stream stream_;
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor_type>
        timer_;
    std::string output_;
    std::array<char, 2048> piece_;
    asio::cancellation_signal stop_wait_;
    connection_handler wait_handler_;
    asio::any_completion_handler<void()> settled_;
    bool watching_ = false;
    bool cancelled_ = false;
    bool timed_out_ = false;
    bool told_end_ = false;
};

// ---------------------------------------------------------------------------------------------

template <class Stream>
void stream_connection<Stream>::finish(connection_handler handler, error_code ec) {
    // posted, and without a reference, so that the handler may release the stream
    asio::post(stream_.get_executor(), asio::append(std::move(handler), ec));
}

template <class Stream>
void stream_connection<Stream>::arm_deadline() {
    timed_out_ = false;
    timer_.expires_after(write_timeout);
    timer_.async_wait([weak = this->weak_from_this()](error_code ec) {
        auto const self = weak.lock();
        // it may have been set anew while this was on its way
        if (ec || !self || self->timer_.expiry() > asio::steady_timer::clock_type::now()) return;
        self->timed_out_ = true;
        self->close(true);
    });
}

template <class Stream>
void stream_connection<Stream>::send(std::string bytes, connection_handler handler) {
    std::size_t written = 0;
    if constexpr (readiness_stream<Stream>) {
        error_code ec;
        written = stream_.write_some(asio::const_buffer(bytes.data(), bytes.size()), ec);
        bool const blocked = ec == asio::error::would_block || ec == asio::error::try_again;
        if (blocked) written = 0;
        if ((ec && !blocked) || written == bytes.size()) {
            finish(std::move(handler), blocked ? error_code{} : ec);
            return;
        }
    }
    output_ = std::move(bytes);
    // called before each piece: what the client takes of the one before gives it time for the next
    auto const next_piece = [this](error_code ec, std::size_t) -> std::size_t {
        constexpr std::size_t piece = 64 * 1024;
        if (ec) return 0;
        arm_deadline();
        return piece;
    };
    asio::async_write(stream_, asio::buffer(output_.data() + written, output_.size() - written),
                      next_piece,
                      [self = this->shared_from_this(), h = std::move(handler)](
                          error_code ec, std::size_t) mutable {
                          self->timer_.expires_at(asio::steady_timer::time_point::max());
                          if (ec && self->timed_out_) ec = asio::error::timed_out;
                          self->finish(std::move(h), ec);
                      });
}

template <class Stream>
void stream_connection<Stream>::wait_abort(connection_handler handler) {
    wait_handler_.swap(handler);
    cancelled_ = false;
    if (!watching_) watch();
}

template <class Stream>
void stream_connection<Stream>::watch() {
    if (input_ended && !std::exchange(told_end_, true)) return end_wait(asio::error::eof);
    watching_ = true;
    auto const slot = stop_wait_.slot();
    using socket_type = std::remove_reference_t<decltype(under_tls(stream_))>;
    if constexpr (readiness_stream<socket_type>) {
        // what is readable already, or the end of it, does not tell of a reset
        if (input_ended || (readiness_stream<Stream> && input.size() >= most_input)) {
            under_tls(stream_).async_wait(
                asio::socket_base::wait_error,
                asio::bind_cancellation_slot(
                    slot, [w = watcher(this->shared_from_this())](error_code ec) mutable {
                        w.take()->on_input(ec ? ec : asio::error::connection_reset, 0);
                    }));
            return;
        }
    }
    if constexpr (readiness_stream<Stream>) {
        stream_.async_wait(
            asio::socket_base::wait_read,
            asio::bind_cancellation_slot(
                slot, [w = watcher(this->shared_from_this())](error_code ec) mutable {
                    auto const self = w.take();
                    std::size_t n = 0;
                    if (!ec) n = self->stream_.read_some(asio::buffer(self->piece_), ec);
                    if (ec == asio::error::would_block) ec = {};
                    self->on_input(ec, n);
                }));
    } else {
        stream_.async_read_some(
            asio::buffer(piece_),
            asio::bind_cancellation_slot(
                slot, [w = watcher(this->shared_from_this())](
                          error_code ec, std::size_t n) mutable { w.take()->on_input(ec, n); }));
    }
}

template <class Stream>
void stream_connection<Stream>::on_input(error_code ec, std::size_t n) {
    input.append(piece_.data(), n);
    watching_ = false;
    if (settled_) {
        asio::any_completion_handler<void()> done;
        done.swap(settled_);
        if (ec == asio::error::eof) input_ended = true;
        if (wait_handler_) end_wait(asio::error::operation_aborted);
        asio::dispatch(stream_.get_executor(), std::move(done));
        return;
    }
    if (ec == asio::error::eof) input_ended = told_end_ = true;
    if (!wait_handler_) return;
    if (cancelled_) ec = asio::error::operation_aborted;
    if (!ec && !readiness_stream<Stream> && input.size() >= most_input)
        ec = asio::error::no_buffer_space;
    if (ec)
        end_wait(ec);
    else
        watch();
}

template <class Stream>
void stream_connection<Stream>::end_wait(error_code ec) {
    connection_handler handler;
    handler.swap(wait_handler_);
    finish(std::move(handler), ec);
}

template <class Stream>
void stream_connection<Stream>::forget_waits() noexcept {
    watching_ = false;
    connection_handler waiting;
    asio::any_completion_handler<void()> settling;
    waiting.swap(wait_handler_);
    settling.swap(settled_);
}

template <class Stream>
void stream_connection<Stream>::cancel_wait() noexcept {
    if (!watching_) return;
    cancelled_ = true;
    stop_wait_.emit(asio::cancellation_type::all);
}

template <class Stream>
void stream_connection<Stream>::settle(asio::any_completion_handler<void()> done) {
    if (!watching_) {
        asio::dispatch(stream_.get_executor(), std::move(done));
        return;
    }
    settled_.swap(done);
    cancel_wait();
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
void stream_connection<Stream>::close(bool reset) noexcept {
    timer_.cancel();
    if (reset)
        reset_stream(stream_);
    else
        close_stream(stream_);
}

}  // namespace httphooks::http::detail
