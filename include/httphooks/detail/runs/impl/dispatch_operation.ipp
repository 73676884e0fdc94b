// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/dispatch_operation.hpp>

#include <httphooks/detail/runs/authorize_operation.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/stream_body.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL response finished_reply(exchange& ex, std::uint64_t most) {
    registry_options const& options = pipeline::options(ex);
    bool const head = ex.head();
    bool const keep_alive = ex.keep_alive();
    unsigned const version = ex.incoming().version();
    response reply = ex.take_reply(most);
    reply.version(version == 10 ? 10 : 11);
    if (!options.server_name.empty() && !reply.contains(field::server))
        reply.set(field::server, options.server_name);
    std::time_t const now = options.clock ? options.clock() : coarse_time();
    if (reply.contains(field::date)) reply.erase(field::date);
    reply.append_parsed(field::date, "Date", http_date(now));
    auto const stream = reply.body().stream();  // only of HEAD
    if (reply.result() != status::no_content && reply.result() != status::not_modified &&
        !(stream && !stream->length())) {
        char digits[20];
        auto const size = response_body::size(reply.body());
        auto const end = std::to_chars(digits, digits + sizeof digits, size).ptr;
        reply.append_parsed(field::content_length, "Content-Length",
                            {digits, static_cast<std::size_t>(end - digits)});
    }
    if (keep_alive && version == 10)
        reply.append_parsed(field::connection, "Connection", "keep-alive");
    else if (!keep_alive && version != 10)
        reply.append_parsed(field::connection, "Connection", "close");
    if (head) reply.body().clear();
    return reply;
}

HTTPHOOKS_DECL request& incoming_of(exchange& ex) noexcept {
    return ex.incoming();
}

HTTPHOOKS_DECL origin& origin_of(exchange& ex) noexcept {
    return ex.origin();
}

HTTPHOOKS_DECL bool start(exchange& ex) {
    return ex.start();
}

HTTPHOOKS_DECL void hand_over(exchange& ex) {
    ex.handed_over();
}

HTTPHOOKS_DECL void authorize_only(exchange& ex) noexcept {
    ex.authorize_only();
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

/** Waits for the reply of an exchange that did not complete in place.

    A timer that never fires holds it, so that the execution context owns it: when the context ends
    first, it goes with the context, and lets go of the exchange. The reply and a cancellation may
    come on two threads at once: the first takes the handler.
*/
template <class Timer>
class reply_waiter final : public reply_sink,
                           public reply_wait,
                           public std::enable_shared_from_this<reply_waiter<Timer>> {
public:
    reply_waiter(reply_handler_ptr handler, exchange_ptr ex)
        : handler_(std::move(handler)),
          executor_(handler_->executor(ex->get_executor())),
          work_(executor_),
          timer_(ex->get_executor(), Timer::time_point::max()),
          exchange_(std::move(ex)) {}

    reply_waiter(reply_waiter const&) = delete;
    reply_waiter& operator=(reply_waiter const&) = delete;
    ~reply_waiter() {
        if (exchange_) exchange_->abandon();
    }

    /// To be called where the operation is initiated: others may use the slot behind that.
    void connect() { handler_->connect(this->shared_from_this()); }

    /// Starts the exchange, on its executor.
    /// @param initiating whether this is within the initiation, so that the handler is called later
    void run(bool initiating) {
        if (phase_.load(std::memory_order_acquire) == phase::cancelled) return give_up();
        if (!exchange_->start()) return wait();
        if (!initiating) return complete();
        asio::post(executor_, [self = this->shared_from_this()] { self->complete(); });
    }

    /// Waits for an exchange that was started.
    void wait() {
        timer_.async_wait([self = this->shared_from_this()](error_code) {});
        bool const replied = exchange_->wait(*this);
        phase before = phase::starting;
        bool const waits = phase_.compare_exchange_strong(before, phase::waiting);
        if (replied)
            asio::post(executor_, [self = this->shared_from_this()] { self->complete(); });
        else if (!waits)
            cancel_waiting();
    }

    void on_reply(exchange&) noexcept override {
        asio::dispatch(executor_, [self = this->shared_from_this()] { self->complete(); });
    }

    void cancel() override {
        phase before = phase::starting;  // run() or wait() looks at what this becomes
        if (!phase_.compare_exchange_strong(before, phase::cancelled) && before == phase::waiting)
            cancel_waiting();
    }

private:
    /// What a cancellation meets.
    enum class phase { starting, cancelled, waiting };

    void cancel_waiting() {
        asio::post(executor_, [self = this->shared_from_this()] {
            if (self->taken_.exchange(true, std::memory_order_acq_rel)) return;
            exchange_ptr const ex = std::move(self->exchange_);
            ex->cancel();
            if (ex->stop_waiting()) self->timer_.cancel();  // else complete() is to come
            self->call(asio::error::operation_aborted, response());
        });
    }

    /// Completes for an exchange that was not started.
    void give_up() {
        exchange_.reset();
        asio::post(executor_, [self = this->shared_from_this()] {
            self->call(asio::error::operation_aborted, response());
        });
    }

    void complete() {
        timer_.cancel();
        if (taken_.exchange(true, std::memory_order_acq_rel)) return;
        exchange_ptr const ex = std::move(exchange_);
        call({}, finished_reply(*ex, small_file));
        ex->handed_over();
    }

    void call(error_code ec, response&& reply) {
        work_.reset();
        handler_.release()->call(ec, std::move(reply));
    }

    reply_handler_ptr handler_;
    asio::any_io_executor const executor_;
    asio::executor_work_guard<asio::any_io_executor> work_;
    Timer timer_;
    exchange_ptr exchange_;
    std::atomic<bool> taken_{false};
    std::atomic<phase> phase_{phase::starting};
};

template <class Timer = asio::steady_timer>
auto make_reply_waiter(reply_handler_ptr handler, exchange_ptr ex) {
    using waiter = reply_waiter<Timer>;
    auto made = std::allocate_shared<waiter>(recycling_allocator<waiter>(), std::move(handler),
                                             std::move(ex));
    made->connect();
    return made;
}

template <class>
void wait_for_reply(reply_handler_ptr handler, exchange_ptr ex) {
    make_reply_waiter(std::move(handler), std::move(ex))->wait();
}

template <class>
void dispatch_exchange(reply_handler_ptr handler, exchange_ptr ex,
                       std::shared_ptr<exchange_factory> source) {
    asio::any_io_executor const executor = ex->get_executor();
    auto waiter = make_reply_waiter(std::move(handler), std::move(ex));
    initiation const here;
    asio::dispatch(executor, [waiter = std::move(waiter), source = std::move(source),
                              start = &here] { waiter->run(initiation::innermost() == start); });
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
template void wait_for_reply(reply_handler_ptr handler, exchange_ptr ex);
template void dispatch_exchange(reply_handler_ptr handler, exchange_ptr ex,
                                std::shared_ptr<exchange_factory> source);
template asio::awaitable<response, asio::any_io_executor> dispatch_in_coroutine(
    std::shared_ptr<exchange_factory> hooks, request req, origin from);
#endif

}  // namespace httphooks::detail
