// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/room_index.hpp>

#include <httphooks/socketio/adapter.hpp>

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

HTTPHOOKS_DECL bool room_index::add(local_socket& s, std::string const& name,
                                    room_changes* changes) {
    if (!s.known_) return false;
    if (name == s.id()) {
        // until it is connected, enlist() says
        if (s.listed_ && !s.in_own_room_) enter_own_room(s, changes);
        return true;
    }
    for (auto const& m : s.rooms_)
        if (m.where->name == name) return true;
    if (s.rooms_.size() >= most_rooms_) return false;
    auto const [at, fresh] = rooms_.try_emplace(name);
    room& r = at->second;
    r.name = at->first;
    s.rooms_.push_back({&r, r.members.size()});
    r.members.push_back(&s);
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
    local_socket* const last = r.members.back();
    r.members.pop_back();
    if (last != &s) {
        r.members[m.at] = last;
        for (auto& other : last->rooms_)
            if (other.where == &r) other.at = m.at;
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
    for (auto at = s.rooms_.begin(); at != s.rooms_.end(); ++at) {
        if (at->where->name != name) continue;
        auto const m = *at;
        s.rooms_.erase(at);
        take_out(s, m, changes);
        return;
    }
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
