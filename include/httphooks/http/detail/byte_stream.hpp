// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A connected stream that another protocol has taken over, whatever its type is.
*/

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::http::detail {

/// Who has a byte_stream: told, on its executor, of what happens to it.
class byte_stream_owner {
public:
    byte_stream_owner(byte_stream_owner const&) = delete;
    byte_stream_owner& operator=(byte_stream_owner const&) = delete;

    /// There is something to read, or an error.
    virtual void on_readable(error_code ec) = 0;
    /// Some of what write() left is written.
    virtual void on_progress() = 0;
    /// All of it is written, or cannot be.
    virtual void on_written(error_code ec) = 0;
    /// The client has closed too, after end().
    virtual void on_ended() = 0;

protected:
    byte_stream_owner() = default;
    virtual ~byte_stream_owner() = default;
};

/** A stream in non-blocking use: tell when it is readable, read, write what can be written.

    While it is open it keeps its owner alive. All calls on its executor, unless they say otherwise.
*/
class byte_stream {
public:
    byte_stream(byte_stream const&) = delete;
    byte_stream& operator=(byte_stream const&) = delete;
    virtual ~byte_stream() = default;

    /// Sets the owner; once, before everything else.
    void open(std::shared_ptr<byte_stream_owner> owner) noexcept { owner_ = std::move(owner); }

    /// From any thread.
    virtual asio::any_io_executor get_executor() const = 0;
    /// The context of the executor. From any thread.
    virtual asio::execution_context& context() const = 0;
    /// Whether the caller runs on the executor; false when that cannot be told. From any thread.
    virtual bool running_here() const noexcept = 0;
    /// Whether the executor's context is what keeps handlers apart, and not a strand within it.
    virtual bool owns_context() const noexcept = 0;
    /// Calls a function on the executor, never within this call. From any thread.
    virtual void post(void (*function)(std::shared_ptr<void> const&),
                      std::shared_ptr<void> argument) = 0;

    /// Has on_readable() called once; does nothing when that is due already.
    virtual void wait_readable() = 0;
    /// Reads what is there. @return 0 with would_block when nothing is
    virtual std::size_t read_some(char* to, std::size_t n, error_code& ec) = 0;

    /** Writes the bytes, and empties the string. Not while an earlier write() is not done.
        @return true: written, or ec says why not; false: on_written() follows */
    virtual bool write(std::string& bytes, error_code& ec) = 0;
    /** Writes what can be written at once. Not while a write() is not done.
        @return how many bytes; 0 from a stream that has to wait for each write */
    virtual std::size_t write_some(std::string_view bytes, error_code& ec) = 0;
    /// How many bytes wait for on_written().
    virtual std::size_t unsent() const noexcept = 0;

    /** Ends the connection in order, when everything is written: sends FIN, drops what still comes
        until the client closes, then calls on_ended().
        @param fin whether to send FIN, or wait for that of the other side */
    virtual void end(bool fin) = 0;

    /// Closes; nothing is called any more. @param reset the peer sees a reset
    virtual void close(bool reset) noexcept = 0;
    /// Destroys the stream, for the end of its context.
    virtual void abandon() noexcept = 0;

protected:
    byte_stream() = default;

    std::shared_ptr<byte_stream_owner> owner_{};
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

    template <class Function>
    auto handler(Function f) {
        ++pending_;
        auto counted = [self = this->shared_from_this(), f](auto... args) {
            --self->pending_;
            f(*self, args...);
            if (self->closed_ && self->pending_ == 0) self->stream_.reset();
        };
        return recycled<decltype(counted)>(std::move(counted));
    }

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
    void discard();

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

/// The executor of an io_context behind a type-erased one, or null.
template <class Executor>
asio::io_context::executor_type const* plain_executor(Executor const& ex) noexcept {
    if constexpr (std::is_same_v<Executor, asio::io_context::executor_type>)
        return &ex;
    else if constexpr (requires { ex.template target<asio::io_context::executor_type>(); })
        return ex.template target<asio::io_context::executor_type>();
    else
        return nullptr;
}

template <class Stream>
bool byte_stream_on<Stream>::running_here() const noexcept {
    if constexpr (requires { executor_.running_in_this_thread(); }) {
        return executor_.running_in_this_thread();
    } else {
        auto const* const plain = plain_executor(executor_);
        return plain && plain->running_in_this_thread();
    }
}

template <class Stream>
bool byte_stream_on<Stream>::owns_context() const noexcept {
    return plain_executor(executor_) != nullptr;
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
        stream_->async_wait(asio::socket_base::wait_read,
                            handler([](byte_stream_on& s, error_code ec) { s.on_input(ec, 0); }));
    else
        stream_->async_read_some(
            asio::buffer(own_input().bytes),
            handler([](byte_stream_on& s, error_code ec, std::size_t n) { s.on_input(ec, n); }));
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
        stream_->async_wait(
            asio::socket_base::wait_write,
            handler([](byte_stream_on& s, error_code ec) { s.on_progress(ec, 0); }));
    else
        stream_->async_write_some(
            asio::const_buffer(more().sending.data() + more().sent, unsent()),
            handler([](byte_stream_on& s, error_code ec, std::size_t n) { s.on_progress(ec, n); }));
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
    if constexpr (handshake_stream<Stream>) {
        stream_->async_shutdown(handler([](byte_stream_on& s, error_code) {
            if (s.closed_) return;
            if (s.fin_) shutdown_send(*s.stream_);
            s.discard();
        }));
    } else {
        if (fin_) shutdown_send(*stream_);
        discard();
    }
}

/// Drops what comes, up to the end.
template <class Stream>
void byte_stream_on<Stream>::discard() {
    auto const next = [](byte_stream_on& s, error_code ec) {
        if (s.closed_) return;
        if (ec)
            s.tell(&byte_stream_owner::on_ended);
        else
            s.discard();
    };
    if constexpr (by_readiness) {
        error_code ec;
        std::array<char, 4096> piece;
        for (int i = 0; i < 16 && !ec; ++i) stream_->read_some(asio::buffer(piece), ec);
        if (ec && !not_now(ec)) {
            // posted: the owner may be the caller
            asio::post(executor_, handler([](byte_stream_on& s) {
                           if (!s.closed_) s.tell(&byte_stream_owner::on_ended);
                       }));
            return;
        }
        stream_->async_wait(asio::socket_base::wait_read, handler(next));
    } else {
        under_tls(*stream_).async_read_some(
            asio::buffer(own_input().bytes),
            handler([next](byte_stream_on& s, error_code ec, std::size_t) { next(s, ec); }));
    }
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

}  // namespace httphooks::http::detail
