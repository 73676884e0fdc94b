// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A registered hook with its callback erased, and the table in which requests look hooks up.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/services.hpp>
#include <httphooks/detail/registry/told_once.hpp>
#include <httphooks/detail/runs/hook_callback.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/request_id.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/route_table.hpp>
#include <httphooks/trace.hpp>
#include <httphooks/url.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace httphooks {

namespace detail {

/// The match of a hook that was not found by its pattern: default responder, no-match handler.
inline constexpr std::size_t no_match_index = std::numeric_limits<std::size_t>::max();

;

/// A registered hook.
struct hook_entry {
    hook_info info;
    route_pattern pattern;
    hook_callback callback{};
    /// Of a responder; see specificity_of().
    std::string specificity{};
    mutable told_once told{};

    /// Whether a run of it may complete later.
    bool asynchronous() const noexcept { return callback.call == nullptr; }
};

using hook_entry_ptr = std::shared_ptr<hook_entry const>;

/// One consistent set of hooks; immutable, shared by every exchange that began with it.
struct hook_table {
    route_table<hook_entry const*> routes;
    std::vector<hook_entry_ptr> hooks;
    hook_entry_ptr default_responder;
    hook_entry_ptr no_match;
    bool has_body_limits = false;
    /// Whether hooks may run before the body of a request has come.
    bool before_bodies = false;
    /// Whether not every responder that matches runs; see pick_responders().
    bool picks_responders = false;
    std::shared_ptr<registry_services> services;
    /// Who watches the exchanges.
    std::vector<std::shared_ptr<exchange_tracer>> tracers;
    bool hooks_traced = false;
    /// Somebody watches, or wants to know how long exchanges take.
    bool timed = false;
    /// Gives requests their ids; null: they have none. The services' own.
    request_id const* ids = nullptr;
};

/// The limit of bodies that a hook sets, in bytes.
std::optional<std::uint64_t> body_limit_of(hook_info const& hook) noexcept;

/** Leaves those responders among the matches that are to run, and the hooks of other types.

    @param matches what `table`, one that picks responders, found for this method and location
*/
void pick_responders(hook_table const& table, verb method, url const& location,
                     route_table<hook_entry const*>::match_list& matches);

/// The smallest body limit of the hooks that match, in bytes; `matches` is for its memory only.
std::optional<std::uint64_t> smallest_body_limit(
    hook_table const& table, verb method, url const& location,
    route_table<hook_entry const*>::match_list& matches);

}  // namespace detail
}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/hook_entry.ipp>
#endif
