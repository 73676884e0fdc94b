// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/virtual_time.hpp>

#include <httphooks/detail/system/later.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// Keeps the time where its context can find it, and ends it with the context.
class virtual_time::service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id{};

    explicit service(asio::execution_context& context)
        : asio::execution_context::service(context), time_(std::make_shared<virtual_time>()) {}

    std::shared_ptr<virtual_time> const& get() const noexcept { return time_; }

private:
    void shutdown() override { time_->shut_down(); }

    std::shared_ptr<virtual_time> time_;
};

HTTPHOOKS_DECL std::shared_ptr<virtual_time> virtual_time::create(
    asio::execution_context& context) {
    used_.store(true, std::memory_order_relaxed);
    return asio::use_service<service>(context).get();
}

HTTPHOOKS_DECL virtual_time* virtual_time::find(asio::execution_context& context) {
    if (!asio::has_service<service>(context)) return nullptr;
    return asio::use_service<service>(context).get().get();
}

HTTPHOOKS_DECL virtual_time* virtual_time::find(asio::any_io_executor const& executor) {
    if (!executor) return nullptr;
    return find(asio::query(executor, asio::execution::context));
}

inline void virtual_time::complete(waiting w, error_code ec) {
    std::shared_ptr<waiter> const who = std::move(w.who);
    call_later(w.executor, [who, ec] { who->complete(ec); });
}

HTTPHOOKS_DECL void virtual_time::wait(void const* timer, asio::any_io_executor const& executor,
                                       time_point at, std::unique_ptr<waiter> w) {
    waiting one{at, timer, executor, std::move(w)};
    {
        std::lock_guard const lock(mutex_);
        if (ended_) return;
        if (at > now()) return waiting_.push_back(std::move(one));
    }
    complete(std::move(one), {});
}

HTTPHOOKS_DECL void virtual_time::cancel(void const* timer) {
    std::vector<waiting> cancelled;
    {
        std::lock_guard const lock(mutex_);
        for (auto it = waiting_.begin(); it != waiting_.end();) {
            if (it->timer != timer) {
                ++it;
                continue;
            }
            cancelled.push_back(std::move(*it));
            it = waiting_.erase(it);
        }
    }
    for (waiting& w : cancelled) complete(std::move(w), asio::error::operation_aborted);
}

inline std::vector<virtual_time::waiting>::const_iterator virtual_time::first() const noexcept {
    auto found = waiting_.begin();
    for (auto it = found; it != waiting_.end(); ++it)
        if (it->at < found->at) found = it;
    return found;
}

HTTPHOOKS_DECL std::optional<virtual_time::time_point> virtual_time::next() const {
    std::lock_guard const lock(mutex_);
    auto const it = first();
    if (it == waiting_.end()) return std::nullopt;
    return it->at;
}

HTTPHOOKS_DECL void virtual_time::go_to(time_point t) {
    std::vector<waiting> due;
    {
        std::lock_guard const lock(mutex_);
        now_.store(t.time_since_epoch().count(), std::memory_order_relaxed);
        for (auto it = first(); it != waiting_.end() && it->at <= t; it = first()) {
            auto const place = waiting_.begin() + (it - waiting_.cbegin());
            due.push_back(std::move(*place));
            waiting_.erase(place);
        }
    }
    for (waiting& w : due) complete(std::move(w), {});
}

HTTPHOOKS_DECL void virtual_time::shut_down() {
    std::vector<waiting> dropped;  // destroyed without the lock: they may cancel
    std::lock_guard const lock(mutex_);
    ended_ = true;
    dropped.swap(waiting_);
}

}  // namespace httphooks::detail
