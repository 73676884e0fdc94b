// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/routes/path_coverage.hpp>

#include <httphooks/detail/routes/path_matcher.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
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
    std::sort(at.begin(), at.end());
    at.erase(std::unique(at.begin(), at.end()), at.end());
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

HTTPHOOKS_DECL void path_automaton::add_alphabet(std::string& to) const {
    for (step const& s : steps_)
        if (s.kind == step::kind_type::byte && to.find(s.byte) == to.npos) to += s.byte;
}

HTTPHOOKS_DECL bool covered(path_automaton const& path, std::vector<path_automaton> const& others) {
    constexpr std::size_t most = 20'000;
    using places = std::vector<path_automaton::place>;
    struct situation {
        bool behind_slash;
        places here;
        std::vector<places> there;

        std::string key() const {
            std::string text(1, behind_slash ? '/' : ' ');
            auto const add = [&text](places const& at) {
                auto const count = static_cast<path_automaton::place>(at.size());
                text.append(reinterpret_cast<char const*>(&count), sizeof count);
                text.append(reinterpret_cast<char const*>(at.data()), count * sizeof count);
            };
            add(here);
            for (places const& at : there) add(at);
            return text;
        }
    };
    std::string alphabet("/\0", 2);  // the null byte stands for all that no pattern writes
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
    std::unordered_map<std::string, std::uint32_t> seen;  // a map that routes have, too
    seen.try_emplace(open.front().key(), 0);
    while (!open.empty()) {
        situation const now = std::move(open.back());
        open.pop_back();
        if (path.ends(now.here) && !matched(now)) return false;
        for (char const c : alphabet) {
            if (c == '/' && now.behind_slash) continue;
            situation then = follow(now, c);
            if (then.here.empty() || !seen.try_emplace(then.key(), 0).second) continue;
            if (seen.size() > most) return false;
            open.push_back(std::move(then));
        }
    }
    return true;
}

/// Walks over two automatons at once, breadth first.
class path_automaton::common_search {
public:
    common_search(path_automaton const& a, path_automaton const& b, bool path)
        : a_(a.steps_), b_(b.steps_), path_(path) {}

    std::optional<std::string> run() {
        constexpr std::size_t most = 200'000;
        std::size_t const count = (a_.size() + 1) * (b_.size() + 1) * befores;
        if (count > most) return std::nullopt;
        reached_.resize(count);
        reach({0, 0, nothing}, no_number, 0, 0);
        while (!open_.empty()) {
            at const now = open_.front();
            open_.pop_front();
            if (now.a == a_.size() && now.b == b_.size()) return text_to(number(now));
            follow(now);
        }
        return std::nullopt;
    }

private:
    /// What stands before a place: nothing, a '/', another character.
    enum before : std::uint8_t { nothing, slash, other };
    static constexpr std::size_t befores = 3;
    static constexpr std::size_t no_number = static_cast<std::size_t>(-1);
    /// Stands for every character that no pattern asks for.
    static constexpr char any_character = 'x';

    struct at {
        std::size_t a;
        std::size_t b;
        before behind;
    };
    /// How a situation was reached; a null byte: without a character.
    struct origin {
        std::size_t length = no_number;
        std::size_t from = no_number;
        char by = 0;
    };

    std::size_t number(at s) const { return (s.a * (b_.size() + 1) + s.b) * befores + s.behind; }

    void reach(at to, std::size_t from, char by, std::size_t length) {
        origin& known = reached_[number(to)];
        if (known.length <= length) return;
        known = {length, from, by};
        if (by == 0)
            open_.push_front(to);
        else
            open_.push_back(to);
    }

    void follow(at now) {
        std::size_t const from = number(now);
        std::size_t const length = reached_[from].length;
        if (now.a < a_.size() && skips(a_[now.a]))
            reach({now.a + 1, now.b, now.behind}, from, 0, length);
        if (now.b < b_.size() && skips(b_[now.b]))
            reach({now.a, now.b + 1, now.behind}, from, 0, length);
        if (now.a == a_.size() || now.b == b_.size()) return;
        step const s = a_[now.a];
        step const t = b_[now.b];
        char const c = wanted(s)              ? s.byte
                       : wanted(t)            ? t.byte
                       : path_ && !now.behind ? '/'
                                              : any_character;
        if (!takes(s, c) || !takes(t, c)) return;
        if (path_ && ((now.behind == nothing && c != '/') || (now.behind == slash && c == '/')))
            return;
        reach({now.a + advance(s), now.b + advance(t), c == '/' ? slash : other}, from, c,
              length + 1);
    }

    static bool wanted(step s) {
        return s.kind == step::kind_type::byte || s.kind == step::kind_type::maybe;
    }
    static bool takes(step s, char c) {
        if (wanted(s)) return s.byte == c;
        return s.kind == step::kind_type::any || c != '/';
    }
    /// How far a character leads.
    static std::size_t advance(step s) {
        return s.kind == step::kind_type::repeated || s.kind == step::kind_type::any ? 0 : 1;
    }

    std::string text_to(std::size_t last) const {
        std::string text;
        for (std::size_t n = last; n != no_number; n = reached_[n].from)
            if (reached_[n].by != 0) text += reached_[n].by;
        return std::string(text.rbegin(), text.rend());
    }

    std::vector<step> const& a_;
    std::vector<step> const& b_;
    bool path_;
    std::vector<origin> reached_;
    std::deque<at> open_;
};

HTTPHOOKS_DECL std::optional<std::string> path_automaton::common(path_automaton const& a,
                                                                 path_automaton const& b,
                                                                 bool path) {
    return common_search(a, b, path).run();
}

}  // namespace httphooks::detail
