// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The patterns of a table, joined by the leading segments that they share.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/compiled_pattern.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace httphooks::detail {

/// A tree of segments; the root is node 0.
class route_trie {
public:
    /// No node.
    static constexpr std::uint32_t none = 0xFFFFFFFFu;

    /// A step to another node by a literal segment.
    struct edge {
        std::uint32_t literal;
        std::uint32_t child;
    };

    struct node {
        std::vector<edge> literals;
        std::uint32_t param = none;
        /// The entries whose path ends here.
        std::vector<std::uint32_t> ends;
        /// The entries that match whatever follows; a '/' has to.
        std::vector<std::uint32_t> splats;
    };

    route_trie() = default;
    route_trie(route_trie&&) = default;
    route_trie& operator=(route_trie&&) = default;

    /// Adds the entries of a table, one call each, in their order.
    void add(compiled_pattern const& pattern) {
        std::uint32_t at = 0;
        for (pattern_segment const& segment : pattern.segments)
            at = segment.param ? param_child(at) : literal_child(at, segment.literal);
        (pattern.open_end ? nodes_[at].splats : nodes_[at].ends).push_back(entries_++);
        depth_ = std::max(depth_, pattern.segments.size());
    }

    std::vector<node> const& nodes() const noexcept { return nodes_; }
    std::string_view literal(std::uint32_t id) const noexcept { return *literals_[id]; }
    std::size_t edges() const noexcept { return children_.size(); }
    /// The segments of the longest path.
    std::size_t depth() const noexcept { return depth_; }

private:
    std::uint32_t add_node() {
        nodes_.emplace_back();
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    std::uint32_t param_child(std::uint32_t at) {
        if (nodes_[at].param == none) {
            std::uint32_t const child = add_node();
            nodes_[at].param = child;
        }
        return nodes_[at].param;
    }

    std::uint32_t literal_child(std::uint32_t at, std::string const& text) {
        auto const [known, fresh] =
            ids_.try_emplace(text, static_cast<std::uint32_t>(literals_.size()));
        if (fresh) literals_.push_back(&known->first);
        std::uint32_t const literal = known->second;
        std::uint64_t const key = std::uint64_t{at} << 32 | literal;
        auto const [child, added] = children_.try_emplace(key, 0);
        if (added) {
            child->second = add_node();
            nodes_[at].literals.push_back({literal, child->second});
        }
        return child->second;
    }

    std::vector<node> nodes_{node{}};
    std::unordered_map<std::string, std::uint32_t> ids_;
    std::vector<std::string const*> literals_;
    std::unordered_map<std::uint64_t, std::uint32_t> children_;
    std::uint32_t entries_ = 0;
    std::size_t depth_ = 0;
};

}  // namespace httphooks::detail
