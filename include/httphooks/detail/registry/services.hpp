// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What all exchanges of a registry share: its options, its error handler, its counters.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/told_once.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/registry_options.hpp>
#include <httphooks/registry_stats.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace httphooks {

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

    /// What the error handler was told of registry_options::on_failure.
    mutable told_once told_of_handler{};

private:
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<counters>> loops_;
    std::vector<counters*> unused_;
    counters shared_;
};

void print_hook_error(hook_error const& e);

}  // namespace detail
}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/services.ipp>
#endif
