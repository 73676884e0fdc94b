// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The set of hooks behind a registry: changed under a mutex, read as immutable tables.
*/

#include <httphooks/config.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/registry/services.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace httphooks::detail {

/** The set of hooks, and the table that was built of it last.

    A change makes a new version; the table is built when somebody first asks for it.

    @par Thread safety
    All members may be called from all threads.
*/
class registry_core {
public:
    explicit registry_core(registry_options options)
        : services_(std::make_shared<registry_services>(std::move(options))) {}

    /// Gives the hook an id and adds it.
    hook_id add(std::shared_ptr<hook_entry> hook);

    /// Adds several at once.
    std::vector<hook_id> add(std::vector<std::shared_ptr<hook_entry>> hooks);

    /// Removes all of them, or throws and removes none.
    void remove(std::span<hook_id const> ids);
    void clear();

    void default_responder(hook_entry_ptr hook);
    void no_match(hook_entry_ptr hook);

    void trace(std::shared_ptr<exchange_tracer> t);
    void untrace(std::shared_ptr<exchange_tracer> const& t);

    std::vector<hook_info> hooks() const;
    /// All of them with what may be wrong; which responders run is the registry's to say.
    std::vector<hook_description> describe(describe_options o) const;

    /// The table of the newest version.
    hook_table_ptr table();

    /// Changes with every change of the hooks.
    std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

    registry_services& services() noexcept { return *services_; }
    std::shared_ptr<registry_services> const& shared_services() const noexcept { return services_; }

private:
    /// Called with the mutex held.
    void changed() noexcept { version_.fetch_add(1, std::memory_order_release); }
    inline hook_table_ptr build() const;
    /// Those that match, then the default responder, then the no-match handler; not yet in order.
    inline std::vector<hook_description> descriptions() const;

    mutable std::mutex mutex_;
    std::shared_ptr<registry_services> services_;
    std::vector<hook_entry_ptr> hooks_;
    hook_entry_ptr default_responder_;
    hook_entry_ptr no_match_;
    std::vector<std::shared_ptr<exchange_tracer>> tracers_;
    std::uint64_t last_id_ = 0;
    std::atomic<std::uint64_t> version_{1};
    std::uint64_t built_version_ = 0;
    hook_table_ptr built_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/registry_core.ipp>
#endif
