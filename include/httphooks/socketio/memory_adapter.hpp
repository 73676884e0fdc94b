// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The adapter of a server that is alone.
*/

#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>
#include <httphooks/socketio/detail/inboxes.hpp>
#include <httphooks/socketio/detail/recovery_log.hpp>
#include <httphooks/socketio/detail/room_index.hpp>
#include <httphooks/socketio/options.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

/** Knows the rooms of one server's sockets, and with recovery what clients have missed.

    Adapters of servers that are several can have one for their own sockets. What each function does
    is said with the concept `adapter`.

    @par Thread safety
    All threads. */
class memory_adapter {
public:
    /// @param context outlives the adapter
    memory_adapter(adapter_context& context, options const& o)
        : context_(context), index_(o.max_rooms) {
        if (o.recovery) log_.emplace(*o.recovery);
    }

    void admit(std::shared_ptr<local_socket> const& s);
    bool enlist(std::shared_ptr<local_socket> const& s, session_state const* restored);
    bool add_all(std::shared_ptr<local_socket> const& s, std::span<std::string const> rooms);
    void del(std::shared_ptr<local_socket> const& s, std::string_view room);
    void del_all(std::shared_ptr<local_socket> const& s);
    std::vector<std::string> socket_rooms(local_socket const& s);
    std::shared_ptr<local_socket> find(std::string_view id);
    /// Connected sockets of this process.
    detail::socket_list local_sockets(broadcast_options const& o);
    std::size_t size();
    /// Rooms, without those of ids.
    std::size_t room_count();

    void send(std::shared_ptr<local_socket> const& s, packet_data data, broadcast_flags const& f);
    void broadcast(packet_data data, broadcast_options const& o);
    void broadcast_with_ack(packet_data data, std::uint64_t id, broadcast_options const& o,
                            client_count_handler count, std::function<void(nlohmann::json)> ack);
    void fetch_sockets(broadcast_options const& o, describe_handler done);
    void add_sockets(broadcast_options const& o, std::span<std::string const> rooms);
    void del_sockets(broadcast_options const& o, std::span<std::string const> rooms);
    void disconnect_sockets(broadcast_options const& o, bool close);
    /// There are no other servers.
    void server_side_emit(packet_data, server_side_handler done) {
        if (done) done({}, {});
    }
    void server_count(std::function<void(error_code, std::size_t)> done) { done({}, 1); }

    bool recovers() const noexcept { return log_.has_value(); }
    void persist_session(session_state s);
    void restore_session(std::string_view pid, std::string_view offset, restore_handler done);
    void close() {}

private:
    using changes = std::vector<detail::room_change>;

    /// Changes the index, then tells of it.
    template <class F>
    auto change(local_socket& s, F f);

    using targets = http::detail::home_groups<local_socket>;

    /// Has packets leave in the order of their offsets, whatever threads they come from.
    /// @param select `select(targets&)` fills in who gets it, and gives the packet
    template <class Select>
    void put(broadcast_flags const& f, Select select);

    adapter_context& context_;
    std::mutex mutex_{};
    detail::room_index index_;
    std::optional<detail::recovery_log> log_{};
    std::shared_ptr<detail::inboxes> inboxes_ = std::make_shared<detail::inboxes>();
};

static_assert(adapter<memory_adapter>);

// ---------------------------------------------------------------------------------------------

template <class F>
auto memory_adapter::change(local_socket& s, F f) {
    changes list;
    changes* const wanted = context_.tells_rooms() ? &list : nullptr;
    bool good = true;
    {
        std::lock_guard const lock(mutex_);
        good = f(wanted);
    }
    for (auto const& c : list) context_.tell(c.what, c.name, s.id());
    return good;
}

inline void memory_adapter::admit(std::shared_ptr<local_socket> const& s) {
    std::lock_guard const lock(mutex_);
    index_.admit(*s);
}

inline bool memory_adapter::enlist(std::shared_ptr<local_socket> const& s,
                                   session_state const* restored) {
    changes list;
    changes* const wanted = context_.tells_rooms() ? &list : nullptr;
    detail::recovery_log::packet_list missed;
    {
        // broadcasts are behind the same mutex: each is in the log by now, or finds the socket
        std::lock_guard const lock(mutex_);
        bool in_own_room = true;
        if (log_ && restored) {
            in_own_room = std::ranges::find(restored->rooms, s->id()) != restored->rooms.end();
            auto rooms = index_.rooms_of(*s);
            if (in_own_room) rooms.push_back(s->id());
            auto const from = log_->number_of(restored->offset);
            auto found = from ? log_->behind(*from, s->id(), rooms) : std::nullopt;
            if (!found) return false;
            missed = std::move(*found);
            s->last_packet_ =
                missed.empty() ? log_->number_of(restored->sent).value_or(0) : missed.back().number;
        }
        index_.enlist(*s, wanted, in_own_room);
    }
    for (auto const& p : missed) s->deliver(*context_.encode({p.data, {}, std::nullopt, {}}));
    for (auto const& c : list) context_.tell(c.what, c.name, s->id());
    return true;
}

inline bool memory_adapter::add_all(std::shared_ptr<local_socket> const& s,
                                    std::span<std::string const> rooms) {
    return change(*s, [&](changes* list) {
        bool all = true;
        for (std::string const& name : rooms) all = index_.add(*s, name, list) && all;
        return all;
    });
}

inline void memory_adapter::del(std::shared_ptr<local_socket> const& s, std::string_view room) {
    change(*s, [&](changes* list) {
        index_.del(*s, room, list);
        return true;
    });
}

