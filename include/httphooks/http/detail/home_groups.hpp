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
        if (groups_.empty() || !(groups_[last_].where == s->place())) {
            auto const at = std::ranges::find(groups_, s->place(), &group::where);
            last_ = static_cast<std::size_t>(at - groups_.begin());
            if (at == groups_.end()) groups_.push_back({s->place()});
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
        last_ = 0;
    }

    bool empty() const noexcept { return groups_.empty(); }
    std::size_t size() const noexcept { return groups_.size(); }
    auto begin() noexcept { return groups_.begin(); }
    auto end() noexcept { return groups_.end(); }

private:
    std::vector<group> groups_{};
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
