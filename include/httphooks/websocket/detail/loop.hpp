// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the WebSockets of one execution context share: the clock and their deadlines.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/detail/system/virtual_time.hpp>
#include <httphooks/http/detail/connection_core.hpp>
#include <httphooks/http/detail/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::websocket::detail {

using http::detail::timer_wheel;

/// What a loop can tell each of its connections.
class loop_member : public http::detail::severable,
                    public timer_wheel::entry,
                    public boost::intrusive::list_base_hook<
                        boost::intrusive::link_mode<boost::intrusive::safe_link>> {
public:
    loop_member() = default;
    loop_member(loop_member const&) = delete;
    loop_member& operator=(loop_member const&) = delete;

    /// Keeps the member; null when it is being destroyed.
    virtual std::shared_ptr<loop_member> keep() noexcept = 0;
    /// The deadline has passed; called on any thread.
    virtual void on_tick() = 0;
    /// The execution context ends.
    virtual void abandon() noexcept = 0;

protected:
    ~loop_member() override = default;
};

/** The WebSockets of one execution context.

    @par Thread safety
    All members may be called from all threads.
*/
class loop : public std::enable_shared_from_this<loop> {
public:
    using tick = timer_wheel::tick;

    explicit loop(asio::execution_context& context);

    /// The loop of a context, made when it is first asked for.
    static std::shared_ptr<loop> of(asio::execution_context& context);

    /// The tick that it is now.
    tick now() const noexcept { return now_.load(std::memory_order_relaxed); }

    /// Adds a member. @param executor of the context, for the clock
    void enter(loop_member& m, asio::any_io_executor const& executor);
    void leave(loop_member& m) noexcept;

    /// Sets a member's deadline.
    void deadline(loop_member& m, tick at) noexcept {
        std::lock_guard const lock(mutex_);
        wheel_.set(m, at);
    }
    void no_deadline(loop_member& m) noexcept {
        std::lock_guard const lock(mutex_);
        wheel_.cancel(m);
    }

    /// The members that `accept(member)` picks.
    template <class Accept>
    std::vector<std::shared_ptr<loop_member>> members(Accept accept);

    /// How many members there are.
    std::size_t size() {
        std::lock_guard const lock(mutex_);
        return count_;
    }

    /// Stops the clock: time passes in advance() only. For tests.
    void manual();
    /// Lets time pass; calls on_tick() of whoever's deadline has come.
    void advance(tick now);

private:
    class service;

    tick tick_now() const {
        return static_cast<tick>((httphooks::detail::now(virtual_) - started_) /
                                 timer_wheel::resolution);
    }
    void arm(asio::any_io_executor const& executor);
    void wait();
    void shut_down() noexcept;

    std::mutex mutex_;
    timer_wheel wheel_;
    std::atomic<tick> now_{0};
    boost::intrusive::list<loop_member, boost::intrusive::constant_time_size<false>> members_;
    std::size_t count_ = 0;
    std::optional<httphooks::detail::timer> timer_;
    /// Only in tests.
    httphooks::detail::virtual_time const* const virtual_;
    httphooks::detail::virtual_time::time_point const started_;
    bool armed_ = false;
    bool manual_ = false;
};

// ---------------------------------------------------------------------------------------------

template <class Accept>
std::vector<std::shared_ptr<loop_member>> loop::members(Accept accept) {
    std::vector<std::shared_ptr<loop_member>> found;
    std::lock_guard const lock(mutex_);
    for (loop_member& m : members_)
        if (accept(m))
            if (auto kept = m.keep()) found.push_back(std::move(kept));
    return found;
}

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/loop.ipp>
#endif
