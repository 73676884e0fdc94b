// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/routes/route_automaton.hpp>

#include <httphooks/detail/routes/compiled_pattern.hpp>
#include <httphooks/detail/routes/path_segment.hpp>
#include <httphooks/detail/routes/route_hits.hpp>
#include <httphooks/detail/routes/route_transitions.hpp>
#include <httphooks/detail/routes/route_trie.hpp>
#include <httphooks/url.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// Words as a key.
inline std::string bytes_of(std::vector<std::uint32_t> const& words) {
    return std::string(reinterpret_cast<char const*>(words.data()), words.size() * sizeof words[0]);
}

HTTPHOOKS_DECL void route_automaton::add(compiled_pattern const& pattern, std::uint8_t verb) {
    auto const entry = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({entry, add_params(pattern),
                        static_cast<std::uint16_t>(pattern.names.size()), verb,
                        !pattern.is_simple(), 0});
    patterns_.push_back(&pattern);
    trie_.add(pattern);
}

HTTPHOOKS_DECL std::uint32_t route_automaton::add_params(compiled_pattern const& pattern) {
    using place = route_param::place_type;
    if (pattern.names.empty()) return 0;
    std::vector<route_param> params;
    std::vector<std::uint32_t> key;
    for (std::string const& name : pattern.names) {
        auto const [known, fresh] =
            known_names_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
        if (fresh) names_ += name;
        std::size_t const capture = pattern.find(name);
        capture_info const& info = pattern.captures[capture];
        bool const simple = pattern.is_simple();
        route_param const param{first_word(name),
                                static_cast<std::uint32_t>(name.size()),
                                known->second,
                                static_cast<std::uint32_t>(simple ? info.segment : capture),
                                !simple      ? place::stored
                                : info.splat ? place::tail
                                             : place::segment,
                                info.source == capture_source::query};
        params.push_back(param);
        for (std::uint32_t const word :
             {param.name, param.size, param.index,
              static_cast<std::uint32_t>(param.place) << 1 | (param.form ? 1u : 0u)})
            key.push_back(word);
    }
    auto const [known, fresh] =
        known_params_.try_emplace(bytes_of(key), static_cast<std::uint32_t>(params_.size()));
    if (fresh)
        for (route_param const& param : params) params_.push_back(param);
    return known->second;
}

HTTPHOOKS_DECL void route_automaton::build(std::size_t most_states) {
    depth_ = trie_.depth();
    deterministic_ = builder(*this, most_states).run();
    known_params_.clear();
    known_names_.clear();
    if (deterministic_) {
        trie_ = route_trie();
        return;
    }
    states_ = {};
    outputs_ = {};
    steps_.reset(trie_.edges());
    for (std::uint32_t n = 0; n < trie_.nodes().size(); ++n)
        for (route_trie::edge const& e : trie_.nodes()[n].literals)
            steps_.add(n, trie_.literal(e.literal), e.child);
}

HTTPHOOKS_DECL bool route_automaton::builder::run() {
    std::vector<std::uint32_t> root{0};
    number_of(make_set(root, {none}));
    for (std::uint32_t number = 0; number < sets_.size(); ++number) {
        expand(number);
        if (full()) return false;
    }
    std::vector<bool> has_literals(sets_.size());
    for (step const& s : steps_) has_literals[s.from] = true;
    auto const with_bits = [&](std::uint32_t number) {
        std::uint32_t const final = sets_[number].front() == none ? final_bit : 0;
        return number | final | (has_literals[number] ? literal_bit : 0);
    };
    for (state& s : target_.states_) s.other = with_bits(s.other);
    target_.outputs_.resize(target_.outputs_.size() + padding);
    target_.start_ = with_bits(0);
    target_.steps_.reset(steps_.size());
    for (step const& s : steps_)
        target_.steps_.add(s.from, trie_.literal(s.literal), with_bits(s.to));
    return true;
}

HTTPHOOKS_DECL std::uint32_t route_automaton::builder::number_of(node_set set) {
    auto const [known, fresh] =
        numbers_.try_emplace(bytes_of(set), static_cast<std::uint32_t>(sets_.size()));
    if (fresh) sets_.push_back(std::move(set));
    return known->second;
}

