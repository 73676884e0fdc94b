// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/hook_entry.hpp>

#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/route_table.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL std::optional<std::uint64_t> smallest_body_limit(
    hook_table const& table, verb method, url const& location,
    route_table<hook_entry const*>::match_list& matches) {
    std::optional<std::uint64_t> smallest;
    table.routes.lookup(method, location, matches);
    for (std::size_t i = 0; i < matches.size(); ++i) {
        auto const limit = matches[i].value->info.options.body_limit;
        if (limit && (!smallest || *limit < *smallest)) smallest = limit;
    }
    return smallest;
}

HTTPHOOKS_DECL void identify(exchange_factory& hooks, request const& r, origin const& from,
                             response& reply) {
    hook_table_ptr const table = hooks.table();
    if (!table->ids) return;
    std::string id;
    table->ids->assign(id, r, from);
    table->ids->write(reply, id);
}

}  // namespace detail

}  // namespace httphooks
