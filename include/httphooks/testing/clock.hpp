// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: an event loop without a thread, and its time, which stands still until it is moved.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/virtual_time.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>

namespace httphooks::testing {

/** An event loop that runs in the calls of a test, with a time of its own.

    Time limits of hooks, heartbeats, time-outs of acknowledgements, of handshakes and of sessions
    that are on this loop go by its time: nothing waits, and what happens does not depend on how
    fast the machine is. Timers of the application's own, as asio::steady_timer, do not.

    Servers that are tested are given get_executor(), and so are registries that want an executor.
    The clock outlives the clients that are made with it.

    @par Thread safety
    None; other threads may post to the executor, which run() runs.
    @par Example
    examples/testing_hooks.cpp
*/
class clock {
public:
    using executor_type = asio::io_context::executor_type;
    /// What advance() takes.
    using duration = std::chrono::steady_clock::duration;

    /// @param start the date and time that it begins with
    explicit clock(std::chrono::system_clock::time_point start = std::chrono::system_clock::now());
    clock(clock const&) = delete;
    clock& operator=(clock const&) = delete;
    ~clock();

    /// Where all that goes by this clock runs.
    executor_type get_executor() noexcept { return context_.get_executor(); }
    /// The loop.
    asio::io_context& context() noexcept { return context_; }

    /// Runs what is ready, until nothing is. Clients do that of themselves.
    void run();

    /** Lets time pass: goes from one thing that is due to the next, and runs what that makes ready.
        @throws std::invalid_argument a negative duration */
    void advance(duration d);

    /** Goes to the next thing that is due, however far it is, and runs what that makes ready.
        @return how long that took; nothing when nothing is due */
    std::optional<duration> advance_to_next();

    /// The time that it is.
    std::chrono::steady_clock::time_point now() const noexcept { return time_->now(); }
    /// The date and time that it is.
    std::chrono::system_clock::time_point system_now() const noexcept;
    /// The same in seconds, as for registry_options::clock.
    std::time_t seconds() const noexcept;

private:
    asio::io_context context_{1};
    std::shared_ptr<httphooks::detail::virtual_time> time_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::system_clock::time_point start_;
};

}  // namespace httphooks::testing

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/impl/clock.ipp>
#endif
