// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Makes a text of a stream, where it cannot be sent bit by bit.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/error.hpp>
#include <httphooks/stream_body.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace httphooks::detail {

/** Takes a stream for an exchange, which it signals when it has the whole, or cannot have it.

    It begins and goes on on the stream's executor, which runs one thing at a time. */
class stream_collector final : private stream_sink,
                               public std::enable_shared_from_this<stream_collector> {
public:
    /** @param most how many bytes at most
        @param time how long it may take; 0: without limit */
    stream_collector(exchange_ptr ex, std::shared_ptr<stream_body> stream, std::size_t most,
                     std::chrono::milliseconds time);
    stream_collector(stream_collector const&) = delete;
    stream_collector& operator=(stream_collector const&) = delete;
    HTTPHOOKS_DECL ~stream_collector();

    /// Begins; the exchange is signalled later.
    void start(asio::any_io_executor const& executor);

    /// Nobody wants it any more; from any thread.
    void cancel() noexcept;
    /// The execution context ends.
    void detach() noexcept;

    /// Whether it has ended; then the others may be called.
    bool done() const noexcept { return done_.load(std::memory_order_acquire); }
    error_code error() const noexcept { return error_; }
    std::string& text() noexcept { return text_; }

private:
    HTTPHOOKS_DECL void on_stream() noexcept override;
    inline void begin();
    inline void finish(error_code ec) noexcept;
    inline void let_go() noexcept;

    exchange_ptr exchange_;
    std::shared_ptr<stream_body> stream_;
    asio::any_io_executor executor_{};
    std::optional<timer> timer_{};
    std::size_t const most_;
    std::chrono::milliseconds const time_;
    std::string text_{};
    error_code error_{};
    /// The stream was started here.
    bool begun_ = false;
    std::atomic<bool> done_{false};
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/stream_collector.ipp>
#endif
