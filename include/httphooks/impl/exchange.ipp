// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/exchange.hpp>

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstdint>

namespace httphooks {

HTTPHOOKS_DECL void exchange::bind(detail::exchange_factory& source, detail::counters& counters,
                                   asio::any_io_executor const& executor, bool serial,
                                   reply_sink* sink) {
    source_ = &source;
    counters_ = &counters;
    executor_ = executor;
    serial_ = serial;
    sink_.store(sink, std::memory_order_relaxed);
}

namespace detail {

HTTPHOOKS_DECL std::uint64_t next_exchange_id() noexcept {
    static std::atomic<std::uint64_t> threads{0};
    thread_local std::uint64_t last = threads.fetch_add(1, std::memory_order_relaxed) << 40;
    return ++last;
}

}  // namespace detail

}  // namespace httphooks
