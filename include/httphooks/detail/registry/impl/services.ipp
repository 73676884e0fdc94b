// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/services.hpp>

#include <httphooks/hook.hpp>

#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <utility>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL registry_services::registry_services(registry_options o) : options(std::move(o)) {}

HTTPHOOKS_DECL std::shared_ptr<counters> registry_services::new_counters() {
    counters* mine = nullptr;
    {
        std::lock_guard const lock(mutex_);
        if (unused_.empty()) {
            loops_.push_back(std::make_unique<counters>());
            unused_.reserve(loops_.capacity());  // so that giving back does not allocate
            mine = loops_.back().get();
        } else {
            mine = unused_.back();
            unused_.pop_back();
        }
    }
    return {mine, [self = shared_from_this()](counters* c) {
                std::lock_guard const lock(self->mutex_);
                self->unused_.push_back(c);
            }};
}

HTTPHOOKS_DECL registry_stats registry_services::stats() const {
    registry_stats sum;
    auto const add = [&sum](counters const& c) {
        sum.exchanges += c.exchanges.load(std::memory_order_acquire);
        sum.listeners += c.listeners.load(std::memory_order_acquire);
        sum.late_calls += c.late_calls.load(std::memory_order_relaxed);
        sum.timeouts += c.timeouts.load(std::memory_order_relaxed);
        sum.dropped_listeners += c.dropped_listeners.load(std::memory_order_relaxed);
        sum.spoofed_control_headers += c.spoofed_control_headers.load(std::memory_order_relaxed);
    };
    std::lock_guard const lock(mutex_);
    add(shared_);
    for (auto const& c : loops_) add(*c);
    return sum;
}

HTTPHOOKS_DECL void registry_services::report(hook_error const& e) const noexcept {
    try {
        if (options.error_handler)
            options.error_handler(e);
        else
            print_hook_error(e);
    } catch (...) {  // an error handler that fails must not fail the exchange
    }
}

HTTPHOOKS_DECL void print_hook_error(hook_error const& e) {
    std::ostringstream line;
    line << "httphooks: exchange " << e.exchange_id;
    if (!e.request_id.empty()) line << " (" << e.request_id << ')';
    line << ", " << to_string(e.hook.type) << ' '
         << e.hook.pattern << " (" << e.hook.where.file_name() << ':' << e.hook.where.line()
         << "): " << e.what() << '\n';
    std::cerr << line.str();
}

}  // namespace detail

}  // namespace httphooks
