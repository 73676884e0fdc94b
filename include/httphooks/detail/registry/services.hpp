// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What all exchanges of a registry share: its options, its error handler, its counters.
*/

#include <httphooks/hook.hpp>
#include <httphooks/multipart.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace httphooks {

/// What a registry is created with.
struct registry_options {
    /// How long an asynchronous run of a hook may take; 0: without limit.
    std::chrono::milliseconds time_limit = std::chrono::seconds(30);
    /// How many asynchronous listeners of one event loop may run at once; more are dropped and
    /// counted.
    std::size_t max_listeners = 10'000;
    /// Told of every error in a hook, on the thread where it happened; null: one line on std::cerr.
    std::function<void(hook_error const&)> error_handler = nullptr;
    /// The value of the Server header; empty: none.
    std::string server_name = {};
    /// The second that it is now; null: the system's clock. For tests.
    std::function<std::time_t()> clock = nullptr;
    /// Random bits for the boundary of a collapsed reply; null: the system's. For tests.
    boundary_source boundary = nullptr;
};

/// What a registry has counted since it was created, and what it is doing now.
struct registry_stats {
    /// Exchanges that have begun and whose reply is not handed over yet.
    std::uint64_t exchanges = 0;
    /// Asynchronous listeners that are running.
    std::uint64_t listeners = 0;
    /// Calls of `done`, or of a context, that came after the hook's part was over.
    std::uint64_t late_calls = 0;
    /// Runs of hooks that exceeded their time limit.
    std::uint64_t timeouts = 0;
    /// Listeners that were not started because too many were running.
    std::uint64_t dropped_listeners = 0;
    /// Requests from which `x-httphooks-*` headers were removed.
    std::uint64_t spoofed_control_headers = 0;
};

namespace detail {

/// The counters of one event loop, on cache lines of their own.
struct alignas(64) counters {
    std::atomic<std::uint64_t> exchanges{0};
    std::atomic<std::uint64_t> listeners{0};
    std::atomic<std::uint64_t> late_calls{0};
    std::atomic<std::uint64_t> timeouts{0};
    std::atomic<std::uint64_t> dropped_listeners{0};
    std::atomic<std::uint64_t> spoofed_control_headers{0};

    static void add(std::atomic<std::uint64_t>& c) noexcept {
        c.fetch_add(1, std::memory_order_relaxed);
    }
    static void subtract(std::atomic<std::uint64_t>& c) noexcept {
        c.fetch_sub(1, std::memory_order_release);
    }
};

/// Shared by a registry, its tables and every exchange that uses one of them.
class registry_services : public std::enable_shared_from_this<registry_services> {
public:
    explicit registry_services(registry_options o);

    registry_options const options;

    /// Counters for one more event loop; when it lets go of them, another one goes on with them.
    std::shared_ptr<counters> new_counters();

    /// The counters for callers that have no event loop of ours.
    counters& shared_counters() noexcept { return shared_; }

    /// The sums over all loops.
    registry_stats stats() const;

    /// Tells the error handler; whatever it throws is dropped.
    void report(hook_error const& e) const noexcept;

private:
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<counters>> loops_;
    std::vector<counters*> unused_;
    counters shared_;
};

void print_hook_error(hook_error const& e);

// ---------------------------------------------------------------------------------------------

inline registry_services::registry_services(registry_options o) : options(std::move(o)) {}

inline std::shared_ptr<counters> registry_services::new_counters() {
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

inline registry_stats registry_services::stats() const {
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

inline void registry_services::report(hook_error const& e) const noexcept {
    try {
        if (options.error_handler)
            options.error_handler(e);
        else
            print_hook_error(e);
    } catch (...) {  // an error handler that fails must not fail the exchange
    }
}

inline void print_hook_error(hook_error const& e) {
    std::ostringstream line;
    line << "httphooks: exchange " << e.exchange_id << ", " << to_string(e.hook.type) << ' '
         << e.hook.pattern << " (" << e.hook.where.file_name() << ':' << e.hook.where.line()
         << "): " << e.what() << '\n';
    std::cerr << line.str();
}

}  // namespace detail
}  // namespace httphooks
