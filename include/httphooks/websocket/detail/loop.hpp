// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the WebSockets of one execution context share: the clock and their deadlines.
*/

#include <httphooks/http/detail/connection_core.hpp>
#include <httphooks/http/detail/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
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
    using clock = std::chrono::steady_clock;

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
        return static_cast<tick>((clock::now() - started_) / timer_wheel::resolution);
    }
    void arm(asio::any_io_executor const& executor);
    void wait();
    void shut_down() noexcept;

    std::mutex mutex_;
    timer_wheel wheel_;
    std::atomic<tick> now_{0};
    boost::intrusive::list<loop_member, boost::intrusive::constant_time_size<false>> members_;
    std::size_t count_ = 0;
    std::optional<asio::steady_timer> timer_;
    clock::time_point const started_ = clock::now();
    bool armed_ = false;
    bool manual_ = false;
};

// ---------------------------------------------------------------------------------------------

/// Keeps the loop where its context can find it, and ends it with the context.
class loop::service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit service(asio::execution_context& context)
        : asio::execution_context::service(context), loop_(std::make_shared<loop>()) {}

    std::shared_ptr<loop> const& get() const noexcept { return loop_; }

private:
    void shutdown() override { loop_->shut_down(); }

    std::shared_ptr<loop> loop_;
};

inline std::shared_ptr<loop> loop::of(asio::execution_context& context) {
    return asio::use_service<service>(context).get();
}

inline void loop::enter(loop_member& m, asio::any_io_executor const& executor) {
    std::lock_guard const lock(mutex_);
    members_.push_back(m);
    if (count_++ == 0 && !manual_) {
        tick const now = tick_now();
        wheel_.advance(now, [](timer_wheel::entry&) {});
        now_.store(now, std::memory_order_relaxed);
        arm(executor);
    }
}

inline void loop::leave(loop_member& m) noexcept {
    std::lock_guard const lock(mutex_);
    if (!m.is_linked()) return;
    wheel_.cancel(m);
    members_.erase(members_.iterator_to(m));
    if (--count_ == 0 && timer_) timer_->cancel();
}

template <class Accept>
std::vector<std::shared_ptr<loop_member>> loop::members(Accept accept) {
    std::vector<std::shared_ptr<loop_member>> found;
    std::lock_guard const lock(mutex_);
    for (loop_member& m : members_)
        if (accept(m))
            if (auto kept = m.keep()) found.push_back(std::move(kept));
    return found;
}

inline void loop::arm(asio::any_io_executor const& executor) {
    if (std::exchange(armed_, true)) return;
    if (!timer_) timer_.emplace(executor);
    wait();
}

inline void loop::wait() {
    timer_->expires_after(timer_wheel::resolution);
    timer_->async_wait([weak = weak_from_this()](boost::system::error_code) {
        auto const self = weak.lock();
        if (!self) return;
        if (!self->manual_) self->advance(self->tick_now());
        std::lock_guard const lock(self->mutex_);
        self->armed_ = false;
        if (self->count_ > 0 && self->timer_ && !self->manual_) {
            self->armed_ = true;
            self->wait();
        }
    });
}

inline void loop::manual() {
    std::lock_guard const lock(mutex_);
    manual_ = true;
    if (timer_) timer_->cancel();
}

inline void loop::advance(tick now) {
    std::vector<std::shared_ptr<loop_member>> due;
    {
        std::lock_guard const lock(mutex_);
        wheel_.advance(now, [&due](timer_wheel::entry& e) {
            if (auto kept = static_cast<loop_member&>(e).keep()) due.push_back(std::move(kept));
        });
        now_.store(now, std::memory_order_relaxed);
    }
    for (auto const& m : due) m->on_tick();
}

inline void loop::shut_down() noexcept {
    std::vector<std::shared_ptr<loop_member>> all = members([](loop_member&) { return true; });
    for (auto const& m : all) m->abandon();
    std::lock_guard const lock(mutex_);
    timer_.reset();
}

}  // namespace httphooks::websocket::detail
