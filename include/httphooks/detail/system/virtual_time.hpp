// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Time that a test moves, in place of the clock of an execution context.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace httphooks::detail {

/** The time of an execution context that has a testing::clock; all others have none.

    @par Thread safety
    All members may be called from all threads.
*/
class virtual_time : public std::enable_shared_from_this<virtual_time> {
public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    /// Who waits.
    class waiter {
    public:
        waiter() = default;
        waiter(waiter const&) = delete;
        waiter& operator=(waiter const&) = delete;
        virtual ~waiter() = default;
        virtual void complete(error_code ec) = 0;
    };

    /// The time of a context, or of that of an executor; null, but in tests.
    static virtual_time* of(asio::execution_context& context) {
        return used_.load(std::memory_order_relaxed) ? find(context) : nullptr;
    }
    static virtual_time* of(asio::any_io_executor const& executor) {
        return used_.load(std::memory_order_relaxed) ? find(executor) : nullptr;
    }

    /// Gives a context that has no time of its own one; before all that asks for it.
    static std::shared_ptr<virtual_time> create(asio::execution_context& context);

    time_point now() const noexcept {
        return time_point(clock::duration(now_.load(std::memory_order_relaxed)));
    }

    /// Completes a waiter on an executor at a time, at once if that has come.
    /// @param timer whose wait it is
    void wait(void const* timer, asio::any_io_executor const& executor, time_point at,
              std::unique_ptr<waiter> w);
    /// Completes the waiters of a timer with operation_aborted.
    void cancel(void const* timer);

    /// When the next waiter is to be completed.
    std::optional<time_point> next() const;
    /// Moves on to a time, which is not earlier; completes whose time has come.
    void go_to(time_point t);

private:
    class service;

    struct waiting {
        time_point at;
        void const* timer;
        asio::any_io_executor executor;
        std::unique_ptr<waiter> who;
    };

    static virtual_time* find(asio::execution_context& context);
    static virtual_time* find(asio::any_io_executor const& executor);
    static inline void complete(waiting w, error_code ec);
    /// Who is the next, of those who wait for the same time the first; end(): nobody.
    inline std::vector<waiting>::const_iterator first() const noexcept;
    void shut_down();

    /// Whether there ever was one.
    static inline std::atomic<bool> used_{false};

    std::atomic<clock::rep> now_{clock::now().time_since_epoch().count()};
    mutable std::mutex mutex_{};
    std::vector<waiting> waiting_{};
    bool ended_ = false;
};

/// The time that it is, for who may have a time of his own.
inline virtual_time::time_point now(virtual_time const* t) noexcept {
    if (t) [[unlikely]]
        return t->now();
    return virtual_time::clock::now();
}

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/virtual_time.ipp>
#endif