HTTPHOOKS_DECL route_automaton::node_set route_automaton::builder::make_set(
    std::vector<std::uint32_t>& nodes, node_set const& splats) {
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    node_set set = nodes;
    set.insert(set.end(), splats.begin(), splats.end());
    return set;
}

HTTPHOOKS_DECL void route_automaton::builder::expand(std::uint32_t number) {
    node_set const set = sets_[number];
    std::size_t const count = node_count(set);
    state result;
    result.plain = plain_output(set);
    result.slashed = slashed_output(set);

    std::vector<std::uint32_t> params;
    std::vector<route_trie::edge> edges;
    node_set splats(set.begin() + static_cast<std::ptrdiff_t>(count), set.end());
    for (std::size_t i = 0; i < count; ++i) {
        route_trie::node const& node = trie_.nodes()[set[i]];
        if (node.param != route_trie::none) params.push_back(node.param);
        if (!node.splats.empty()) splats.push_back(set[i]);
        for (route_trie::edge const& e : node.literals) edges.push_back(e);
    }
    std::sort(splats.begin() + 1, splats.end());
    if (count > 1)
        std::sort(edges.begin(), edges.end(),
                  [](auto const& a, auto const& b) { return a.literal < b.literal; });
    for (std::size_t i = 0; i < edges.size() && !full();) {
        std::vector<std::uint32_t> nodes = params;
        std::uint32_t const literal = edges[i].literal;
        for (; i < edges.size() && edges[i].literal == literal; ++i)
            nodes.push_back(edges[i].child);
        steps_.push_back({number, literal, number_of(make_set(nodes, splats))});
    }
    result.other = number_of(make_set(params, splats));
    target_.states_.push_back(result);
}

HTTPHOOKS_DECL std::uint32_t route_automaton::builder::output(std::vector<std::uint32_t>& entries) {
    std::sort(entries.begin(), entries.end());
    std::vector<route_hit>& outputs = target_.outputs_;
    auto const [known, fresh] =
        lists_.try_emplace(bytes_of(entries), static_cast<std::uint32_t>(outputs.size()));
    if (fresh && !full()) {
        route_hit head{static_cast<std::uint32_t>(entries.size()), 0, 0, 0, false, 0};
        for (std::uint32_t entry : entries)
            head.verify = head.verify || target_.entries_[entry].verify;
        outputs.push_back(head);
        for (std::uint32_t entry : entries) outputs.push_back(target_.entries_[entry]);
    }
    return known->second;
}

HTTPHOOKS_DECL std::uint32_t route_automaton::builder::plain_output(node_set const& set) {
    std::vector<std::uint32_t> entries;
    std::size_t const count = node_count(set);
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i == count) continue;
        route_trie::node const& node = trie_.nodes()[set[i]];
        std::vector<std::uint32_t> const& given = i < count ? node.ends : node.splats;
        entries.insert(entries.end(), given.begin(), given.end());
    }
    return output(entries);
}

HTTPHOOKS_DECL std::uint32_t route_automaton::builder::slashed_output(node_set const& set) {
    std::vector<std::uint32_t> entries;
    std::size_t const count = node_count(set);
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i == count) continue;
        route_trie::node const& node = trie_.nodes()[set[i]];
        entries.insert(entries.end(), node.splats.begin(), node.splats.end());
        if (i < count) entries.insert(entries.end(), node.ends.begin(), node.ends.end());
    }
    return output(entries);
}

HTTPHOOKS_DECL void route_automaton::lookup(url const& location, std::uint64_t verbs,
                                            route_hits& out) const {
    out.path = location.path();
    out.query = location.query();
    out.escapes = location.may_have_escapes();
    out.params = params_.data();
    out.names = names_.data();
    out.count = 0;
    out.segment_count = 0;
    out.unverified = false;
    if (out.path.empty()) return;
    if (deterministic_)
        walk_states(out.path, verbs, out);
    else
        walk_trie(out.path, verbs, out);
    if (out.unverified) verify(location, out);
}

