// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Sessions by where they live, so that one post reaches all that live there.
*/

#include <httphooks/http/detail/home.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

/// Sessions, each in the group of its home.
template <class Session>
class home_groups {
public:
    /// Those of one home.
    struct group {
        home where;
        std::vector<std::shared_ptr<Session>> sessions{};
    };

    /// Puts a session to the others of its home.
    void add(std::shared_ptr<Session> s) {
        // many come in a row
        if (groups_.empty() || groups_[last_].where.identity() != s->place().identity()) {
            last_ = find(s->place().identity());
            if (last_ == groups_.size()) append(s->place());
        }
        groups_[last_].sessions.push_back(std::move(s));
    }

    /// Calls `f(session)` for all of them later, with one post for each home; ends the groups.
    template <class Function>
    void post(Function const& f) {
        for (group& g : groups_)
            g.where.post([sessions = std::move(g.sessions), f] {
                for (auto const& s : sessions) f(*s);
            });
        groups_.clear();
        numbers_.clear();
        last_ = 0;
    }

    bool empty() const noexcept { return groups_.empty(); }
    std::size_t size() const noexcept { return groups_.size(); }
    auto begin() noexcept { return groups_.begin(); }
    auto end() noexcept { return groups_.end(); }

private:
    /// So many are searched one after another.
    static constexpr std::size_t few = 8;

    /// The number of a home's group; that of groups if it has none.
    std::size_t find(void const* identity) const {
        if (groups_.size() > few) {
            auto const at = numbers_.find(identity);
            return at == numbers_.end() ? groups_.size() : at->second;
        }
        auto const at =
            std::ranges::find(groups_, identity, [](group const& g) { return g.where.identity(); });
        return static_cast<std::size_t>(at - groups_.begin());
    }
    void append(home const& where) {
        groups_.push_back({where});
        if (groups_.size() <= few) return;
        std::size_t n = numbers_.empty() ? 0 : groups_.size() - 1;
        for (; n < groups_.size(); ++n) numbers_.emplace(groups_[n].where.identity(), n);
    }

    std::vector<group> groups_{};
    /// The numbers of groups by the identities of their homes, when there are many.
    std::unordered_map<void const*, std::size_t> numbers_{};
    std::size_t last_ = 0;
};

/** Calls `f(session)` for sessions: at once for those that live here, later for the others, with
    one post for each home.
    @param all a range of elements, which may be moved from unless they are const
    @param get gives the std::shared_ptr of an element's session, by reference */
template <class Session, class Range, class Get, class Function>
void for_each_at_home(Range&& all, Get get, Function const& f) {
    home_groups<Session> elsewhere;
    for (auto&& element : all) {
        auto& s = std::invoke(get, element);
        if (s->place().here())
            f(*s);
        else
            elsewhere.add(std::move(s));
    }
    elsewhere.post(f);
}

}  // namespace httphooks::http::detail
