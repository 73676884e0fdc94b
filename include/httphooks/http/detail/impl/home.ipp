// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/home.hpp>

#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

struct timers::service final : asio::execution_context::service {
    using key_type = service;
    static inline asio::execution_context::id id{};

    explicit service(asio::execution_context& context)
        : asio::execution_context::service(context) {}

    void shutdown() override {
        if (timers_) timers_->end();
    }

    /// What a home is; that of the context's own executor is the same one for all.
    std::shared_ptr<home::state const> get(asio::any_io_executor executor) {
        std::lock_guard const lock(mutex_);
        if (!timers_) timers_ = std::make_shared<timers>(executor);
        bool const is_context = executor.target<home::context_executor>() != nullptr;
        if (is_context && context_) return context_;
        auto made = std::make_shared<home::state const>(std::move(executor), timers_);
        if (is_context) context_ = made;
        return made;
    }

    std::mutex mutex_{};
    std::shared_ptr<timers> timers_{};
    std::shared_ptr<home::state const> context_{};
};

HTTPHOOKS_DECL timers::timers(asio::any_io_executor const& executor)
    : timer_(std::in_place, executor),
      virtual_([&executor]() -> std::shared_ptr<httphooks::detail::virtual_time> {
          auto* const t = httphooks::detail::virtual_time::of(executor);
          return t ? t->shared_from_this() : nullptr;
      }()) {}

HTTPHOOKS_DECL void timers::set(timed& t, std::optional<time_point> at) {
    std::lock_guard const lock(mutex_);
    if (t.hook_.is_linked()) {
        if (at && t.deadline_ == *at) return;
        queue_.erase(queue_.iterator_to(t));
    }
    if (!at || !timer_) return;
    t.deadline_ = *at;
    queue_.insert(t);
    if (*at < armed_) arm();
}

HTTPHOOKS_DECL void timers::arm() {
    armed_ = queue_.begin()->deadline_;
    timer_->expires_at(armed_);
    timer_->async_wait([weak = weak_from_this()](error_code ec) {
        if (ec) return;
        if (auto const self = weak.lock()) self->on_timer();
    });
}

inline void timers::on_timer() {
    std::vector<std::shared_ptr<timed>> due;
    {
        std::lock_guard const lock(mutex_);
        if (!timer_) return;
        auto const time = now();
        while (!queue_.empty() && queue_.begin()->deadline_ <= time) {
            timed& t = *queue_.begin();
            queue_.erase(queue_.begin());
            if (auto alive = t.weak_from_this().lock()) due.push_back(std::move(alive));
        }
        armed_ = time_point::max();
        if (!queue_.empty()) arm();
    }
    for (auto const& t : due) t->on_deadline();
}

HTTPHOOKS_DECL void timers::enter(timed& t) {
    std::lock_guard const lock(mutex_);
    members_.push_back(t);
}

HTTPHOOKS_DECL void timers::leave(timed& t) noexcept {
    std::lock_guard const lock(mutex_);
    if (t.hook_.is_linked()) queue_.erase(queue_.iterator_to(t));
    if (t.member_.is_linked()) members_.erase(members_.iterator_to(t));
    if (!members_.empty() || !timer_ || armed_ == time_point::max()) return;
    // nobody is left to wait for: the loop may end
    timer_->cancel();
    armed_ = time_point::max();
}

HTTPHOOKS_DECL void timers::end() {
    std::vector<std::shared_ptr<timed>> alive;
    {
        std::lock_guard const lock(mutex_);
        queue_.clear();
        for (timed& t : members_)
            if (auto kept = t.weak_from_this().lock()) alive.push_back(std::move(kept));
        members_.clear();
        timer_.reset();
        ended_.store(true, std::memory_order_release);
    }
    for (auto const& t : alive) t->on_loop_end();
}

HTTPHOOKS_DECL home::home(asio::any_io_executor executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    state_ = asio::use_service<timers::service>(context).get(std::move(executor));
}

HTTPHOOKS_DECL bool home::here() const noexcept {
    if (state_->timers->ended()) return false;
    if (state_->context) return state_->context->running_in_this_thread();
    if (auto const* const e = executor().target<asio::strand<context_executor>>())
        return e->running_in_this_thread();
    if (auto const* const e = executor().target<asio::strand<asio::any_io_executor>>())
        return e->running_in_this_thread();
    return false;
}

}  // namespace httphooks::http::detail
