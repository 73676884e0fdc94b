// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/body_budget.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL std::shared_ptr<body_claim> body_budget::open() {
    std::uint64_t age = 0;
    {
        std::lock_guard const lock(mutex_);
        age = ++youngest_;
    }
    return std::make_shared<body_claim>(shared_from_this(), age);
}

/// Tells what is used.
inline void body_budget::tell() noexcept {
    counters_->set_bodies(used_.load(std::memory_order_relaxed),
                          waiting_.load(std::memory_order_relaxed));
}

/// Counts more.
inline void body_budget::take(body_claim& c, std::uint64_t n) noexcept {
    c.granted_ += n;
    used_.store(used_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

/// Counts less. serve() follows.
inline void body_budget::give_back(body_claim& c, std::uint64_t n) noexcept {
    c.granted_ -= n;
    used_.store(used_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
}

/// Gives room to one whose turn it is. @return whether there is some
inline bool body_budget::grant(body_claim& c, std::uint64_t n) noexcept {
    std::uint64_t const used = used_.load(std::memory_order_relaxed);
    bool const fits = used < most_ && n <= most_ - used;
    if (!fits) {
        if (ahead_ && ahead_ != &c) return false;
        ahead_ = &c;
    }
    take(c, n);
    return true;
}

inline void body_budget::enqueue(body_claim& c) noexcept {
    body_claim* before = last_;
    while (before && before->age_ > c.age_) before = before->previous_;
    c.previous_ = before;
    c.next_ = before ? before->next_ : first_;
    (before ? before->next_ : first_) = &c;
    (c.next_ ? c.next_->previous_ : last_) = &c;
    waiting_.store(waiting_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

inline void body_budget::dequeue(body_claim& c) noexcept {
    if (c.wanted_ == 0) return;
    (c.previous_ ? c.previous_->next_ : first_) = c.next_;
    (c.next_ ? c.next_->previous_ : last_) = c.previous_;
    c.next_ = c.previous_ = nullptr;
    c.wanted_ = 0;
    waiting_.store(waiting_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

/// Gives what is free to those that wait.
HTTPHOOKS_DECL void body_budget::serve() noexcept {
    if (used_.load(std::memory_order_relaxed) <= most_) ahead_ = nullptr;
    while (first_) {
        body_claim& c = *first_;
        std::uint64_t const n = c.wanted_;
        if (!grant(c, n)) break;
        try {
            // with the mutex: who leaves the queue, before its context ends, waits for it
            asio::post(c.executor_, [weak = c.weak_from_this()] {
                auto const kept = weak.lock();
                body_reader* const r = kept ? std::exchange(kept->reader_, nullptr) : nullptr;
                if (r) r->on_room();
            });
        } catch (...) {  // no memory: it is tried again when more is given back
            give_back(c, n);
            break;
        }
        dequeue(c);
    }
    tell();
}

HTTPHOOKS_DECL body_claim::~body_claim() {
    std::lock_guard const lock(budget_->mutex_);
    budget_->dequeue(*this);
    budget_->give_back(*this, granted_);
    if (budget_->ahead_ == this) budget_->ahead_ = nullptr;
    budget_->serve();
}

HTTPHOOKS_DECL void body_claim::set(std::uint64_t size) noexcept {
    std::lock_guard const lock(budget_->mutex_);
    bool const less = size < size_;
    size_ = size;
    if (size > granted_) {
        budget_->take(*this, size - granted_);
        budget_->tell();
    } else if (less) {
        budget_->give_back(*this, granted_ - size);
        budget_->serve();
    }
}

HTTPHOOKS_DECL std::uint64_t body_claim::left() const noexcept {
    std::lock_guard const lock(budget_->mutex_);
    return granted_ - size_;
}

HTTPHOOKS_DECL std::uint64_t body_claim::ask(std::uint64_t n, body_reader& r,
                                             asio::any_io_executor const& executor) {
    if (reader_) {
        reader_ = &r;
        return 0;
    }
    n = std::min(n, std::max<std::uint64_t>(budget_->most_, body_budget::step));
    std::lock_guard const lock(budget_->mutex_);
    if (granted_ > size_) return granted_ - size_;
    body_claim const* const first = budget_->first_;
    bool const next = !first || age_ < first->age_ || budget_->ahead_ == this;
    if (!next || !budget_->grant(*this, n)) {
        reader_ = &r;
        executor_ = executor;
        wanted_ = n;
        budget_->enqueue(*this);
        n = 0;
    }
    budget_->tell();
    return n;
}

HTTPHOOKS_DECL void body_claim::close() noexcept {
    reader_ = nullptr;
    std::lock_guard const lock(budget_->mutex_);
    budget_->dequeue(*this);
    executor_ = asio::any_io_executor();
    if (granted_ > size_) budget_->give_back(*this, granted_ - size_);
    budget_->serve();
}

/// Goes on beyond the budget no more.
inline void body_claim::fall_back() noexcept {
    std::lock_guard const lock(budget_->mutex_);
    if (budget_->ahead_ != this) return;
    budget_->ahead_ = nullptr;
    budget_->serve();
}

HTTPHOOKS_DECL void body_claim::settle(asio::any_io_executor const& executor) noexcept {
    {
        std::lock_guard const lock(budget_->mutex_);
        if (budget_->ahead_ != this) return;
    }
    try {
        asio::post(executor, [weak = weak_from_this()] {
            if (auto const kept = weak.lock()) kept->fall_back();
        });
    } catch (...) {  // no memory to wait
        fall_back();
    }
}

}  // namespace httphooks::detail
