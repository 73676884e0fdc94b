// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/memory_adapter.hpp>

#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/recovery_log.hpp>
#include <httphooks/socketio/detail/room_index.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

/// Whether a session's socket was in a room, its own perhaps.
inline bool was_in(session_state const& s, std::string_view room) {
    return std::ranges::find(s.rooms, room) != s.rooms.end();
}

}  // namespace detail

HTTPHOOKS_DECL void memory_adapter::admit(std::shared_ptr<local_socket> const& s) {
    std::lock_guard const lock(mutex_);
    index_.admit(*s);
}

HTTPHOOKS_DECL bool memory_adapter::enlist(std::shared_ptr<local_socket> const& s,
                                           session_state const* restored) {
    detail::room_changes list;
    detail::room_changes* const wanted = context_.tells_rooms() ? &list : nullptr;
    detail::recovery_log::packet_list missed;
    {
        // broadcasts are behind the same mutex: each is in the log by now, or finds the socket
        std::lock_guard const lock(mutex_);
        bool const in_own_room = !restored || detail::was_in(*restored, s->id());
        if (log_ && restored) {
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
    tell(*s, list);
    return true;
}

HTTPHOOKS_DECL detail::room_changes memory_adapter::enlist_restored(
    std::shared_ptr<local_socket> const& s, session_state const& restored) {
    detail::room_changes list;
    std::lock_guard const lock(mutex_);
    index_.enlist(*s, context_.tells_rooms() ? &list : nullptr, detail::was_in(restored, s->id()));
    return list;
}

HTTPHOOKS_DECL void memory_adapter::tell(local_socket const& s, detail::room_changes const& all) {
    for (auto const& c : all) context_.tell(c.what, c.name, s.id());
}

HTTPHOOKS_DECL bool memory_adapter::add_all(std::shared_ptr<local_socket> const& s,
                                            std::span<std::string const> rooms) {
    return change(*s, [&](detail::room_changes* list) {
        bool all = true;
        for (std::string const& name : rooms) all = index_.add(*s, name, list) && all;
        return all;
    });
}

HTTPHOOKS_DECL void memory_adapter::del(std::shared_ptr<local_socket> const& s,
                                        std::string_view room) {
    change(*s, [&](detail::room_changes* list) {
        index_.del(*s, room, list);
        return true;
    });
}

HTTPHOOKS_DECL void memory_adapter::del_all(std::shared_ptr<local_socket> const& s) {
    change(*s, [&](detail::room_changes* list) {
        index_.del_all(*s, list);
        return true;
    });
}

HTTPHOOKS_DECL std::vector<std::string> memory_adapter::socket_rooms(local_socket const& s) {
    std::lock_guard const lock(mutex_);
    return index_.rooms_of(s);
}

HTTPHOOKS_DECL std::shared_ptr<local_socket> memory_adapter::find(std::string_view id) {
    std::lock_guard const lock(mutex_);
    local_socket* const s = index_.find(id);
    return s ? s->shared_from_this() : nullptr;
}

HTTPHOOKS_DECL detail::socket_list memory_adapter::local_sockets(broadcast_options const& o) {
    detail::socket_list list;
    std::lock_guard const lock(mutex_);
    index_.select(o, [&](local_socket& s) { list.push_back(s.shared_from_this()); });
    return list;
}

HTTPHOOKS_DECL std::size_t memory_adapter::size() {
    std::lock_guard const lock(mutex_);
    return index_.size();
}

HTTPHOOKS_DECL std::size_t memory_adapter::room_count() {
    std::lock_guard const lock(mutex_);
    return index_.rooms();
}

HTTPHOOKS_DECL bool memory_adapter::has_room(std::string_view room) {
    std::lock_guard const lock(mutex_);
    return index_.has(room);
}

HTTPHOOKS_DECL bool memory_adapter::may_reach(std::string_view room) {
    if (log_) return true;
    std::lock_guard const lock(mutex_);
    return index_.has(room) || index_.find(room);
}

HTTPHOOKS_DECL void memory_adapter::send(std::shared_ptr<local_socket> const& s, packet_data data,
                                         broadcast_flags const& f) {
    put(f, [&](targets& to) {
        to.add(s);
        if (!log_) return std::make_shared<packet_data const>(std::move(data));
        if (f.volatile_ || !s->listed_) return log_->mark(std::move(data));
        auto kept = log_->add_for(s->id(), std::move(data), context_.now());
        s->last_packet_ = log_->newest();
        return kept;
    });
}

HTTPHOOKS_DECL void memory_adapter::broadcast(packet_data data, broadcast_options const& o) {
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
        auto made =
            keep ? log_->add(std::move(data), o, context_.now()) : log_->mark(std::move(data));
        index_.select(o, [&](local_socket& s) {
            if (keep) s.last_packet_ = log_->newest();
            to.add(s.shared_from_this());
        });
        return made;
    });
}

HTTPHOOKS_DECL void memory_adapter::broadcast_with_ack(packet_data data, std::uint64_t id,
                                                       broadcast_options const& o,
                                                       client_count_handler count,
                                                       std::function<void(nlohmann::json)> ack) {
    broadcast_with_ack({std::make_shared<packet_data const>(std::move(data)), o.flags, id,
                        std::move(ack), nullptr},
                       o, count);
}

