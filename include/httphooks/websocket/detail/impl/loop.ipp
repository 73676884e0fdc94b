// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/loop.hpp>

#include <httphooks/http/detail/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace httphooks::websocket::detail {

/// Keeps the loop where its context can find it, and ends it with the context.
class loop::service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit service(asio::execution_context& context)
        : asio::execution_context::service(context), loop_(std::make_shared<loop>(context)) {}

    std::shared_ptr<loop> const& get() const noexcept { return loop_; }

private:
    void shutdown() override { loop_->shut_down(); }

    std::shared_ptr<loop> loop_;
};

HTTPHOOKS_DECL loop::loop(asio::execution_context& context)
    : virtual_(httphooks::detail::virtual_time::of(context)),
      started_(httphooks::detail::now(virtual_)) {}

HTTPHOOKS_DECL std::shared_ptr<loop> loop::of(asio::execution_context& context) {
    return asio::use_service<service>(context).get();
}

HTTPHOOKS_DECL void loop::enter(loop_member& m, asio::any_io_executor const& executor) {
    std::lock_guard const lock(mutex_);
    members_.push_back(m);
    if (count_++ == 0 && !manual_) {
        tick const now = tick_now();
        wheel_.advance(now, [](timer_wheel::entry&) {});
        now_.store(now, std::memory_order_relaxed);
        arm(executor);
    }
}

HTTPHOOKS_DECL void loop::leave(loop_member& m) noexcept {
    std::lock_guard const lock(mutex_);
    if (!m.is_linked()) return;
    wheel_.cancel(m);
    members_.erase(members_.iterator_to(m));
    if (--count_ == 0 && timer_) timer_->cancel();
}

HTTPHOOKS_DECL void loop::arm(asio::any_io_executor const& executor) {
    if (std::exchange(armed_, true)) return;
    if (!timer_) timer_.emplace(executor);
    wait();
}

HTTPHOOKS_DECL void loop::wait() {
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

HTTPHOOKS_DECL void loop::manual() {
    std::lock_guard const lock(mutex_);
    manual_ = true;
    if (timer_) timer_->cancel();
}

HTTPHOOKS_DECL void loop::advance(tick now) {
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

HTTPHOOKS_DECL void loop::shut_down() noexcept {
    std::vector<std::shared_ptr<loop_member>> all = members([](loop_member&) { return true; });
    for (auto const& m : all) m->abandon();
    std::lock_guard const lock(mutex_);
    timer_.reset();
}

}  // namespace httphooks::websocket::detail
