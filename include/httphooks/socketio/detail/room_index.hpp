// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which socket of this process is in which room.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/adapter.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// The sockets that have joined a room, in no order.
struct room {
    struct member {
        local_socket* who;
        /// The room's place among those of the socket.
        std::size_t at;
    };

    std::string_view name{};
    std::vector<member> members{};
};

/// Something that became of a room.
struct room_change {
    room_event what;
    std::string name;
};
using room_changes = std::vector<room_change>;

/** Which socket is in which room. Not thread-safe.

    The room of a socket's own id takes no memory; it is there all the same. */
class room_index {
public:
    /// @param most_rooms that one socket may be in
    explicit room_index(std::size_t most_rooms) noexcept : most_rooms_(most_rooms) {}

    /// From now on the socket may join rooms.
    void admit(local_socket& s) noexcept { s.known_ = true; }
    /// The socket is connected: it is found from now on, in place of another one of its id.
    void enlist(local_socket& s, room_changes* changes, bool in_own_room = true);
    /// @return whether it is in the room then
    bool add(local_socket& s, std::string const& name, room_changes* changes);
    void del(local_socket& s, std::string_view name, room_changes* changes);
    /// The socket goes.
    void del_all(local_socket& s, room_changes* changes);

    std::vector<std::string> rooms_of(local_socket const& s) const;
    local_socket* find(std::string_view id) const;
    /// Connected sockets.
    std::size_t size() const noexcept { return all_.size(); }
    /// Rooms, without those of ids.
    std::size_t rooms() const noexcept { return rooms_.size(); }
    /// Whether somebody has joined a room.
    bool has(std::string_view name) const { return rooms_.find(name) != rooms_.end(); }

    /// Calls `f(local_socket&)` with each connected socket that is meant, once. A socket whose id
    /// is excepted is not meant, whatever rooms it has left.
    template <class F>
    void select(broadcast_options const& o, F f);

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept {
            return std::hash<std::string_view>()(s);
        }
    };

    static std::uint64_t size_bit(std::string_view id) noexcept {
        return std::uint64_t{1} << (id.size() & 63);
    }
    /// Calls `f(local_socket&)` with each connected socket in a room.
    template <class F>
    void members(std::string_view name, F f);
    using room_map = std::unordered_map<std::string, room, text_hash, std::equal_to<>>;

    /// The room's place among those of a socket; nothing: the socket has not joined it.
    inline std::optional<std::size_t> place_of(local_socket const& s, room const& r) const;
    inline void enter_own_room(local_socket& s, room_changes* changes);
    inline void take_out(local_socket& s, local_socket::membership const& m, room_changes* changes);

    room_map rooms_{};
    std::unordered_map<std::string_view, local_socket*> ids_{};
    std::vector<local_socket*> all_{};
    /// Which sizes ids have, or had, a bit for each.
    std::uint64_t id_sizes_ = 0;
    std::size_t most_rooms_;
    std::uint64_t mark_ = 0;
};

// ---------------------------------------------------------------------------------------------

template <class F>
void room_index::members(std::string_view name, F f) {
    if (auto const at = rooms_.find(name); at != rooms_.end())
        for (room::member const& m : at->second.members)
            if (m.who->listed_) f(*m.who);
    if (local_socket* const s = find(name); s && s->in_own_room_) f(*s);
}

template <class F>
void room_index::select(broadcast_options const& o, F f) {
    std::uint64_t const mark = ++mark_;
    for (std::string const& name : o.except) {
        members(name, [&](local_socket& s) { s.mark_ = mark; });
        if (local_socket* const s = find(name)) s->mark_ = mark;
    }
    auto const take = [&](local_socket& s) {
        if (std::exchange(s.mark_, mark) != mark) f(s);
    };
    if (o.rooms.empty())
        for (local_socket* const s : all_) take(*s);
    else
        for (std::string const& name : o.rooms) members(name, take);
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/room_index.ipp>
#endif
