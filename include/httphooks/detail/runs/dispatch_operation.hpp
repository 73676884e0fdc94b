// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bridge from an exchange to a completion token.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::detail {

/// Up to so many bytes a file is read at once: no descriptor waits for a client that is slow.
inline constexpr std::uint64_t small_file = response_body::piece;
/// Files are read, however long they are.
inline constexpr std::uint64_t every_file = static_cast<std::uint64_t>(-1);

/** The reply of an exchange, ready to be written: framing, Date and Server set, HEAD without body.
    @param most a file of up to so many bytes is read, as exchange::take_reply does
*/
response finished_reply(exchange& ex, std::uint64_t most);

/// Whether the calling thread runs the executor's context, as far as the executor can tell.
bool runs_here(asio::any_io_executor const& executor) noexcept;

/** Hands a reply to a handler.

    It has no associated executor of its own, so that posting it to executor() is one step.
*/
template <class Handler>
class reply_delivery {
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

public:
    using allocator_type = asio::associated_allocator_t<Handler>;

    reply_delivery(Handler handler, exchange_ptr ex)
        : handler_(std::move(handler)), exchange_(std::move(ex)) {}

    /// Where the handler wants to be called.
    executor_type executor() const noexcept {
        return asio::get_associated_executor(handler_, exchange_->get_executor());
    }
    allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(handler_);
    }

    void operator()() {
        exchange_ptr const ex = std::move(exchange_);
        std::move(handler_)(error_code(), finished_reply(*ex, small_file));
        ex->handed_over();
    }

private:
    Handler handler_;
    exchange_ptr exchange_;
};

/** Waits for the reply of an exchange that did not complete in place.

    A timer that never fires holds it, so that the execution context owns it: when the context ends
    first, it goes with the context, and lets go of the exchange. The reply and a cancellation may
    come on two threads at once: the first takes the handler.
*/
template <class Handler>
class reply_waiter final : public reply_sink,
                           public std::enable_shared_from_this<reply_waiter<Handler>> {
public:
    reply_waiter(Handler handler, exchange_ptr ex)
        : handler_(std::move(handler)),
          executor_(asio::get_associated_executor(*handler_, ex->get_executor())),
          work_(executor_),
          timer_(ex->get_executor(), asio::steady_timer::time_point::max()),
          exchange_(std::move(ex)) {}

    reply_waiter(reply_waiter const&) = delete;
    reply_waiter& operator=(reply_waiter const&) = delete;
    ~reply_waiter() {
        if (exchange_) exchange_->abandon();
    }

    void start() {
        timer_.async_wait([self = this->shared_from_this()](error_code) {});
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected())
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (auto const self = weak.lock()) self->cancel();
            });
        if (!exchange_->wait(*this)) return;
        asio::post(executor_, [self = this->shared_from_this()] { self->complete(); });
    }

    void on_reply(exchange&) noexcept override {
        asio::dispatch(executor_, [self = this->shared_from_this()] { self->complete(); });
    }

private:
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

    void complete() {
        timer_.cancel();
        if (taken_.exchange(true, std::memory_order_acq_rel)) return;
        reply_delivery<Handler> deliver(take_handler(), std::move(exchange_));
        deliver();
    }

    void cancel() {
        asio::post(executor_, [self = this->shared_from_this()] {
            if (self->taken_.exchange(true, std::memory_order_acq_rel)) return;
            exchange_ptr const ex = std::move(self->exchange_);
            ex->cancel();
            if (ex->stop_waiting()) self->timer_.cancel();  // else complete() is to come
            self->take_handler()(error_code(asio::error::operation_aborted), response());
        });
    }

    Handler take_handler() {
        Handler handler = std::move(*handler_);
        handler_.reset();
        work_.reset();
        return handler;
    }

    std::optional<Handler> handler_;
    executor_type const executor_;
    asio::executor_work_guard<executor_type> work_;
    asio::steady_timer timer_;
    exchange_ptr exchange_;
    std::atomic<bool> taken_{false};
};

/// Runs an exchange for a handler; `initiating`: inside the initiating function.
template <class Handler>
void run_exchange(Handler handler, exchange_ptr ex, bool initiating) {
    if (!ex->start()) {
        std::allocate_shared<reply_waiter<Handler>>(recycling_allocator<reply_waiter<Handler>>(),
                                                    std::move(handler), std::move(ex))
            ->start();
        return;
    }
    reply_delivery<Handler> deliver(std::move(handler), std::move(ex));
    if (initiating) {
        auto const executor = deliver.executor();
        asio::post(executor, std::move(deliver));
    } else {
        deliver();
    }
}

/// An initiating function that the calling thread is in, so that what runs in it can tell.
class initiation {
public:
    initiation() noexcept : outer_(std::exchange(innermost(), this)) {}
    initiation(initiation const&) = delete;
    initiation& operator=(initiation const&) = delete;
    ~initiation() { innermost() = outer_; }

    /// The innermost of the calling thread; null: it is in none.
    static initiation*& innermost() noexcept {
        thread_local initiation* current = nullptr;
        return current;
    }

private:
    initiation* outer_;
};

/// Starts an exchange on its executor, in place when the calling thread runs it already; `source`
/// lives until it is started.
template <class Handler>
void initiate_exchange(Handler handler, exchange_ptr ex, std::shared_ptr<void> source) {
    if (runs_here(ex->get_executor())) return run_exchange(std::move(handler), std::move(ex), true);
    auto const executor = ex->get_executor();
    initiation const here;
    asio::dispatch(executor, [handler = std::move(handler), ex = std::move(ex),
                              source = std::move(source), start = &here]() mutable {
        bool const initiating = initiation::innermost() == start;
        run_exchange(std::move(handler), std::move(ex), initiating);
    });
}

/// Waits in a coroutine for an exchange that did not complete in place.
template <class Executor>
asio::awaitable<response, Executor> wait_for_reply(exchange_ptr ex) {
    asio::use_awaitable_t<Executor> token;
    return asio::async_initiate<asio::use_awaitable_t<Executor>, void(error_code, response)>(
        [](auto handler, exchange_ptr waiting) {
            using handler_type = decltype(handler);
            std::allocate_shared<reply_waiter<handler_type>>(
                recycling_allocator<reply_waiter<handler_type>>(), std::move(handler),
                std::move(waiting))
                ->start();
        },
        token, std::move(ex));
}

template <class Token>
inline constexpr bool is_use_awaitable = false;
template <class Executor>
inline constexpr bool is_use_awaitable<asio::use_awaitable_t<Executor>> = true;

template <class Token>
struct use_awaitable_executor;
template <class Executor>
struct use_awaitable_executor<asio::use_awaitable_t<Executor>> {
    using type = Executor;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/dispatch_operation.ipp>
#endif
