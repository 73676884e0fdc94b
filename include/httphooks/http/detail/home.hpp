// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where a session lives: an executor that runs one thing at a time, and the timer of its event
    loop.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/detail/system/virtual_time.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace httphooks::http::detail {

/// Something with a deadline; owned by a std::shared_ptr.
class timed : public std::enable_shared_from_this<timed> {
public:
    using time_point = std::chrono::steady_clock::time_point;

    timed() = default;
    timed(timed const&) = delete;
    timed& operator=(timed const&) = delete;
    virtual ~timed() = default;

    /// The deadline has passed; called on any thread of the event loop.
    virtual void on_deadline() = 0;
    /// The event loop ends; nothing runs there any more.
    virtual void on_loop_end() noexcept = 0;

private:
    friend class timers;
    using set_hook = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;

    set_hook hook_{};
    boost::intrusive::list_member_hook<> member_{};
    time_point deadline_{};
};

/** The deadlines of one event loop, with one timer. Thread-safe. */
class timers : public std::enable_shared_from_this<timers> {
public:
    using time_point = timed::time_point;

    explicit timers(asio::any_io_executor const& executor);

    /// The time that it is on the event loop.
    time_point now() const noexcept { return httphooks::detail::now(virtual_.get()); }

    /// Adds something; it is told of the end of the loop, until it leaves.
    void enter(timed& t);
    void leave(timed& t) noexcept;

    /// Sets, changes or takes back a deadline.
    void set(timed& t, std::optional<time_point> at);

    /// Whether the context has ended.
    bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }

    /// Posts a function, unless the context has ended.
    template <class Function>
    void post(asio::any_io_executor const& executor, Function f) {
        std::lock_guard const lock(mutex_);
        if (timer_) asio::post(executor, std::move(f));
    }

private:
    friend class home;
    struct service;
    struct earlier {
        bool operator()(timed const& a, timed const& b) const noexcept {
            return a.deadline_ < b.deadline_;
        }
    };
    using queue = boost::intrusive::multiset<
        timed, boost::intrusive::member_hook<timed, timed::set_hook, &timed::hook_>,
        boost::intrusive::compare<earlier>>;

    using list = boost::intrusive::list<
        timed,
        boost::intrusive::member_hook<timed, boost::intrusive::list_member_hook<>, &timed::member_>,
        boost::intrusive::constant_time_size<false>>;

    void arm();
    inline void on_timer();
    void end();

    std::mutex mutex_{};
    queue queue_{};
    list members_{};
    std::optional<httphooks::detail::timer> timer_;
    /// Only in tests; the timers may outlive the context.
    std::shared_ptr<httphooks::detail::virtual_time> const virtual_;
    time_point armed_ = time_point::max();
    std::atomic<bool> ended_{false};
};

/// An executor with its timers. Functions that are given to it run one at a time. Copies are
/// handles of the same one.
class home {
public:
    explicit home(asio::any_io_executor executor);

    asio::any_io_executor const& executor() const noexcept { return state_->executor; }
    detail::timers& timers() const noexcept { return *state_->timers; }

    /// Whether the caller is run by the executor; false when its context has ended.
    bool here() const noexcept;

    /// Whether all that runs on the executor's context does so one after another.
    bool owns_context() const noexcept { return state_->context != nullptr; }

    /// The same for copies, as long as there is one. Homes of a context's own executor are copies
    /// of one; another executor may have several.
    void const* identity() const noexcept { return state_.get(); }

    /// Whether both are the same executor.
    friend bool operator==(home const& a, home const& b) noexcept {
        return a.state_ == b.state_ || a.executor() == b.executor();
    }

    /// Runs a function later.
    template <class Function>
    void post(Function f) const {
        state_->timers->post(state_->executor, std::move(f));
    }

    /// Runs a function at once if this is the place, else later.
    template <class Function>
    void dispatch(Function f) const {
        if (here())
            f();
        else
            post(std::move(f));
    }

private:
    friend class detail::timers;
    using context_executor = asio::io_context::executor_type;

    struct state {
        state(asio::any_io_executor e, std::shared_ptr<detail::timers> t)
            : executor(std::move(e)),
              timers(std::move(t)),
              context(executor.target<context_executor>()) {}
        state(state const&) = delete;
        state& operator=(state const&) = delete;

        asio::any_io_executor executor;
        std::shared_ptr<detail::timers> timers;
        /// The executor, if it is that of a context.
        context_executor const* context;
    };

    std::shared_ptr<state const> state_;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/home.ipp>
#endif
