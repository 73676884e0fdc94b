// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/cluster_slots.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace httphooks::redis::detail {

HTTPHOOKS_DECL std::vector<slot_range> read_slots(value const& reply) {
    std::vector<slot_range> list;
    for (value const& range : reply.elements()) {
        auto const first = range[0].number();
        auto const last = range[1].number();
        value const& node = range[2];
        auto const port = node[1].number();
        if (!first || !last || !port || *first < 0 || *first > *last ||
            *last >= static_cast<std::int64_t>(slot_count) || *port < 1 || *port > 65'535)
            continue;
        // a node that does not know its own name says nothing, or "?"
        std::string_view const host = node[0].text();
        list.push_back(
            {static_cast<std::uint16_t>(*first),
             static_cast<std::uint16_t>(*last),
             {host == "?" ? std::string() : std::string(host), static_cast<std::uint16_t>(*port)}});
    }
    return list;
}

HTTPHOOKS_DECL std::optional<redirection> read_redirection(std::string_view text) {
    redirection r;
    r.ask = text.starts_with("ASK ");
    if (!r.ask && !text.starts_with("MOVED ")) return std::nullopt;
    text.remove_prefix(r.ask ? 4 : 6);
    std::size_t const blank = text.find(' ');
    std::size_t const colon = text.rfind(':');
    if (blank == text.npos || colon == text.npos || colon < blank) return std::nullopt;
    auto const number = [](std::string_view digits, std::uint16_t& n) {
        auto const [stop, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), n);
        return failed == std::errc() && stop == digits.data() + digits.size();
    };
    if (!number(text.substr(0, blank), r.slot) || r.slot >= slot_count ||
        !number(text.substr(colon + 1), r.node.port) || r.node.port == 0)
        return std::nullopt;
    std::string_view host = text.substr(blank + 1, colon - blank - 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    r.node.host = host;
    return r;
}

}  // namespace httphooks::redis::detail
