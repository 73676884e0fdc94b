// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/room_index.hpp>

#include <httphooks/socketio/adapter.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void room_index::enlist(local_socket& s, room_changes* changes, bool in_own_room) {
    if (!s.known_ || s.listed_) return;
    ids_.erase(s.id());  // what it is found by is part of the other one
    ids_.emplace(s.id(), &s);
    id_sizes_ |= size_bit(s.id());
    s.at_ = all_.size();
    all_.push_back(&s);
    s.listed_ = true;
    if (in_own_room) enter_own_room(s, changes);
}

inline void room_index::enter_own_room(local_socket& s, room_changes* changes) {
    s.in_own_room_ = true;
    if (!changes) return;
    changes->push_back({room_event::create, s.id()});
    changes->push_back({room_event::join, s.id()});
}

inline std::optional<std::size_t> room_index::place_of(local_socket const& s, room const& r) const {
    auto const found = [](auto const& list, auto const* wanted, auto member) {
        return std::ranges::find(list, wanted, member);
    };
    if (s.rooms_.size() <= r.members.size()) {
        auto const at = found(s.rooms_, &r, &local_socket::membership::where);
        if (at != s.rooms_.end()) return static_cast<std::size_t>(at - s.rooms_.begin());
    } else {
        auto const at = found(r.members, &s, &room::member::who);
        if (at != r.members.end()) return at->at;
    }
    return std::nullopt;
}

HTTPHOOKS_DECL bool room_index::add(local_socket& s, std::string const& name,
                                    room_changes* changes) {
    if (!s.known_) return false;
    if (name == s.id()) {
        // until it is connected, enlist() says
        if (s.listed_ && !s.in_own_room_) enter_own_room(s, changes);
        return true;
    }
    auto at = rooms_.find(name);
    if (at != rooms_.end() && place_of(s, at->second)) return true;
    if (s.rooms_.size() >= most_rooms_) return false;
    bool const fresh = at == rooms_.end();
    if (fresh) {
        at = rooms_.try_emplace(name).first;
        at->second.name = at->first;
    }
    room& r = at->second;
    r.members.push_back({&s, s.rooms_.size()});
    s.rooms_.push_back({&r, r.members.size() - 1});
    if (!changes) return true;
    if (fresh) changes->push_back({room_event::create, name});
    changes->push_back({room_event::join, name});
    return true;
}

/// Takes a socket out of a room, but not the room out of the socket.
inline void room_index::take_out(local_socket& s, local_socket::membership const& m,
                                 room_changes* changes) {
    room& r = *m.where;
    if (changes) changes->push_back({room_event::leave, std::string(r.name)});
    room::member const last = r.members.back();
    r.members.pop_back();
    if (last.who != &s) {
        r.members[m.at] = last;
        last.who->rooms_[last.at].at = m.at;
    }
    if (!r.members.empty()) return;
    if (changes) changes->push_back({room_event::remove, std::string(r.name)});
    rooms_.erase(rooms_.find(r.name));
}

HTTPHOOKS_DECL void room_index::del(local_socket& s, std::string_view name, room_changes* changes) {
    if (name == s.id() && s.in_own_room_) {
        s.in_own_room_ = false;
        if (!changes) return;
        changes->push_back({room_event::leave, s.id()});
        changes->push_back({room_event::remove, s.id()});
        return;
    }
    auto const known = rooms_.find(name);
    if (known == rooms_.end()) return;
    auto const at = place_of(s, known->second);
    if (!at) return;
    auto const m = s.rooms_[*at];
    s.rooms_.erase(s.rooms_.begin() + static_cast<std::ptrdiff_t>(*at));
    for (std::size_t next = *at; next < s.rooms_.size(); ++next)
        s.rooms_[next].where->members[s.rooms_[next].at].at = next;
    take_out(s, m, changes);
}

HTTPHOOKS_DECL void room_index::del_all(local_socket& s, room_changes* changes) {
    auto const joined = std::exchange(s.rooms_, {});
    for (auto const& m : joined) take_out(s, m, changes);
    if (s.listed_) {
        if (s.in_own_room_) del(s, s.id(), changes);
        if (auto const at = ids_.find(s.id()); at != ids_.end() && at->second == &s) ids_.erase(at);
        local_socket* const last = all_.back();
        all_[s.at_] = last;
        last->at_ = s.at_;
        all_.pop_back();
    }
    s.known_ = s.listed_ = s.in_own_room_ = false;
}

HTTPHOOKS_DECL std::vector<std::string> room_index::rooms_of(local_socket const& s) const {
    std::vector<std::string> names;
    names.reserve(s.rooms_.size() + 1);
    if (s.in_own_room_) names.push_back(s.id());
    for (auto const& m : s.rooms_) names.emplace_back(m.where->name);
    return names;
}

HTTPHOOKS_DECL local_socket* room_index::find(std::string_view id) const {
    // most names of rooms are seen not to be ids by their size
    if ((id_sizes_ & size_bit(id)) == 0) return nullptr;
    auto const at = ids_.find(id);
    return at == ids_.end() ? nullptr : at->second;
}

}  // namespace httphooks::socketio::detail
