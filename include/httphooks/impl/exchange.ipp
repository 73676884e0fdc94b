// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/exchange.hpp>

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/message.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace httphooks {

HTTPHOOKS_DECL void intrusive_ptr_add_ref(exchange* ex) noexcept {
    ex->references_.fetch_add(1, std::memory_order_relaxed);
}

HTTPHOOKS_DECL void intrusive_ptr_release(exchange* ex) noexcept {
    if (ex->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) ex->recycle();
}

inline std::shared_ptr<httphooks::request> exchange::new_request() {
    return std::allocate_shared<httphooks::request>(
        detail::recycling_allocator<httphooks::request>());
}

HTTPHOOKS_DECL exchange::exchange() : incoming_(new_request()), request_(incoming_) {}

HTTPHOOKS_DECL exchange::~exchange() {
    if (state_) state_type_.destroy(state_);
}

/// Objects that wait for the thread's next request.
struct exchange::pool {
    static constexpr std::size_t most = 64;
    std::vector<exchange*> free;

    pool() { free.reserve(most); }
    pool(pool const&) = delete;
    pool& operator=(pool const&) = delete;
    ~pool() {
        for (exchange* ex : free) delete ex;
    }

    static pool* of_thread() noexcept {
        return detail::caching ? detail::thread_cache<pool>::get() : nullptr;
    }
};

HTTPHOOKS_DECL exchange_ptr exchange::make(detail::exchange_factory& source,
                                           detail::counters& counters, detail::state_type state,
                                           asio::any_io_executor const& executor, bool serial,
                                           reply_sink* sink) {
    exchange_ptr ex;
    if (pool* const p = pool::of_thread(); p && !p->free.empty()) {
        ex.reset(p->free.back());
        p->free.pop_back();
    } else {
        ex.reset(new exchange());
    }
    ex->source_ = &source;
    ex->counters_ = &counters;
    ex->state_type_ = state;
    ex->executor_ = executor;
    ex->serial_ = serial;
    ex->sink_.store(sink, std::memory_order_relaxed);
    return ex;
}

inline void exchange::recycle() noexcept {
    reset();
    if (void* const state = std::exchange(state_, nullptr)) state_type_.destroy(state);
    if (pool* const p = pool::of_thread(); p && p->free.size() < pool::most)
        p->free.push_back(this);
    else
        delete this;
}

namespace detail {

HTTPHOOKS_DECL std::uint64_t next_exchange_id() noexcept {
    static std::atomic<std::uint64_t> threads{0};
    thread_local std::uint64_t last = threads.fetch_add(1, std::memory_order_relaxed) << 40;
    return ++last;
}

}  // namespace detail

}  // namespace httphooks
