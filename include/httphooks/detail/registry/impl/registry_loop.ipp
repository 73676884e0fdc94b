// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/registry_loop.hpp>

#include <cstdint>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL body_plan registry_loop::plan_body(request const& header) {
    body_plan plan{{}, current().before_bodies};
    if (table_->has_body_limits && !url_.parse(header.target()))
        plan.limit = smallest_body_limit(*table_, header.method(), url_, matches_);
    return plan;
}

HTTPHOOKS_DECL void registry_loop::renew(std::uint64_t version) {
    // A control block of the loop's own: threads do not share the count.
    auto shared = core_->table();
    auto const* const table = shared.get();
    table_ = hook_table_ptr(table, [keep = std::move(shared)](auto const*) {});
    version_ = version;
}

HTTPHOOKS_DECL body_plan shared_registry_loop::plan_body(request const& header) {
    auto const current = core_->table();
    body_plan plan{{}, current->before_bodies};
    httphooks::url url;
    route_table<hook_entry const*>::match_list matches;
    if (current->has_body_limits && !url.parse(header.target()))
        plan.limit = smallest_body_limit(*current, header.method(), url, matches);
    return plan;
}

}  // namespace httphooks::detail
