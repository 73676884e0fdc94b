// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The matches of one lookup, and where the values of their parameters are.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/path_segment.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::detail {

/// Where the value of a parameter is.
struct route_param {
    /// How to find it.
    enum class place_type : std::uint8_t {
        /// the segment at `index`
        segment,
        /// from the segment at `index` to the end
        tail,
        /// among the hit's own captures, at `index`
        stored
    };

    /// The name: its first eight bytes, its size, where it is in the table's names.
    std::uint64_t word;
    std::uint32_t size;
    std::uint32_t name;
    std::uint32_t index;
    place_type place;
    /// Whether '+' stands for a space.
    bool form;
};

/// One entry that a state gives, and one that a lookup found.
struct route_hit {
    std::uint32_t entry;
    /// The first of its parameters in the table's list.
    std::uint32_t params;
    std::uint16_t param_count;
    std::uint8_t verb;
    /// Whether the whole pattern has to be matched before the entry counts.
    bool verify;
    /// The first of its own captures, if it was verified.
    std::uint32_t captures;
};

/// What a lookup writes to; it keeps its memory for the next.
struct route_hits {
    struct span {
        std::uint32_t begin;
        std::uint32_t size;
    };

    std::string_view path;
    std::string_view query;
    /// Whether the path may hold escapes.
    bool escapes = false;
    /// The first `count` are the matches.
    std::vector<route_hit> hits;
    std::size_t count = 0;
    /// Whether some of them have yet to be verified.
    bool unverified = false;
    /// The first `segment_count` are the segments that were walked over.
    std::vector<span> segments;
    std::size_t segment_count = 0;
    std::vector<std::string_view> captures;
    /// The table's, to find parameters by name.
    route_param const* params = nullptr;
    char const* names = nullptr;

    /// For tables too large for the automaton.
    std::vector<std::uint32_t> frontier;
    std::vector<std::uint32_t> next_frontier;
    std::vector<std::uint32_t> found;

    /// The parameter of hit `i` with this name, or null.
    route_param const* find(std::size_t i, std::string_view name) const noexcept {
        route_hit const& hit = hits[i];
        std::uint64_t const word = first_word(name);
        route_param const* const first = params + hit.params;
        for (route_param const* p = first; p != first + hit.param_count; ++p)
            if (p->word == word && p->size == name.size() &&
                (p->size <= 8 || std::memcmp(names + p->name, name.data(), p->size) == 0))
                return p;
        return nullptr;
    }

    /// The value of a parameter of hit `i`, still escaped.
    std::string_view value(std::size_t i, route_param const& param) const noexcept {
        if (param.place == route_param::place_type::segment) {
            span const segment = segments[param.index];
            return {path.data() + segment.begin, segment.size};
        }
        if (param.place == route_param::place_type::stored)
            return captures[hits[i].captures + param.index];
        if (param.index >= segment_count) return path.substr(path.size());
        std::size_t const begin = segments[param.index].begin;
        std::size_t const end = path.size() - (path.back() == '/' ? 1 : 0);
        return path.substr(begin, end - begin);
    }

    /// Whether decoding may change a parameter's value.
    bool may_need_decoding(route_param const& param) const noexcept {
        return escapes || param.place == route_param::place_type::stored;
    }
};

}  // namespace httphooks::detail