HTTPHOOKS_DECL void memory_adapter::broadcast_with_ack(delivery d, broadcast_options const& o,
                                                       client_count_handler const& count) {
    auto sockets = local_sockets(o);
    count(sockets.size());
    if (!sockets.empty()) detail::deliver_to(std::move(sockets), context_.encode(std::move(d)));
}

namespace detail {

/** Asks sockets where they live, and calls `done(All)` with what all of them say.
    @param describe `describe(All&, sockets)` is called for those of each place
    @param join `join(All&, All)` puts it to what others have said, one at a time */
template <class All, class Describe, class Join>
void gather(socket_list sockets, Describe describe, Join join, std::function<void(All)> done) {
    struct gathering {
        std::mutex mutex{};
        All all{};
        std::size_t missing = 0;
        std::function<void(All)> done{};
    };
    http::detail::home_groups<local_socket> groups;
    for (auto& s : sockets) groups.add(std::move(s));
    if (groups.empty()) return done({});
    auto const g = std::make_shared<gathering>();
    g->missing = groups.size();
    g->done = std::move(done);
    for (auto& group : groups)
        group.where.dispatch([g, describe, join, mine = std::move(group.sessions)] {
            All part;
            describe(part, mine);
            {
                std::lock_guard const lock(g->mutex);
                join(g->all, std::move(part));
                if (--g->missing != 0) return;
            }
            g->done(std::move(g->all));
        });
}

/// Appends sockets, each behind a comma.
inline void append_elements(payload& to, socket_list const& sockets) {
    constexpr std::size_t most_reserved = 4 * 1024 * 1024;
    for (auto const& s : sockets) {
        to.text.push_back(',');
        append_socket(to, s->describe());
        if (s != sockets.front()) continue;
        // the others are perhaps as large
        to.text.reserve(std::min(to.text.size() * (sockets.size() + 1), most_reserved));
    }
}

/// Puts elements behind others; places of bytes get their new numbers.
inline void join_elements(payload& all, payload more) {
    if (all.text.empty()) return std::swap(all, more);
    if (all.attachments.empty() || more.attachments.empty()) {
        all.text.append(more.text);
        if (all.attachments.empty()) all.attachments = std::move(more.attachments);
        return;
    }
    more.text.front() = '[';
    more.text.push_back(']');
    for (auto const& each : payload_to_json(more)) {
        all.text.push_back(',');
        append_document(all, each);
    }
}

}  // namespace detail

HTTPHOOKS_DECL void memory_adapter::fetch_sockets(broadcast_options const& o,
                                                  describe_handler done) {
    using descriptions = std::vector<socket_description>;
    detail::gather<descriptions>(
        local_sockets(o),
        [](descriptions& to, detail::socket_list const& sockets) {
            to.reserve(sockets.size());
            for (auto const& s : sockets) to.push_back(s->describe());
        },
        [](descriptions& all, descriptions more) {
            if (all.empty()) return all.swap(more);
            std::ranges::move(more, std::back_inserter(all));
        },
        [done = std::move(done)](descriptions all) { done({}, std::move(all)); });
}

HTTPHOOKS_DECL void memory_adapter::write_sockets(broadcast_options const& o,
                                                  std::function<void(packet_data)> done) {
    detail::gather<packet_data>(local_sockets(o), detail::append_elements, detail::join_elements,
                                [done = std::move(done)](packet_data all) {
                                    if (all.text.empty()) all.text.push_back('[');
                                    all.text.front() = '[';
                                    all.text.push_back(']');
                                    done(std::move(all));
                                });
}

HTTPHOOKS_DECL void memory_adapter::add_sockets(broadcast_options const& o,
                                                std::span<std::string const> rooms) {
    for (auto const& s : local_sockets(o)) add_all(s, rooms);
}

HTTPHOOKS_DECL void memory_adapter::del_sockets(broadcast_options const& o,
                                                std::span<std::string const> rooms) {
    for (auto const& s : local_sockets(o))
        for (std::string const& room : rooms) del(s, room);
}

HTTPHOOKS_DECL void memory_adapter::disconnect_sockets(broadcast_options const& o, bool close) {
    for (auto const& s : local_sockets(o)) s->disconnect_later(close);
}

HTTPHOOKS_DECL void memory_adapter::persist_session(session_state s) {
    if (!log_) return;
    std::lock_guard const lock(mutex_);
    if (local_socket const* const last = index_.find(s.sid); last && last->last_packet_ != 0)
        s.sent = log_->offset_of(last->last_packet_);
    log_->persist(std::move(s), context_.now());
}

HTTPHOOKS_DECL void memory_adapter::restore_session(std::string_view pid, std::string_view offset,
                                                    restore_handler done) {
    std::optional<session_state> found;
    if (log_) {
        std::lock_guard const lock(mutex_);
        found = log_->restore(pid, offset, context_.now());
    }
    done(std::move(found));
}

}  // namespace httphooks::socketio
