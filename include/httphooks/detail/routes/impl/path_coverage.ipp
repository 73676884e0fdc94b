// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/routes/path_coverage.hpp>

#include <httphooks/detail/routes/path_matcher.hpp>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL path_automaton::path_automaton(std::vector<path_token> const& tokens, bool rooted) {
    using kind = step::kind_type;
    steps_.push_back({rooted ? kind::byte : kind::maybe, '/'});
    for (path_token const& token : tokens) {
        if (token.kind == param) {
            steps_.push_back({kind::one, 0});
            steps_.push_back({kind::repeated, 0});
        } else if (token.kind == splat) {
            steps_.push_back({kind::any, 0});
        } else {
            for (char const c : token.text) steps_.push_back({kind::byte, c});
        }
    }
    steps_.push_back({kind::maybe, '/'});
}

HTTPHOOKS_DECL std::vector<path_automaton::place> path_automaton::closure(
    std::vector<place> at) const {
    for (std::size_t i = 0; i < at.size(); ++i)
        if (at[i] < steps_.size() && skips(steps_[at[i]])) at.push_back(at[i] + 1);
    std::ranges::sort(at);
    auto const same = std::ranges::unique(at);
    at.erase(same.begin(), same.end());
    return at;
}

HTTPHOOKS_DECL std::vector<path_automaton::place> path_automaton::next(std::vector<place> const& at,
                                                                       char c) const {
    using kind = step::kind_type;
    std::vector<place> to;
    for (place const p : at) {
        if (p == steps_.size()) continue;
        step const s = steps_[p];
        switch (s.kind) {
            case kind::byte:
            case kind::maybe:
                if (c == s.byte) to.push_back(p + 1);
                break;
            case kind::one:
                if (c != '/') to.push_back(p + 1);
                break;
            case kind::repeated:
                if (c != '/') to.push_back(p);
                break;
            case kind::any:
                to.push_back(p);
                break;
        }
    }
    return closure(std::move(to));
}

HTTPHOOKS_DECL void path_automaton::add_alphabet(std::set<char>& to) const {
    for (step const& s : steps_)
        if (s.kind == step::kind_type::byte) to.insert(s.byte);
}

HTTPHOOKS_DECL bool covered(path_automaton const& path, std::vector<path_automaton> const& others) {
    constexpr std::size_t most = 20'000;
    using places = std::vector<path_automaton::place>;
    struct situation {
        bool behind_slash;
        places here;
        std::vector<places> there;
        auto operator<=>(situation const&) const = default;
    };
    std::set<char> alphabet{'/', '\0'};  // the null byte stands for all that no pattern writes
    path.add_alphabet(alphabet);
    situation before{false, path.begin(), {}};
    for (path_automaton const& other : others) {
        other.add_alphabet(alphabet);
        before.there.push_back(other.begin());
    }
    auto const follow = [&](situation const& from, char c) {
        situation to{c == '/', path.next(from.here, c), {}};
        for (std::size_t i = 0; i < others.size(); ++i)
            to.there.push_back(others[i].next(from.there[i], c));
        return to;
    };
    auto const matched = [&](situation const& at) {
        for (std::size_t i = 0; i < others.size(); ++i)
            if (others[i].ends(at.there[i])) return true;
        return false;
    };
    // a normalised path begins with '/', and has no two in a row
    std::vector<situation> open{follow(before, '/')};
    std::set<situation> seen{open.front()};
    while (!open.empty()) {
        situation const now = std::move(open.back());
        open.pop_back();
        if (path.ends(now.here) && !matched(now)) return false;
        for (char const c : alphabet) {
            if (c == '/' && now.behind_slash) continue;
            situation then = follow(now, c);
            if (then.here.empty() || !seen.insert(then).second) continue;
            if (seen.size() > most) return false;
            open.push_back(std::move(then));
        }
    }
    return true;
}

}  // namespace httphooks::detail
