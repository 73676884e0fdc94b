// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The adapter of a server that is alone.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>
#include <httphooks/socketio/detail/inboxes.hpp>
#include <httphooks/socketio/detail/recovery_log.hpp>
#include <httphooks/socketio/detail/room_index.hpp>
#include <httphooks/socketio/options.hpp>

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

    void open() {}
    void admit(std::shared_ptr<local_socket> const& s);
    bool enlist(std::shared_ptr<local_socket> const& s, session_state const* restored);
    /// Enlists a socket of a session whose events another keeps, and tells nobody yet.
    /// @return what became of rooms, for tell()
    detail::room_changes enlist_restored(std::shared_ptr<local_socket> const& s,
                                         session_state const& restored);
    /// Tells what became of rooms. Calls functions of the application's.
    void tell(local_socket const& s, detail::room_changes const& all);
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
    /// Whether somebody is in a room, beside the one whose id it is.
    bool has_room(std::string_view room);
    /// Whether an event for a room is of use: it has members, or what they miss is kept.
    bool may_reach(std::string_view room);

    void send(std::shared_ptr<local_socket> const& s, packet_data data, broadcast_flags const& f);
    void broadcast(packet_data data, broadcast_options const& o);
    void broadcast_with_ack(packet_data data, std::uint64_t id, broadcast_options const& o,
                            client_count_handler count, std::function<void(nlohmann::json)> ack);
    /// The same, with what a packet says of acknowledgements.
    void broadcast_with_ack(delivery d, broadcast_options const& o,
                            client_count_handler const& count);
    void fetch_sockets(broadcast_options const& o, describe_handler done);
    /// The same as a JSON array, for another server. @param done called once, on any thread
    void write_sockets(broadcast_options const& o, std::function<void(packet_data)> done);
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
    detail::room_changes list;
    detail::room_changes* const wanted = context_.tells_rooms() ? &list : nullptr;
    bool good = true;
    {
        std::lock_guard const lock(mutex_);
        good = f(wanted);
    }
    tell(s, list);
    return good;
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

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/memory_adapter.ipp>
#endif
