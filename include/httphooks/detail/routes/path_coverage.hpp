// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether every path that one pattern matches is matched by one of others too.
*/

#include <httphooks/detail/routes/path_matcher.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/** The paths that a path_matcher matches, as a nondeterministic automaton.

    A place is an index into `steps`; the last one is where a match ends. Characters are bytes; a
    byte that no pattern writes is as good as any other.
*/
class path_automaton {
public:
    /// All paths.
    path_automaton() : path_automaton({{splat, {}, path_token::none}}, true) {}
    explicit path_automaton(path_matcher const& matcher)
        : path_automaton(matcher.tokens(), matcher.rooted()) {}

    /// This path, which begins with '/'.
    static path_automaton of(std::string_view path) {
        return path_automaton({literal(path)}, true);
    }
    /// All paths below this one.
    static path_automaton below(std::string_view path) {
        return path_automaton({literal(std::string(path) + "/"), {splat, {}, path_token::none}},
                              true);
    }

    using place = std::uint32_t;

    /// Places at which a match may begin.
    std::vector<place> begin() const { return closure({0}); }
    /// Whether a match may end at one of these.
    bool ends(std::vector<place> const& at) const {
        return std::ranges::find(at, static_cast<place>(steps_.size())) != at.end();
    }
    /// Where a byte leads to.
    std::vector<place> next(std::vector<place> const& at, char c) const;
    /// Adds the bytes that are written in the pattern.
    void add_alphabet(std::set<char>& to) const;

private:
    static constexpr auto param = path_token::kind_type::param;
    static constexpr auto splat = path_token::kind_type::splat;

    /// What leads from a place to the one behind it.
    struct step {
        enum class kind_type : std::uint8_t {
            byte,      ///< this byte
            maybe,     ///< this byte, or nothing
            one,       ///< a byte that is no '/'
            repeated,  ///< any number of bytes that are no '/'
            any,       ///< any number of bytes
        };
        kind_type kind;
        char byte;
    };

    path_automaton(std::vector<path_token> const& tokens, bool rooted);
    static path_token literal(std::string_view path) {
        return {path_token::kind_type::literal, std::string(path.substr(1)), path_token::none};
    }
    std::vector<place> closure(std::vector<place> at) const;
    static bool skips(step s) {
        return s.kind == step::kind_type::maybe || s.kind == step::kind_type::repeated ||
               s.kind == step::kind_type::any;
    }

    std::vector<step> steps_;
};

/** Whether every normalised path that `path` matches is matched by one of `others` too. False also
    when finding out would take too long. */
bool covered(path_automaton const& path, std::vector<path_automaton> const& others);

// ---------------------------------------------------------------------------------------------

inline path_automaton::path_automaton(std::vector<path_token> const& tokens, bool rooted) {
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

inline std::vector<path_automaton::place> path_automaton::closure(std::vector<place> at) const {
    for (std::size_t i = 0; i < at.size(); ++i)
        if (at[i] < steps_.size() && skips(steps_[at[i]])) at.push_back(at[i] + 1);
    std::ranges::sort(at);
    auto const same = std::ranges::unique(at);
    at.erase(same.begin(), same.end());
    return at;
}

inline std::vector<path_automaton::place> path_automaton::next(std::vector<place> const& at,
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

inline void path_automaton::add_alphabet(std::set<char>& to) const {
    for (step const& s : steps_)
        if (s.kind == step::kind_type::byte) to.insert(s.byte);
}

inline bool covered(path_automaton const& path, std::vector<path_automaton> const& others) {
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
