// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Finds all patterns of a table that match a path, one step a segment.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/compiled_pattern.hpp>
#include <httphooks/detail/routes/route_hits.hpp>
#include <httphooks/detail/routes/route_transitions.hpp>
#include <httphooks/detail/routes/route_trie.hpp>
#include <httphooks/url.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace httphooks::detail {

/** The patterns of a table as a deterministic automaton over segments.

    A state stands for a set of nodes of the trie, and of splats that have begun; it holds the list
    of all entries that match when the path ends there. So the work of a lookup does not depend on
    how many patterns lead to a match. Sets can multiply: beyond a multiple of the trie's size no
    automaton is made, and lookups walk over the trie with the set of nodes instead.
    Patterns that are not made of whole segments, or ask for a query or a fragment, are found by
    their leading segments and then matched whole.
*/
class route_automaton {
public:
    /// Adds the next entry; the pattern must outlive the automaton.
    void add(compiled_pattern const& pattern, std::uint8_t verb);

    /// To be called once, after the last add().
    void build() { build(16 * trie_.nodes().size() + 1024); }

    /// As build(), with a limit of one's own for the number of states.
    void build(std::size_t most_states);

    /// Whether lookups step from state to state, and do not walk over the trie.
    bool deterministic() const noexcept { return deterministic_; }

    /// @param verbs the verbs that are asked for, as a set of bits.
    void lookup(url const& location, std::uint64_t verbs, route_hits& out) const;

private:
    static constexpr std::uint32_t none = 0xFFFFFFFFu;
    /// In the number of a state: no step leads out of its set of splats.
    static constexpr std::uint32_t final_bit = 0x80000000u;
    /// In the number of a state: it has steps by literal segments.
    static constexpr std::uint32_t literal_bit = 0x40000000u;
    static constexpr std::uint32_t number_bits = literal_bit - 1;
    /// So many entries are copied for every list: most lists are shorter, and no branch is missed.
    static constexpr std::uint32_t padding = 4;

    /// What a state gives is in outputs_: a head, whose entry is the number of the entries behind
    /// it, and whose verify is set when one of them has it. Here is where the head is.
    struct state {
        /// The state behind a segment that is none of the literals.
        std::uint32_t other = 0;
        /// What is given when the path ends here without a '/', and with one.
        std::uint32_t plain = 0;
        std::uint32_t slashed = 0;
    };

    /// Nodes, then `none`, then the nodes whose splats have begun; each part sorted.
    using node_set = std::vector<std::uint32_t>;
    /// What is known of a text, or of words by their bytes: one kind of map is compiled once.
    using numbers_of = std::unordered_map<std::string, std::uint32_t>;
    class builder;

    std::uint32_t add_params(compiled_pattern const& pattern);
    void walk_states(std::string_view path, std::uint64_t verbs, route_hits& out) const;
    void walk_trie(std::string_view path, std::uint64_t verbs, route_hits& out) const;
    void verify(url const& location, route_hits& out) const;

    route_trie trie_;
    std::vector<compiled_pattern const*> patterns_;
    std::vector<route_hit> entries_;
    std::vector<route_param> params_;
    std::string names_;
    numbers_of known_params_;
    numbers_of known_names_;

    bool deterministic_ = false;
    std::size_t depth_ = 0;
    std::uint32_t start_ = 0;
    route_transitions steps_;
    std::vector<state> states_;
    std::vector<route_hit> outputs_;
};

/// Makes the states of an automaton out of a trie.
class route_automaton::builder {
public:
    builder(route_automaton& target, std::size_t most_states)
        : target_(target),
          trie_(target.trie_),
          most_states_(std::min<std::size_t>(most_states, number_bits)),
          most_outputs_(32 * (trie_.nodes().size() + target.entries_.size()) + 4096) {}

    /// @return false when there would be too many states, or entries in them.
    bool run();

private:
    struct step {
        std::uint32_t from;
        std::uint32_t literal;
        std::uint32_t to;
    };

    std::uint32_t number_of(node_set set);
    void expand(std::uint32_t number);
    std::uint32_t output(std::vector<std::uint32_t>& entries);
    std::uint32_t plain_output(node_set const& set);
    std::uint32_t slashed_output(node_set const& set);
    bool full() const noexcept {
        return sets_.size() > most_states_ || target_.outputs_.size() > most_outputs_;
    }
    static node_set make_set(std::vector<std::uint32_t>& nodes, node_set const& splats);
    static std::size_t node_count(node_set const& set) noexcept {
        return static_cast<std::size_t>(std::find(set.begin(), set.end(), none) - set.begin());
    }

    route_automaton& target_;
    route_trie const& trie_;
    std::size_t most_states_;
    std::size_t most_outputs_;
    numbers_of numbers_;
    std::vector<node_set> sets_;
    numbers_of lists_;
    std::vector<step> steps_;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/routes/impl/route_automaton.ipp>
#endif
