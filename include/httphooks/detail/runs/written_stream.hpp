// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A stream that a function writes: what was written and not yet taken, and who waits for that.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/stream_body.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::detail {

class written_stream;

/// The function that writes a stream.
class producer {
public:
    virtual ~producer() = default;
    /// Calls it, once. Outlives the coroutine that it may be.
    virtual void run(std::shared_ptr<written_stream> stream) = 0;
};

/// Somebody who waits for a stream, and what was written, if anything was.
class stream_operation {
public:
    explicit stream_operation(asio::any_io_executor where);
    stream_operation(stream_operation const&) = delete;
    stream_operation& operator=(stream_operation const&) = delete;
    virtual ~stream_operation() = default;

    /// Calls the handler; the object is gone then.
    virtual void call(error_code ec) = 0;

    /// What is still to be taken.
    std::string_view rest() const noexcept {
        return (kept.empty() ? text : std::string_view(kept)).substr(at);
    }

    static void* operator new(std::size_t size) { return block_cache::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        block_cache::deallocate(memory, size);
    }

    /// Where the handler wants to be called; it has something to do there until then.
    asio::any_io_executor where;
    /// The text, unless it is kept here.
    std::string_view text{};
    std::string kept{};
    std::size_t at = 0;
    /// Which one of the stream's it is.
    std::uint64_t number = 0;
    std::unique_ptr<stream_operation> next{};
};

/// Ends an operation by the slot of its handler.
class stream_canceller {
public:
    stream_canceller(std::weak_ptr<written_stream> stream, std::uint64_t number) noexcept
        : stream_(std::move(stream)), number_(number) {}
    void operator()(asio::cancellation_type how) const;

private:
    std::weak_ptr<written_stream> stream_;
    std::uint64_t number_;
};

/** What was written and not yet taken.

    write() and the like may be called from any thread, and go on on the executor, in the order of
    the calls; everything else is called there. */
class written_stream final : public stream_body,
                             public std::enable_shared_from_this<written_stream> {
public:
    using pointer = std::shared_ptr<written_stream>;
    using operation = std::unique_ptr<stream_operation>;

    written_stream(std::optional<std::uint64_t> length, std::unique_ptr<producer> p) noexcept
        : stream_body(length), producer_(std::move(p)) {}
    HTTPHOOKS_DECL ~written_stream() override;

    HTTPHOOKS_DECL void start(asio::any_io_executor const& executor, stream_sink& sink) override;
    bool started() const noexcept override { return started_; }
    HTTPHOOKS_DECL void stop() noexcept override;
    fields const* trailers() const noexcept override { return trailers_.get(); }
    void on_failure(std::function<void(error_code, std::exception_ptr)> told) override {
        told_ = std::move(told);
    }

    /// An operation with a handler. @param text which it keeps if it is a std::string
    template <class Handler, class Text>
    static operation make_operation(pointer const& stream, Handler&& handler, Text&& text);

    static void write(pointer stream, operation op);
    static void wait_closed(pointer stream, operation op);
    static void trailer(pointer stream, std::string name, std::string value);
    static void end(pointer stream);
    static void fail(pointer stream, error_code why);
    static void cancel(pointer stream, std::uint64_t number, asio::cancellation_type how);

    /// The function has thrown, or the stream must fail for another reason; on the executor.
    void fail(error_code why, std::exception_ptr thrown) noexcept;

    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    asio::cancellation_slot slot() noexcept { return cancelled_.slot(); }
    /// Whether nothing waits to be taken; on the executor.
    bool idle() const noexcept { return phase_ == phase::open && !first_; }

private:
    class posted_call;

    enum class phase : std::uint8_t { open, ending, failed, over };

    HTTPHOOKS_DECL std::string_view next() noexcept override;
    HTTPHOOKS_DECL void consume(std::size_t n) override;
    bool ended(bool& failed) const noexcept override {
        failed = phase_ == phase::failed;
        return phase_ != phase::open;
    }
    HTTPHOOKS_DECL void break_off(error_code why, std::exception_ptr thrown) noexcept override;

    /// Calls a function on the executor: now, if the caller is there and nothing waits to be
    /// called.
    template <class F>
    static void on_executor(pointer stream, F f);

    inline void enqueue(operation op);
    inline void cancel(std::uint64_t number, asio::cancellation_type how);
    static inline void complete(operation op, error_code ec) noexcept;
    inline void drop_writes() noexcept;
    inline void close() noexcept;
    inline void tell() noexcept;

    std::unique_ptr<producer> producer_;
    asio::any_io_executor executor_{};
    stream_sink* sink_ = nullptr;
    operation first_{};
    stream_operation* last_ = nullptr;
    operation waits_closed_{};
    std::unique_ptr<fields> trailers_{};
    std::function<void(error_code, std::exception_ptr)> told_{};
    asio::cancellation_signal cancelled_{};
    std::atomic<std::uint64_t> numbers_{0};
    std::atomic<bool> closed_{false};
    std::atomic<std::uint32_t> posted_{0};
    phase phase_ = phase::open;
    bool started_ = false;
};

template <class Handler>
class typed_stream_operation final : public stream_operation {
public:
    typed_stream_operation(Handler&& handler, asio::any_io_executor const& fallback)
        : stream_operation(asio::get_associated_executor(handler, fallback)),
          handler_(std::move(handler)) {}

    void call(error_code ec) override {
        Handler handler(std::move(handler_));
        delete this;
        std::move(handler)(ec);
    }

private:
    Handler handler_;
};

template <class Handler, class Text>
written_stream::operation written_stream::make_operation(pointer const& stream, Handler&& handler,
                                                         Text&& text) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    operation op(
        new typed_stream_operation<std::decay_t<Handler>>(std::move(handler), stream->executor_));
    if constexpr (std::same_as<std::remove_cvref_t<Text>, std::string>)
        op->kept = std::move(text);
    else
        op->text = text;
    op->number = stream->numbers_.fetch_add(1, std::memory_order_relaxed);
    if (slot.is_connected()) slot.assign(stream_canceller(stream, op->number));
    return op;
}

/// What all copies of a writer share.
class writer_end {
public:
    explicit writer_end(written_stream::pointer stream) noexcept : stream_(std::move(stream)) {}
    writer_end(writer_end const&) = delete;
    writer_end& operator=(writer_end const&) = delete;
    ~writer_end();

    written_stream::pointer const& stream() const noexcept { return stream_; }

private:
    written_stream::pointer stream_;
};

/// Runs the coroutine that writes a stream; a template, so that only who has one pays for it.
template <class = void>
void spawn_stream(written_stream& stream, asio::awaitable<void> coroutine);

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
extern template void spawn_stream(written_stream& stream, asio::awaitable<void> coroutine);
#endif

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/written_stream.ipp>
#endif