HTTPHOOKS_DECL void route_automaton::walk_states(std::string_view path, std::uint64_t verbs,
                                                 route_hits& out) const {
    if (out.segments.size() <= depth_) out.segments.resize(depth_ + 1);
    route_hits::span* segment = out.segments.data();
    segment_scanner const scanner(path);
    std::size_t at = path.front() == '/' ? 1 : 0;
    std::uint32_t now = start_;
    while (at < path.size() && !(now & final_bit)) {
        path_segment const s = scanner.at(at, now & literal_bit);
        *segment++ = {s.begin, s.size};
        std::uint32_t const number = now & number_bits;
        now = steps_.find(number, s, path.data(), states_[number].other, now & literal_bit);
        at += s.size + 1;
    }
    out.segment_count = static_cast<std::size_t>(segment - out.segments.data());

    state const& last = states_[now & number_bits];
    route_hit const* o = outputs_.data() + (at == path.size() ? last.slashed : last.plain);
    std::uint32_t const given = o->entry;
    out.unverified = o->verify;
    if (out.hits.size() <= given + padding) out.hits.resize(given + padding + 1);
    route_hit* hit = out.hits.data();
    ++o;
    for (std::uint32_t i = 0; i < padding; ++i, ++o) {
        *hit = *o;
        hit += (i < given) & (verbs >> o->verb) & 1;
    }
    for (std::uint32_t i = padding; i < given; ++i, ++o) {
        *hit = *o;
        hit += (verbs >> o->verb) & 1;
    }
    out.count = static_cast<std::size_t>(hit - out.hits.data());
}

HTTPHOOKS_DECL void route_automaton::walk_trie(std::string_view path, std::uint64_t verbs,
                                               route_hits& out) const {
    if (out.segments.size() <= depth_) out.segments.resize(depth_ + 1);
    out.frontier.assign(1, 0);
    out.found.clear();
    auto const take = [&](std::vector<std::uint32_t> const& entries) {
        out.found.insert(out.found.end(), entries.begin(), entries.end());
    };
    segment_scanner const scanner(path);
    std::size_t at = path.front() == '/' ? 1 : 0;
    while (at < path.size() && !out.frontier.empty()) {
        path_segment const s = scanner.at(at);
        out.segments[out.segment_count++] = {s.begin, s.size};
        out.next_frontier.clear();
        for (std::uint32_t number : out.frontier) {
            route_trie::node const& node = trie_.nodes()[number];
            take(node.splats);
            if (node.param != route_trie::none) out.next_frontier.push_back(node.param);
            std::uint32_t const child = steps_.find(number, s, path.data(), route_transitions::none,
                                                    !node.literals.empty());
            if (child != route_transitions::none) out.next_frontier.push_back(child);
        }
        out.frontier.swap(out.next_frontier);
        at += s.size + 1;
    }
    for (std::uint32_t number : out.frontier) {
        take(trie_.nodes()[number].ends);
        if (at == path.size()) take(trie_.nodes()[number].splats);
    }
    std::sort(out.found.begin(), out.found.end());
    if (out.hits.size() < out.found.size()) out.hits.resize(out.found.size());
    for (std::uint32_t entry : out.found) {
        if (!((verbs >> entries_[entry].verb) & 1)) continue;
        out.hits[out.count++] = entries_[entry];
        out.unverified = out.unverified || entries_[entry].verify;
    }
}

HTTPHOOKS_DECL void route_automaton::verify(url const& location, route_hits& out) const {
    std::size_t kept = 0;
    out.captures.clear();
    for (std::size_t i = 0; i < out.count; ++i) {
        route_hit hit = out.hits[i];
        if (hit.verify) {
            compiled_pattern const& pattern = *patterns_[hit.entry];
            std::size_t const first = out.captures.size();
            out.captures.resize(first + pattern.captures.size());
            hit.captures = static_cast<std::uint32_t>(first);
            if (!pattern.match(location, out.captures.data() + first)) {
                out.captures.resize(first);
                continue;
            }
        }
        out.hits[kept++] = hit;
    }
    out.count = kept;
}

}  // namespace httphooks::detail
