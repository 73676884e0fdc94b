// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A timer of the steady clock, or of the time that a test moves.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/virtual_time.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace httphooks::detail {

/** As asio::steady_timer; but if its executor's context has a time of its own, it goes by that.

    Like that it may not outlive the context, whose end destroys handlers uncalled. Not thread-safe.
*/
class timer {
public:
    using time_point = virtual_time::time_point;
    using duration = time_point::duration;

    explicit timer(asio::any_io_executor const& executor)
        : real_(executor), virtual_(virtual_time::of(executor)) {}
    timer(timer const&) = delete;
    timer& operator=(timer const&) = delete;
    ~timer() {
        if (virtual_) [[unlikely]]
            virtual_->cancel(this);
    }

    /// The time that it goes by.
    time_point now() const noexcept { return detail::now(virtual_); }

    /// Sets when it expires; cancels.
    void expires_at(time_point t) {
        if (virtual_) [[unlikely]]
            virtual_->cancel(this);
        real_.expires_at(t);
    }
    void expires_after(duration d) {
        if (virtual_) [[unlikely]]
            expires_at(virtual_->now() + d);
        else
            real_.expires_after(d);
    }
    void cancel() {
        if (virtual_) [[unlikely]]
            virtual_->cancel(this);
        else
            real_.cancel();
    }

    /// Calls `h(error_code)` when it has expired, or is cancelled.
    template <class Handler>
    void async_wait(Handler&& h) {
        if (virtual_) [[unlikely]]
            wait_virtually(std::forward<Handler>(h));
        else
            real_.async_wait(std::forward<Handler>(h));
    }

private:
    template <class Handler>
    class waiter final : public virtual_time::waiter {
    public:
        explicit waiter(Handler h) : handler_(std::move(h)) {}
        void complete(error_code ec) override { handler_(ec); }

    private:
        Handler handler_;
    };

    template <class Handler>
    [[gnu::cold, gnu::noinline]] void wait_virtually(Handler&& h) {
        virtual_->wait(this, real_.get_executor(), real_.expiry(),
                       std::make_unique<waiter<std::decay_t<Handler>>>(std::forward<Handler>(h)));
    }

    asio::steady_timer real_;
    virtual_time* const virtual_;
};

}  // namespace httphooks::detail
