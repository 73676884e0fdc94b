// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/async_run.hpp>

#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/hook_done.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// Whether an exception says that an operation was cancelled.
inline bool is_cancellation(std::exception_ptr const& exception) noexcept {
    try {
        std::rethrow_exception(exception);
    } catch (system_error const& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

/// A handler in the execution context. When it goes without having been called, so does the
/// context: what a run has of it must not outlive it, even if the user keeps the run.
class async_run::handler {
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

HTTPHOOKS_DECL async_run::async_run(httphooks::exchange& ex, hook_entry const& hook,
                                    std::size_t match)
    : hook_run(ex, hook, match, &state_), kept_exchange_(&ex), kept_request_(ex.request_) {
    if (hook.info.type == hook_type::post_listener || hook.info.type == hook_type::post_responder) {
        if (!ex.responses_snapshot_)
            ex.responses_snapshot_ = std::make_shared<std::vector<response> const>(ex.responses_);
        kept_responses_ = ex.responses_snapshot_;
        responses_ = *kept_responses_;
    } else if (hook.info.type == hook_type::response_listener) {
        if (!ex.reply_snapshot_) ex.reply_snapshot_ = std::make_shared<response const>(ex.reply());
        kept_reply_ = ex.reply_snapshot_;
        reply_ = kept_reply_.get();
        kept_responses_ = ex.responses_snapshot_;
        if (!kept_responses_) responses_ = {reply_, responses_.size()};
    }
}

HTTPHOOKS_DECL async_run::~async_run() {
    if (is_listener(hook().info.type) && !closed())
        counters::subtract(exchange().counters_->listeners);
}

/// Whether the executor is known to run one thing at a time.
inline bool is_serial(asio::any_io_executor const& executor) noexcept {
    return executor.target<asio::strand<asio::io_context::executor_type>>() ||
           executor.target<asio::strand<asio::any_io_executor>>();
}

HTTPHOOKS_DECL asio::any_io_executor const& async_run::coroutine_executor() {
    executor_ = serial_executor(exchange());
    return executor_;
}

HTTPHOOKS_DECL asio::any_io_executor async_run::serial_executor(httphooks::exchange const& ex) {
    if (ex.serial_ || is_serial(ex.get_executor())) return ex.get_executor();
    return asio::make_strand(ex.get_executor());
}

HTTPHOOKS_DECL void intrusive_ptr_add_ref(async_run* run) noexcept {
    run->references_.fetch_add(1, std::memory_order_relaxed);
}

HTTPHOOKS_DECL void intrusive_ptr_release(async_run* run) noexcept {
    if (run->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) run->destroy();
}

HTTPHOOKS_DECL async_run* async_run::make(hook_entry const& hook, httphooks::exchange& ex,
                                          std::size_t match) {
    void* const memory = block_cache::allocate(sizeof(async_run));
    try {
        return ::new (memory) async_run(ex, hook, match);
    } catch (...) {
        block_cache::deallocate(memory, sizeof(async_run));
        throw;
    }
}

HTTPHOOKS_DECL void async_run::destroy() noexcept {
    exchange_ptr const keep = std::move(kept_exchange_);
    this->~async_run();
    block_cache::deallocate(this, sizeof(async_run));
}

HTTPHOOKS_DECL void async_run::call() {
    hook_callback const& callback = hook().callback;
    void* const function = callback.function.get();
    if (callback.start) {
        hook_done const completion(*this);
        try {
            callback.start(function, *this, context_, hook_done(completion));
        } catch (...) {  // while `completion` lives: an exception is not a dropped completion
            fail(std::current_exception());
        }
    } else {
        callback.spawn(function, *this);
    }
}

HTTPHOOKS_DECL bool async_run::start() {
    if (exchange().hooks_traced_) [[unlikely]]
        trace_begin();
    try {
        call();
    } catch (...) {
        fail(std::current_exception());
    }
    if (phase_.load(std::memory_order_acquire) == completed) return true;
    arm();
    std::uint8_t expected = starting;
    if (phase_.compare_exchange_strong(expected, returned, std::memory_order_acq_rel)) return false;
    timer_.reset();
    return closed();
}

HTTPHOOKS_DECL void async_run::arm() {
    auto const& own = hook().info.options.time_limit;
    // how long a client takes to send is no matter of the hook's: the server has a limit for that
    if (!own && exchange().body_reader_ == &hook()) [[unlikely]]
        return;
    auto const limit = own.value_or(exchange().table_->services->options.time_limit);
    if (limit.count() <= 0) return;
    timer_.emplace(executor_ ? executor_ : exchange().get_executor());
    timer_->expires_after(limit);
    timer_->async_wait(handler(*this));
}

HTTPHOOKS_DECL bool async_run::close(error_code ec, std::exception_ptr exception) noexcept {
    if (!state_.shut()) return false;
    error_ = ec;
    exception_ = std::move(exception);
    settled_ = std::move(hook_run::outcome());
    if (exchange().hooks_traced_) [[unlikely]]
        trace_end();
    state_.publish();
    if (is_listener(hook().info.type)) {
        if ((error_ && error_ != asio::error::operation_aborted) || exception_)
            report(error_, exception_);
        counters::subtract(exchange().counters_->listeners);
    }
    if (phase_.exchange(completed, std::memory_order_acq_rel) == returned) wake();
    return true;
}

HTTPHOOKS_DECL void async_run::complete(error_code ec) noexcept {
    if (!close(ec)) counters::add(exchange().counters_->late_calls);
}

HTTPHOOKS_DECL void async_run::fail(std::exception_ptr exception) noexcept {
    if (!close({}, exception) && !is_cancellation(exception)) report({}, std::move(exception));
}

HTTPHOOKS_DECL void async_run::report(error_code ec, std::exception_ptr exception) const noexcept {
    exchange().table_->services->report(
        {hook().info, exchange().id(), ec, std::move(exception), {}, exchange().request_id()});
}

inline void async_run::wake() noexcept {
    if (is_responder(hook().info.type) || timer_)
        asio::dispatch(exchange().get_executor(), handler(*this));
}

HTTPHOOKS_DECL void async_run::expired() noexcept {
    async_run_ptr const keep(this);
    if (!close(make_error_code(error::time_limit))) return;
    counters::add(exchange().counters_->timeouts);
    signal_.emit(asio::cancellation_type::terminal);
}

HTTPHOOKS_DECL void async_run::cancel() noexcept {
    if (!close(asio::error::operation_aborted)) return;
    asio::dispatch(executor_ ? executor_ : exchange().get_executor(), [run = async_run_ptr(this)] {
        run->signal_.emit(asio::cancellation_type::terminal);
    });
}

HTTPHOOKS_DECL void async_run::detach() noexcept {
    phase_.store(detached, std::memory_order_release);
    timer_.reset();
}

inline void async_run::trace_begin() noexcept {
    began_ = hook_span::clock::now();
    for (auto const& tracer : exchange().table_->tracers)
        tracer->on_hook_begin(exchange(), hook().info, began_);
}

inline void async_run::trace_end() const noexcept {
    bool const failed = error_ || exception_;
    bool const cancelled = error_ == asio::error::operation_aborted;
    hook_span const span{
        exchange().id(),
        hook().info,
        began_,
        hook_span::clock::now(),
        cancelled ? hook_outcome::cancelled : outcome_of(settled_, hook().info.type, failed),
        settled_.message ? settled_.message->result_int() : 0};
    for (auto const& tracer : exchange().table_->tracers) tracer->on_hook_end(span);
}

}  // namespace httphooks::detail
