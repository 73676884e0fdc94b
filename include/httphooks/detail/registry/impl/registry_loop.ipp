// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/registry_loop.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL std::optional<std::uint64_t> registry_loop::body_limit(request const& header) {
    if (!current().has_body_limits || url_.parse(header.target())) return std::nullopt;
    return smallest_body_limit(*table_, header.method(), url_, matches_);
}

HTTPHOOKS_DECL void registry_loop::renew(std::uint64_t version) {
    // A control block of the loop's own: threads do not share the count.
    auto shared = core_->table();
    auto const* const table = shared.get();
    table_ = hook_table_ptr(table, [keep = std::move(shared)](auto const*) {});
    version_ = version;
}

HTTPHOOKS_DECL std::optional<std::uint64_t> shared_registry_loop::body_limit(
    request const& header) {
    auto const current = core_->table();
    httphooks::url url;
    if (!current->has_body_limits || url.parse(header.target())) return std::nullopt;
    route_table<hook_entry const*>::match_list matches;
    return smallest_body_limit(*current, header.method(), url, matches);
}

}  // namespace httphooks::detail
