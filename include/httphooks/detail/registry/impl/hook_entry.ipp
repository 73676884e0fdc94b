// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/hook_entry.hpp>

#include <httphooks/hook.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/responders.hpp>
#include <httphooks/route_table.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace httphooks {

namespace detail {

/// Whether a responder that is no fallback serves the path for any method.
inline bool is_served(hook_table const& table, url const& location,
                      route_table<hook_entry const*>::match_list& scratch) {
    table.routes.lookup_any(location, scratch);
    for (std::size_t i = 0; i < scratch.size(); ++i) {
        hook_info const& info = scratch[i].value->info;
        if (info.type == hook_type::responder && !info.options.fallback) return true;
    }
    return false;
}

HTTPHOOKS_DECL void pick_responders(hook_table const& table, verb method, url const& location,
                                    route_table<hook_entry const*>::match_list& matches) {
    bool own = false;
    bool fallbacks = false;
    for (std::size_t i = 0; i < matches.size(); ++i) {
        hook_info const& info = matches[i].value->info;
        if (info.type == hook_type::responder) (info.options.fallback ? fallbacks : own) = true;
    }
    bool served = own;
    if (!own && fallbacks) {
        served = is_served(table, location, matches);
        table.routes.lookup(method, location, matches);
    }
    auto const may_run = [&](hook_info const& info) { return info.options.fallback != served; };
    matches.keep([&](hook_entry const* entry) {
        return entry->info.type != hook_type::responder || may_run(entry->info);
    });
    bool const one = !served || table.services->options.responders == responders::best;
    if (!one) return;
    bool exactly_head = false;
    for (std::size_t i = 0; i < matches.size(); ++i) {
        hook_info const& info = matches[i].value->info;
        if (info.type == hook_type::responder && info.method == verb::head) exactly_head = true;
    }
    hook_entry const* best = nullptr;
    for (std::size_t i = 0; i < matches.size(); ++i) {
        hook_entry const& entry = *matches[i].value;
        if (entry.info.type != hook_type::responder) continue;
        if (exactly_head && entry.info.method == verb::get) continue;
        if (!best || entry.specificity < best->specificity) best = &entry;
    }
    matches.keep([best](hook_entry const* entry) {
        return entry->info.type != hook_type::responder || entry == best;
    });
}

HTTPHOOKS_DECL std::optional<std::uint64_t> body_limit_of(hook_info const& hook) noexcept {
    hook_options const& o = hook.options;
    if (o.body_limit == 0u && o.body == body::stream)
        return std::numeric_limits<std::uint64_t>::max();
    return o.body_limit;
}

HTTPHOOKS_DECL std::optional<std::uint64_t> smallest_body_limit(
    hook_table const& table, verb method, url const& location,
    route_table<hook_entry const*>::match_list& matches) {
    std::optional<std::uint64_t> smallest;
    table.routes.lookup(method, location, matches);
    if (table.picks_responders) pick_responders(table, method, location, matches);
    for (std::size_t i = 0; i < matches.size(); ++i) {
        auto const limit = body_limit_of(matches[i].value->info);
        if (limit && (!smallest || *limit < *smallest)) smallest = limit;
    }
    return smallest;
}

}  // namespace detail

}  // namespace httphooks
