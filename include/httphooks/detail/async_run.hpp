// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The run of a hook that may complete later: its one completion, its time limit, its cancellation.
*/

#include <httphooks/detail/hook_run.hpp>
#include <httphooks/detail/recycle.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <exception>
#include <optional>

namespace httphooks::detail {

/** A run that may complete later, on any thread, or never.

    Whoever is first of the hook's completion, its time limit and a cancellation closes the run;
    what comes after is counted and has no effect. The one who starts the run and the one who closes
    it meet in `phase_`: if the run was closed before start() returned, the starter goes on in
    place, else the closer wakes the exchange on its executor.
*/
class async_run : public hook_run {
public:
    async_run(httphooks::exchange& ex, hook_entry const& hook, std::size_t match)
        : hook_run(ex, hook, match) {
        keep_snapshots();
    }

    /// Starts the callback. True: it completed in place.
    bool start();

    /// Closes the run with what the hook reported. False: it was closed already.
    bool close(error_code ec, std::exception_ptr exception = nullptr) noexcept;

    /// The hook's own completion: closes the run, or counts a late call.
    void complete(error_code ec, std::exception_ptr exception = nullptr) noexcept {
        if (!close(ec, std::move(exception))) counters::add(exchange().counters_->late_calls);
    }

    /// Closes the run and cancels what the hook awaits; called by the exchange.
    void cancel() noexcept;

    bool closed() const noexcept final { return closed_.load(std::memory_order_acquire) == done; }

    /// What went wrong; both clear when nothing did. Valid once it is closed.
    error_code error() const noexcept { return error_; }
    std::exception_ptr const& exception() const noexcept { return exception_; }

    /// Emits when the run is cancelled or exceeds its time limit.
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    /// The run's place among the parts of the reply.
    std::size_t part = 0;

    friend void intrusive_ptr_add_ref(async_run* run) noexcept {
        run->references_.fetch_add(1, std::memory_order_relaxed);
    }
    friend void intrusive_ptr_release(async_run* run) noexcept {
        if (run->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) run->destroy();
    }

protected:
    ~async_run() = default;

private:
    enum : std::uint8_t { open_ = 0, closing = 1, done = 2 };
    enum : std::uint8_t { starting = 0, returned = 1, completed = 2 };

    /// Calls the user's callback.
    virtual void call() = 0;
    virtual void destroy() noexcept = 0;

    void arm();
    void expired() noexcept;
    void wake() noexcept;

    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint8_t> closed_{open_};
    std::atomic<std::uint8_t> phase_{starting};
    error_code error_;
    std::exception_ptr exception_;
    asio::cancellation_signal signal_;
    std::optional<asio::steady_timer> timer_;
};

using async_run_ptr = boost::intrusive_ptr<async_run>;

/// Tells the pipeline that a run it may be waiting for was closed.
void pipeline_signal(exchange& ex) noexcept;

}  // namespace httphooks::detail

namespace httphooks {

/** Completes a hook of the callback form.

    Call it once, from any thread. Copies are cheap and stand for the same completion; when the last
    one goes uncalled, the hook has failed with error::dropped_done. The context is valid as long as
    a copy lives.
*/
class hook_done {
public:
    explicit hook_done(detail::async_run_ptr run)
        : shared_(
              std::allocate_shared<guard>(detail::recycling_allocator<guard>(), std::move(run))) {}

    /// The hook is done; what it set on its context counts.
    void operator()() const { shared_->call({}); }

    /// The hook is done; a set `ec` means that it failed.
    void operator()(error_code ec) const { shared_->call(ec); }

private:
    struct guard {
        detail::async_run_ptr run;
        std::atomic<bool> called{false};

        explicit guard(detail::async_run_ptr r) : run(std::move(r)) {}
        guard(guard const&) = delete;
        guard& operator=(guard const&) = delete;
        ~guard() {
            if (!called.load(std::memory_order_relaxed))
                run->close(make_error_code(error::dropped_done));
        }

        void call(error_code ec) noexcept {
            called.store(true, std::memory_order_relaxed);
            run->complete(ec);
        }
    };

    std::shared_ptr<guard> shared_;
};

}  // namespace httphooks

