// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the nodes of a Redis cluster say about where things are.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::redis::detail {

inline constexpr std::size_t slot_count = 16'384;
/// No cluster has more nodes than that.
inline constexpr std::size_t most_nodes = 1'000;
/// How often in a row a node may say that another one is the right one.
inline constexpr std::uint32_t most_redirections = 5;

/// A node, as nodes call it.
struct node_name {
    /// Empty: the one who says so.
    std::string host{};
    std::uint16_t port = 0;

    friend bool operator==(node_name const&, node_name const&) = default;
};

/// Slots, and the node that has them.
struct slot_range {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    node_name node{};
};

/// Reads the reply to CLUSTER SLOTS; what is malformed is left out.
std::vector<slot_range> read_slots(value const& reply);

/// An error that says that a command is for another node.
struct redirection {
    /// Whether only this time, by ASKING.
    bool ask = false;
    std::uint16_t slot = 0;
    node_name node{};
};

/// Reads `MOVED slot host:port` or `ASK slot host:port`. @return nothing: it is another error
std::optional<redirection> read_redirection(std::string_view text);

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/cluster_slots.ipp>
#endif