inline void memory_adapter::del_all(std::shared_ptr<local_socket> const& s) {
    change(*s, [&](changes* list) {
        index_.del_all(*s, list);
        return true;
    });
}

inline std::vector<std::string> memory_adapter::socket_rooms(local_socket const& s) {
    std::lock_guard const lock(mutex_);
    return index_.rooms_of(s);
}

inline std::shared_ptr<local_socket> memory_adapter::find(std::string_view id) {
    std::lock_guard const lock(mutex_);
    local_socket* const s = index_.find(id);
    return s ? s->shared_from_this() : nullptr;
}

inline detail::socket_list memory_adapter::local_sockets(broadcast_options const& o) {
    detail::socket_list list;
    std::lock_guard const lock(mutex_);
    index_.select(o, [&](local_socket& s) { list.push_back(s.shared_from_this()); });
    return list;
}

inline std::size_t memory_adapter::size() {
    std::lock_guard const lock(mutex_);
    return index_.size();
}

inline std::size_t memory_adapter::room_count() {
    std::lock_guard const lock(mutex_);
    return index_.rooms();
}

template <class Select>
void memory_adapter::put(broadcast_flags const& f, Select select) {
    std::vector<http::detail::home> wake;
    {
        std::lock_guard const lock(mutex_);
        targets to;
        auto data = select(to);
        if (to.empty()) return;
        auto const encoded = context_.encode({std::move(data), f, std::nullopt, {}});
        for (auto& group : to)
            if (inboxes_->put(group.where, std::move(group.sessions), encoded))
                wake.push_back(group.where);
    }
    for (auto const& where : wake)
        where.dispatch([boxes = inboxes_, where] { boxes->empty(where); });
}

inline void memory_adapter::send(std::shared_ptr<local_socket> const& s, packet_data data,
                                 broadcast_flags const& f) {
    put(f, [&](targets& to) {
        to.add(s);
        if (!log_) return std::make_shared<packet_data const>(std::move(data));
        if (f.volatile_ || !s->listed_) return log_->mark(std::move(data));
        auto kept = log_->add_for(s->id(), std::move(data));
        s->last_packet_ = log_->newest();
        return kept;
    });
}

inline void memory_adapter::broadcast(packet_data data, broadcast_options const& o) {
    if (!log_) {
        auto sockets = local_sockets(o);
        if (sockets.empty()) return;
        detail::deliver_to(
            std::move(sockets),
            context_.encode(
                {std::make_shared<packet_data const>(std::move(data)), o.flags, std::nullopt, {}}));
        return;
    }
    put(o.flags, [&](targets& to) {
        bool const keep = !o.flags.volatile_;
        auto made = keep ? log_->add(std::move(data), o) : log_->mark(std::move(data));
        index_.select(o, [&](local_socket& s) {
            if (keep) s.last_packet_ = log_->newest();
            to.add(s.shared_from_this());
        });
        return made;
    });
}

inline void memory_adapter::broadcast_with_ack(packet_data data, std::uint64_t id,
                                               broadcast_options const& o,
                                               client_count_handler count,
                                               std::function<void(nlohmann::json)> ack) {
    auto sockets = local_sockets(o);
    count(sockets.size());
    if (sockets.empty()) return;
    detail::deliver_to(std::move(sockets),
                       context_.encode({std::make_shared<packet_data const>(std::move(data)),
                                        o.flags, id, std::move(ack)}));
}

inline void memory_adapter::fetch_sockets(broadcast_options const& o, describe_handler done) {
    struct gathering {
        std::mutex mutex{};
        std::vector<socket_description> all{};
        std::size_t missing = 0;
        describe_handler done{};
    };
    http::detail::home_groups<local_socket> groups;
    for (auto& s : local_sockets(o)) groups.add(std::move(s));
    if (groups.empty()) return done({}, {});
    auto const g = std::make_shared<gathering>();
    g->missing = groups.size();
    g->done = std::move(done);
    for (auto& group : groups)
        group.where.dispatch([g, sockets = std::move(group.sessions)] {
            std::vector<socket_description> mine;
            for (auto const& s : sockets) mine.push_back(s->describe());
            {
                std::lock_guard const lock(g->mutex);
                std::move(mine.begin(), mine.end(), std::back_inserter(g->all));
                if (--g->missing != 0) return;
            }
            g->done({}, std::move(g->all));
        });
}

inline void memory_adapter::add_sockets(broadcast_options const& o,
                                        std::span<std::string const> rooms) {
    for (auto const& s : local_sockets(o)) add_all(s, rooms);
}

inline void memory_adapter::del_sockets(broadcast_options const& o,
                                        std::span<std::string const> rooms) {
    for (auto const& s : local_sockets(o))
        for (std::string const& room : rooms) del(s, room);
}

inline void memory_adapter::disconnect_sockets(broadcast_options const& o, bool close) {
    for (auto const& s : local_sockets(o)) s->disconnect_later(close);
}

inline void memory_adapter::persist_session(session_state s) {
    if (!log_) return;
    std::lock_guard const lock(mutex_);
    if (local_socket const* const last = index_.find(s.sid); last && last->last_packet_ != 0)
        s.sent = log_->offset_of(last->last_packet_);
    log_->persist(std::move(s));
}

inline void memory_adapter::restore_session(std::string_view pid, std::string_view offset,
                                            restore_handler done) {
    std::optional<session_state> found;
    if (log_) {
        std::lock_guard const lock(mutex_);
        found = log_->restore(pid, offset);
    }
    done(std::move(found));
}

}  // namespace httphooks::socketio
