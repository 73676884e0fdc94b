// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bridge from an exchange to a completion token.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/system/runs_here.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
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

/// The members of an exchange, which is not known here.
request& incoming_of(exchange& ex) noexcept;
origin& origin_of(exchange& ex) noexcept;
bool start(exchange& ex);
void hand_over(exchange& ex);

/// What a cancellation ends.
struct reply_wait {
    virtual void cancel() = 0;

protected:
    ~reply_wait() = default;
};

/// Cancels what waits for a reply, if it still does.
class reply_canceller {
public:
    explicit reply_canceller(std::shared_ptr<reply_wait> const& waiter) noexcept
        : waiter_(waiter) {}
    void operator()(asio::cancellation_type) const {
        if (auto const waiter = waiter_.lock()) waiter->cancel();
    }

private:
    std::weak_ptr<reply_wait> waiter_;
};

/// The handler of a reply that does not come in place.
class reply_handler {
public:
    reply_handler() = default;
    reply_handler(reply_handler const&) = delete;
    reply_handler& operator=(reply_handler const&) = delete;
    virtual ~reply_handler() = default;

    /// Where it wants to be called.
    virtual asio::any_io_executor executor(asio::any_io_executor const& fallback) const = 0;
    /// Has the waiter cancelled by the handler's slot, if it has one.
    virtual void connect(std::shared_ptr<reply_wait> const& waiter) = 0;
    /// Calls the handler; the object is gone then.
    virtual void call(error_code ec, response&& reply) = 0;

    static void* operator new(std::size_t size) { return block_cache::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        block_cache::deallocate(memory, size);
    }
};

using reply_handler_ptr = std::unique_ptr<reply_handler>;

template <class Handler>
class typed_reply_handler final : public reply_handler {
public:
    explicit typed_reply_handler(Handler&& handler) : handler_(std::move(handler)) {}

    asio::any_io_executor executor(asio::any_io_executor const& fallback) const override {
        return asio::get_associated_executor(handler_, fallback);
    }
    void connect(std::shared_ptr<reply_wait> const& waiter) override {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.assign(reply_canceller(waiter));
    }
    void call(error_code ec, response&& reply) override {
        Handler handler(std::move(handler_));
        delete this;
        std::move(handler)(ec, std::move(reply));
    }

private:
    Handler handler_;
};

template <class Handler>
reply_handler_ptr erase_handler(Handler&& handler) {
    return reply_handler_ptr(new typed_reply_handler<Handler>(std::move(handler)));
}

/// Waits for the reply of an exchange that did not complete in place. A template, as is what
/// follows, so that only who dispatches pays for it.
template <class = void>
void wait_for_reply(reply_handler_ptr handler, exchange_ptr ex);

/// Starts an exchange on its executor, which is not the calling thread's as far as is known;
/// `source` lives until it is started.
template <class = void>
void dispatch_exchange(reply_handler_ptr handler, exchange_ptr ex,
                       std::shared_ptr<exchange_factory> source);

/** Hands a reply to a handler.

    It has no associated executor of its own, so that posting it to the handler's is one step.
*/
template <class Handler>
class reply_delivery {
public:
    using allocator_type = asio::associated_allocator_t<Handler>;

    reply_delivery(Handler&& handler, exchange_ptr&& ex)
        : handler_(std::move(handler)), exchange_(std::move(ex)) {}

    allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(handler_);
    }

    void operator()() {
        exchange_ptr const ex = std::move(exchange_);
        std::move(handler_)(error_code(), finished_reply(*ex, small_file));
        hand_over(*ex);
    }

private:
    Handler handler_;
    exchange_ptr exchange_;
};

/// Fills an exchange's request.
inline void fill_request(request& to, request&& from) {
    to = std::move(from);
}
template <class Body, class Fields>
void fill_request(request& to, beast::http::message<true, Body, Fields>&& from) {
    take_parsed(to, from);
}
template <class Body, class Fields>
void fill_request(request& to, beast::http::message<true, Body, Fields> const& from) {
    auto copy = from;
    fill_request(to, std::move(copy));
}

/// Any request of Beast's as ours.
inline request as_request(request&& m) {
    return std::move(m);
}
template <class Body, class Fields>
request as_request(beast::http::message<true, Body, Fields>&& m) {
    return convert(std::move(m));
}

/// Runs a request through the hooks, for a handler.
struct initiate_dispatch {
    template <class Handler, class Message, class Origin>
    void operator()(Handler handler, std::shared_ptr<exchange_factory> hooks,
                    asio::any_io_executor const& fallback, Message&& message,
                    Origin&& from) const {  // as they come: moving a request is not free
        asio::any_io_executor const executor = asio::get_associated_executor(handler, fallback);
        exchange_ptr ex = hooks->make_exchange(executor, nullptr);
        fill_request(incoming_of(*ex), std::forward<Message>(message));
        origin_of(*ex) = std::forward<Origin>(from);
        if (!runs_here(executor))
            return dispatch_exchange(erase_handler(std::move(handler)), std::move(ex),
                                     std::move(hooks));
        if (!start(*ex)) return wait_for_reply(erase_handler(std::move(handler)), std::move(ex));
        auto const target = asio::get_associated_executor(handler, executor);
        asio::post(target, reply_delivery<Handler>(std::move(handler), std::move(ex)));
    }
};

/// Runs a request through the hooks, in a coroutine.
template <class Executor>
asio::awaitable<response, Executor> dispatch_in_coroutine(std::shared_ptr<exchange_factory> hooks,
                                                          request req, origin from) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    exchange_ptr ex = hooks->make_exchange(executor, nullptr);
    incoming_of(*ex) = std::move(req);
    origin_of(*ex) = std::move(from);
    if (start(*ex)) {
        response reply = finished_reply(*ex, small_file);
        hand_over(*ex);
        co_return reply;
    }
    asio::use_awaitable_t<Executor> token;
    auto waiting =
        asio::async_initiate<asio::use_awaitable_t<Executor>, void(error_code, response)>(
            [](auto handler, exchange_ptr waited) {
                wait_for_reply(erase_handler(std::move(handler)), std::move(waited));
            },
            token, std::move(ex));
    response reply = co_await std::move(waiting);
    co_return reply;
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
extern template void wait_for_reply(reply_handler_ptr handler, exchange_ptr ex);
extern template void dispatch_exchange(reply_handler_ptr handler, exchange_ptr ex,
                                       std::shared_ptr<exchange_factory> source);
extern template asio::awaitable<response, asio::any_io_executor> dispatch_in_coroutine(
    std::shared_ptr<exchange_factory> hooks, request req, origin from);
#endif

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
