// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A byte_stream over a stream of a known type.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/http/detail/stream.hpp>
#include <httphooks/http/detail/tcp_endpoint.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace boost::asio {

class io_context;

}  // namespace boost::asio

namespace httphooks::http::detail {

/// The executor of an io_context.
template <class Executor>
concept plain_executor = requires(Executor const& e) {
    { e.context() } -> std::same_as<asio::io_context&>;
};

/// A byte_stream over a stream of a known type.
template <class Stream>
class byte_stream_on final : public byte_stream,
                             public std::enable_shared_from_this<byte_stream_on<Stream>> {
public:
    using executor_type = typename Stream::executor_type;

    explicit byte_stream_on(Stream s) : executor_(s.get_executor()), stream_(std::move(s)) {
        make_non_blocking(*stream_);
    }

    asio::any_io_executor get_executor() const override { return executor_; }
    asio::execution_context& context() const override {
        return asio::query(executor_, asio::execution::context);
    }
    bool running_here() const noexcept override;
    bool owns_context() const noexcept override;
    void post(void (*function)(std::shared_ptr<void> const&),
              std::shared_ptr<void> argument) override;
    void wait_readable() override;
    std::size_t read_some(char* to, std::size_t n, error_code& ec) override;
    bool write(std::string& bytes, error_code& ec) override;
    std::size_t write_some(std::string_view bytes, error_code& ec) override {
        std::size_t written = 0;
        write_now(bytes.data(), bytes.size(), written, ec);
        return written;
    }
    std::size_t unsent() const noexcept override {
        return extra_ ? extra_->sending.size() - extra_->sent : 0;
    }
    void end(bool fin) override;
    void close(bool reset) noexcept override;
    void abandon() noexcept override;

private:
    static constexpr bool by_readiness = readiness_stream<Stream>;
    static constexpr std::size_t own_buffer = 8 * 1024;

    struct input {
        std::array<char, own_buffer> bytes;
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    /// What an idle plain socket does without.
    struct extra {
        std::string sending{};
        std::size_t sent = 0;
        std::unique_ptr<byte_stream_on::input> input{};
    };

    input& own_input() {
        if (!more().input) more().input = std::make_unique<input>();
        return *more().input;
    }
    extra& more() {
        if (!extra_) extra_ = std::make_unique<extra>();
        return *extra_;
    }

    /// What the end of an operation calls.
    using step = void (byte_stream_on::*)(error_code, std::size_t);

    /// The completion of every operation: one type, so that each operation is compiled once.
    class operation {
    public:
        using allocator_type = httphooks::detail::recycling_allocator<void>;

        operation(std::shared_ptr<byte_stream_on> of, step next) noexcept
            : of_(std::move(of)), next_(next) {
            ++of_->pending_;
        }

        allocator_type get_allocator() const noexcept { return {}; }

        void operator()(error_code ec, std::size_t n = 0) {
            --of_->pending_;
            (of_.get()->*next_)(ec, n);
            if (of_->closed_ && of_->pending_ == 0) of_->stream_.reset();
        }

    private:
        std::shared_ptr<byte_stream_on> of_;
        step next_;
    };

    operation then(step next) { return operation(this->shared_from_this(), next); }

    /// Calls the owner, who may close meanwhile.
    template <class... Args>
    void tell(void (byte_stream_owner::*what)(Args...), Args... args) {
        auto const owner = owner_;
        (owner.get()->*what)(args...);
    }

    bool write_now(char const* bytes, std::size_t n, std::size_t& written, error_code& ec);
    void write_rest();
    void on_progress(error_code ec, std::size_t n);
    void on_input(error_code ec, std::size_t n);
    void say_farewell();
    void on_farewell(error_code ec, std::size_t n);
    void discard();
    void on_discarded(error_code ec, std::size_t n);

    executor_type executor_;
    std::optional<Stream> stream_;
    std::unique_ptr<extra> extra_{};
    unsigned short pending_ = 0;
    bool reading_ = false;
    bool fin_ = false;
    bool ending_ = false;
    bool said_ = false;
    bool closed_ = false;
};

// ---------------------------------------------------------------------------------------------

template <class Stream>
bool byte_stream_on<Stream>::running_here() const noexcept {
    if constexpr (requires { executor_.running_in_this_thread(); })
        return executor_.running_in_this_thread();
    else if constexpr (std::same_as<executor_type, asio::any_io_executor>)
        return is_plain_and_here(executor_);
    else
        return false;
}

template <class Stream>
bool byte_stream_on<Stream>::owns_context() const noexcept {
    if constexpr (std::same_as<executor_type, asio::any_io_executor>)
        return is_plain(executor_);
    else
        return plain_executor<executor_type>;
}

template <class Stream>
void byte_stream_on<Stream>::post(void (*function)(std::shared_ptr<void> const&),
                                  std::shared_ptr<void> argument) {
    auto call = [function, a = std::move(argument)] { function(a); };
    asio::post(executor_, recycled<decltype(call)>(std::move(call)));
}

template <class Stream>
void byte_stream_on<Stream>::wait_readable() {
    if (reading_ || closed_) return;
    reading_ = true;
    if constexpr (by_readiness)
        stream_->async_wait(asio::socket_base::wait_read, then(&byte_stream_on::on_input));
    else
        stream_->async_read_some(asio::buffer(own_input().bytes), then(&byte_stream_on::on_input));
}

template <class Stream>
void byte_stream_on<Stream>::on_input(error_code ec, std::size_t n) {
    reading_ = false;
    if (closed_) return;
    if constexpr (!by_readiness) {
        own_input().begin = 0;
        own_input().end = n;
    }
    if (!ending_) return tell(&byte_stream_owner::on_readable, ec);
    if (!said_) return say_farewell();
    discard();
}

template <class Stream>
std::size_t byte_stream_on<Stream>::read_some(char* to, std::size_t n, error_code& ec) {
    if constexpr (by_readiness) {
        std::size_t const got = stream_->read_some(asio::mutable_buffer(to, n), ec);
        if (not_now(ec)) ec = asio::error::would_block;
        return got;
    } else {
        input& in = own_input();
        std::size_t const got = std::min(n, in.end - in.begin);
        ec = got == 0 ? error_code(asio::error::would_block) : error_code();
        std::copy_n(in.bytes.data() + in.begin, got, to);
        in.begin += got;
        return got;
    }
}

/// Writes some to a plain socket. @return whether all is written
template <class Stream>
bool byte_stream_on<Stream>::write_now(char const* bytes, std::size_t n, std::size_t& written,
                                       error_code& ec) {
    if constexpr (by_readiness) {
        std::size_t const done = stream_->write_some(asio::const_buffer(bytes, n), ec);
        if (not_now(ec))
            ec = {};
        else if (!ec)
            written += done;
        return !ec && done == n;
    } else {
        return false;
    }
}

template <class Stream>
bool byte_stream_on<Stream>::write(std::string& bytes, error_code& ec) {
    std::size_t written = 0;
    if (write_now(bytes.data(), bytes.size(), written, ec)) {
        bytes.clear();
        return true;
    }
    if (ec) return true;
    more().sending.swap(bytes);
    more().sent = written;
    bytes.clear();
    write_rest();
    return false;
}

template <class Stream>
void byte_stream_on<Stream>::write_rest() {
    if constexpr (by_readiness)
        stream_->async_wait(asio::socket_base::wait_write, then(&byte_stream_on::on_progress));
    else
        stream_->async_write_some(asio::const_buffer(more().sending.data() + more().sent, unsent()),
                                  then(&byte_stream_on::on_progress));
}

template <class Stream>
void byte_stream_on<Stream>::on_progress(error_code ec, std::size_t n) {
    if (closed_) return;
    extra& e = more();
    std::size_t const before = e.sent;
    e.sent += n;
    if (!ec && by_readiness) write_now(e.sending.data() + e.sent, unsent(), e.sent, ec);
    if (!ec && unsent() > 0) {
        if (e.sent > before) owner_->on_progress();
        return write_rest();
    }
    if (by_readiness) {
        extra_.reset();
    } else {
        e.sent = 0;
        std::string().swap(e.sending);
    }
    tell(&byte_stream_owner::on_written, ec);
}

template <class Stream>
void byte_stream_on<Stream>::end(bool fin) {
    if (closed_ || ending_) return;
    ending_ = true;
    fin_ = fin;
    if (!reading_) return say_farewell();
    if constexpr (handshake_stream<Stream>) {
        // the farewell of TLS reads: first the read that is under way has to end
        error_code ec;
        lowest(*stream_).cancel(ec);
    } else {
        said_ = true;
        if (fin_) shutdown_send(*stream_);
    }
}

template <class Stream>
void byte_stream_on<Stream>::say_farewell() {
    said_ = true;
    if constexpr (handshake_stream<Stream>)
        stream_->async_shutdown(then(&byte_stream_on::on_farewell));
    else
        on_farewell({}, 0);
}

template <class Stream>
void byte_stream_on<Stream>::on_farewell(error_code, std::size_t) {
    if (closed_) return;
    if (fin_) shutdown_send(*stream_);
    discard();
}

/// Drops what comes, up to the end.
template <class Stream>
void byte_stream_on<Stream>::discard() {
    if constexpr (by_readiness) {
        error_code ec;
        std::array<char, 4096> piece;
        for (int i = 0; i < 16 && !ec; ++i) stream_->read_some(asio::buffer(piece), ec);
        if (!ec || not_now(ec)) {
            stream_->async_wait(asio::socket_base::wait_read, then(&byte_stream_on::on_discarded));
            return;
        }
        // posted: the owner may be the caller
        auto const ended = [](std::shared_ptr<void> const& p) {
            auto& self = *static_cast<byte_stream_on*>(p.get());
            if (!self.closed_) self.tell(&byte_stream_owner::on_ended);
        };
        post(ended, this->shared_from_this());
    } else {
        under_tls(*stream_).async_read_some(asio::buffer(own_input().bytes),
                                            then(&byte_stream_on::on_discarded));
    }
}

template <class Stream>
void byte_stream_on<Stream>::on_discarded(error_code ec, std::size_t) {
    if (closed_) return;
    if (ec)
        tell(&byte_stream_owner::on_ended);
    else
        discard();
}

template <class Stream>
void byte_stream_on<Stream>::close(bool reset) noexcept {
    if (closed_) return;
    closed_ = true;
    if (reset)
        reset_stream(*stream_);
    else
        close_stream(*stream_);
    if (pending_ == 0) stream_.reset();
    owner_.reset();
}

template <class Stream>
void byte_stream_on<Stream>::abandon() noexcept {
    closed_ = true;
    stream_.reset();
    owner_.reset();
}

/// Whether a stream can become a polled_stream: a plain socket of an io_context.
template <class Stream>
inline constexpr bool can_be_polled =
#if defined(__linux__)
    plain_executor<typename Stream::executor_type>&& requires(Stream& s, error_code& ec) {
    requires std::same_as<typename Stream::protocol_type, asio::ip::tcp>;
    s.release(ec);
    s.native_handle();
};
#else
    false;
#endif

#if defined(__linux__)
/** A polled_stream.
    @param socket non-blocking; the stream's from then on
    @return null when the system has no room for it; then the socket is the caller's */
std::shared_ptr<byte_stream> poll_socket(asio::io_context& context, int socket);
#endif

/// The byte_stream that suits a stream best.
template <class Stream>
std::shared_ptr<byte_stream> make_byte_stream(Stream stream) {
    if constexpr (can_be_polled<Stream>) {
        error_code ec;
        stream.non_blocking(true, ec);
        std::shared_ptr<byte_stream> polled;
        if (!ec) polled = poll_socket(stream.get_executor().context(), stream.native_handle());
        if (polled) {
            stream.release(ec);
            return polled;
        }
    }
    return std::make_shared<byte_stream_on<Stream>>(std::move(stream));
}

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/polled_stream.hpp>
#endif
