// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The run of a hook that may complete later: its one completion, its time limit, its cancellation.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// Tells the pipeline that a run it may be waiting for was closed.
void pipeline_signal(exchange& ex) noexcept;

/** A run that may complete later, on any thread, or never.

    Whoever is first of the hook's completion, its time limit and a cancellation closes the run;
    what comes after is counted and has no effect. The one who starts the run and the one who closes
    it meet in `phase_`: if the run was closed before start() returned, the starter goes on in
    place, else the closer wakes the exchange on its executor.
*/
class async_run : public hook_run {
public:
    async_run(httphooks::exchange& ex, hook_entry const& hook, std::size_t match);

    /// Starts the callback. True: it completed in place.
    bool start();

    /// Closes the run with what the hook reported. False: it was closed already.
    bool close(error_code ec, std::exception_ptr exception = nullptr) noexcept;

    /// A call of `done`: closes the run, or counts a late call.
    void complete(error_code ec) noexcept;

    /// The callback threw: closes the run; reports what comes later than that.
    void fail(std::exception_ptr exception) noexcept;

    /// Closes the run and cancels what the hook awaits; called by the exchange.
    void cancel() noexcept;

    /// The execution context ends: nothing may be given to it any more.
    void detach() noexcept;

    bool closed() const noexcept { return state_.closed(); }

    /// What went wrong; both clear when nothing did. Valid once it is closed.
    error_code error() const noexcept { return error_; }
    std::exception_ptr const& exception() const noexcept { return exception_; }

    /// What the hook left behind when the run was closed; out of its reach.
    run_outcome& settled() noexcept { return settled_; }

    /// Emits when the run is cancelled or exceeds its time limit.
    asio::cancellation_slot slot() noexcept final { return signal_.slot(); }

    /// The run's place among the parts of the reply.
    std::size_t part = 0;

    friend void intrusive_ptr_add_ref(async_run* run) noexcept {
        run->references_.fetch_add(1, std::memory_order_relaxed);
    }
    friend void intrusive_ptr_release(async_run* run) noexcept {
        if (run->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) run->destroy();
    }

protected:
    ~async_run();

    /// Where a coroutine runs, so that no two threads ever resume and cancel it at once.
    asio::any_io_executor const& coroutine_executor();

    exchange_ptr kept_exchange_;

private:
    enum : std::uint8_t { starting, returned, completed, detached };

    /// A handler in the execution context. When it goes without having been called, so does the
    /// context: what a run has of it must not outlive it, even if the user keeps the run.
    class handler {
    public:
        explicit handler(async_run& run) noexcept : run_(&run) {}
        handler(handler&&) = default;
        handler& operator=(handler&&) = delete;
        ~handler() {
            if (run_) run_->detach();
        }
        /// The run was closed.
        void operator()() noexcept {
            auto const run = std::move(run_);
            run->timer_.reset();
            if (is_responder(run->hook().info.type)) pipeline_signal(run->exchange());
        }
        /// The time is over, or the timer was cancelled.
        void operator()(error_code ec) noexcept {
            if (auto const run = std::move(run_); !ec) run->expired();
        }

    private:
        boost::intrusive_ptr<async_run> run_;
    };

    /// Calls the user's callback.
    virtual void call() = 0;
    virtual void destroy() noexcept = 0;

    void arm();
    void expired() noexcept;
    void wake() noexcept;
    void report(error_code ec, std::exception_ptr exception) const noexcept;
    void trace_begin() noexcept;
    void trace_end() const noexcept;

    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint8_t> phase_{starting};
    run_gate state_;
    error_code error_;
    std::exception_ptr exception_;
    run_outcome settled_;
    asio::cancellation_signal signal_;
    asio::any_io_executor executor_;
    std::optional<asio::steady_timer> timer_;
    /// When it was started; only while it is traced.
    hook_span::clock::time_point began_{};

    std::shared_ptr<httphooks::request const> kept_request_;
    std::shared_ptr<std::vector<response> const> kept_responses_;
    std::shared_ptr<response const> kept_reply_;
};

using async_run_ptr = boost::intrusive_ptr<async_run>;

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
                callback()(context_, hook_done(completion));
            } catch (...) {  // while `completion` lives: an exception is not a dropped completion
                fail(std::current_exception());
            }
        } else {
            // co_spawn uses the slot behind the coroutine's end, so its handler keeps the run
            asio::co_spawn(coroutine_executor(), drive(*this),
                           asio::bind_cancellation_slot(
                               slot(), [keep = async_run_ptr(this)](std::exception_ptr) {}));
        }
    }

    /// Awaits the callback.
    static asio::awaitable<void> drive(typed_run& run) {
        try {
            auto operation = run.callback()(run.context_);
            using value_type = typename awaitable_value<decltype(operation)>::type;
            if constexpr (std::is_void_v<value_type>) {
                co_await std::move(operation);
            } else {
                auto value = co_await std::move(operation);
                run.respond(into_response(std::move(value)), decision::respond);
            }
        } catch (...) {
            run.fail(std::current_exception());
            co_return;
        }
        run.close({});
    }

    void destroy() noexcept override {
        exchange_ptr const keep = std::move(kept_exchange_);
        this->~typed_run();
        block_cache::deallocate(this, sizeof(typed_run));
    }

    Context context_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/async_run.ipp>
#endif