namespace httphooks::detail {

/// A run of a callback of type `F` that sees a `Context`.
template <class F, class Context>
class typed_run final : public async_run {
public:
    typed_run(httphooks::exchange& ex, hook_entry const& hook, std::size_t match)
        : async_run(ex, hook, match), context_(*this) {}

    static async_run* make(hook_entry const& hook, httphooks::exchange& ex, std::size_t match) {
        void* const memory = block_cache::allocate(sizeof(typed_run));
        try {
            return ::new (memory) typed_run(ex, hook, match);
        } catch (...) {
            block_cache::deallocate(memory, sizeof(typed_run));
            throw;
        }
    }

private:
    F& callback() const noexcept { return *static_cast<F*>(hook().callback.get()); }

    void call() override {
        if constexpr (form_of<F, Context>() == hook_form::callback) {
            hook_done const completion{async_run_ptr(this)};
            try {
                callback()(context_, completion);
            } catch (...) {  // while `completion` lives: an exception is not a dropped completion
                complete({}, std::current_exception());
            }
        } else {
            asio::co_spawn(exchange().get_executor(), drive(async_run_ptr(this), *this),
                           asio::bind_cancellation_slot(
                               slot(), [run = async_run_ptr(this)](std::exception_ptr e) {
                                   run->complete({}, std::move(e));
                               }));
        }
    }

    /// Awaits the callback; `keep` holds the run as long as the coroutine's frame lives.
    static asio::awaitable<void> drive([[maybe_unused]] async_run_ptr keep, typed_run& run) {
        auto operation = run.callback()(run.context_);
        using value_type = typename awaitable_value<decltype(operation)>::type;
        if constexpr (std::is_void_v<value_type>) {
            co_await std::move(operation);
        } else {
            auto value = co_await std::move(operation);
            run.respond(into_response(std::move(value)), decision::respond);
        }
    }

    void destroy() noexcept override {
        exchange_ptr const keep = std::move(kept_exchange_);
        this->~typed_run();
        block_cache::deallocate(this, sizeof(typed_run));
    }

    Context context_;
};

// ---------------------------------------------------------------------------------------------

inline bool async_run::start() {
    try {
        call();
    } catch (...) {
        complete({}, std::current_exception());
    }
    if (phase_.load(std::memory_order_acquire) == completed) return true;
    arm();
    if (phase_.exchange(returned, std::memory_order_acq_rel) != completed) return false;
    if (timer_) timer_->cancel();
    return true;
}

inline void async_run::arm() {
    auto const limit =
        hook().info.options.time_limit.value_or(exchange().table_->services->options.time_limit);
    if (limit.count() <= 0) return;
    timer_.emplace(exchange().get_executor(), limit);
    timer_->async_wait([run = async_run_ptr(this)](error_code ec) {
        if (!ec) run->expired();
    });
}

inline bool async_run::close(error_code ec, std::exception_ptr exception) noexcept {
    std::uint8_t expected = open_;
    if (!closed_.compare_exchange_strong(expected, closing, std::memory_order_acq_rel))
        return false;
    error_ = ec;
    exception_ = std::move(exception);
    closed_.store(done, std::memory_order_release);
    if (is_listener(hook().info.type)) {
        if (error_ || exception_)
            if (error_ != asio::error::operation_aborted)
                exchange().table_->services->report(
                    {hook().info, exchange().id(), error_, exception_});
        counters::subtract(exchange().counters_->listeners);
    }
    if (phase_.exchange(completed, std::memory_order_acq_rel) == returned) wake();
    return true;
}

inline void async_run::wake() noexcept {
    asio::dispatch(exchange().get_executor(), [run = async_run_ptr(this)] {
        if (run->timer_) run->timer_->cancel();
        if (is_responder(run->hook().info.type)) pipeline_signal(run->exchange());
    });
}

inline void async_run::expired() noexcept {
    async_run_ptr const keep(this);
    if (!close(make_error_code(error::time_limit))) return;
    counters::add(exchange().counters_->timeouts);
    signal_.emit(asio::cancellation_type::terminal);
}

inline void async_run::cancel() noexcept {
    async_run_ptr const keep(this);
    if (close(asio::error::operation_aborted)) signal_.emit(asio::cancellation_type::terminal);
}

}  // namespace httphooks::detail
