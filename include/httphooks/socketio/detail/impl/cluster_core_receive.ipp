// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/cluster_core.hpp>

#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/unwanted.hpp>

#include <nlohmann/json.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

// what is told --------------------------------------------------------------------------------
HTTPHOOKS_DECL void cluster_core::malformed() noexcept {
    if (auto const kept = kept_.lock()) kept->dropped("Malformed message of another server");
}

HTTPHOOKS_DECL void cluster_core::lost() noexcept {
    if (auto const kept = kept_.lock()) kept->dropped("Message to other servers not sent");
}

HTTPHOOKS_DECL void cluster_core::failed(error_code ec, char const* what) noexcept {
    if (auto const kept = kept_.lock())
        kept->failed(std::make_exception_ptr(boost::system::system_error(ec, what)));
}

// receiving -----------------------------------------------------------------------------------
HTTPHOOKS_DECL void cluster_core::receive(std::string_view bytes) {
    if (bytes.ends_with(own_end_)) return;
    // with heartbeats, every message is one
    if (!heartbeats_ && is_unwanted(bytes, *this)) return;
    auto m = decode_cluster_message(bytes);
    if (!m) return malformed();
    receive(std::move(*m), {});
}

HTTPHOOKS_DECL void cluster_core::receive(cluster_message m, std::string_view offset) {
    if (m.uid == uid_ && offset.empty()) return;
    if (m.nsp != name_) return;
    auto const kept = kept_.lock();
    if (!kept || !is_shared({})) return;
    try {
        if (m.uid != uid_) note_peer(m);
        act(*kept, m, offset);
    } catch (...) {
        kept->failed(std::current_exception());
    }
}

inline void cluster_core::act(adapter_context& context, cluster_message& m,
                              std::string_view offset) {
    using enum cluster_message_type;
    switch (m.type) {
        case initial_heartbeat:
            if (heartbeats_) {
                publish(message(heartbeat));
                set_timer();
            }
            break;
        case heartbeat:
            break;
        case adapter_close:
            heartbeats_ ? forget_peer(m.uid) : note_leaving(m.uid);
            break;
        case broadcast:
            m.request_id.empty() ? deliver(m, offset) : deliver_asking(context, m);
            break;
        case sockets_join:
        case sockets_leave:
        case disconnect_sockets:
            // what this server has sent it has done
            if (m.uid == uid_) break;
            m.to.flags.local = true;
            if (m.type == sockets_join)
                local_.add_sockets(m.to, m.rooms);
            else if (m.type == sockets_leave)
                local_.del_sockets(m.to, m.rooms);
            else
                local_.disconnect_sockets(m.to, m.close);
            break;
        case fetch_sockets:
            tell_sockets(m);
            break;
        case server_side_emit:
            tell_application(context, m);
            break;
        case fetch_sockets_response:
            if (!read_sockets_of(m)) return malformed();
            questions_.answer(m.request_id, m.uid, std::move(m.sockets));
            break;
        case server_side_emit_response:
            questions_.answer(m.request_id, m.uid, payload_to_json(m.packet));
            break;
        case broadcast_client_count:
            questions_.add_count(m.request_id, static_cast<std::size_t>(m.client_count));
            break;
        case broadcast_ack:
            questions_.add_ack(m.request_id, payload_to_json(m.packet));
            break;
    }
}

inline void cluster_core::deliver(cluster_message& m, std::string_view offset) {
    if (keeps_) return deliver_kept(std::move(m.packet), m.to, offset);
    local_.broadcast(std::move(m.packet), m.to);
}

inline void cluster_core::deliver_asking(adapter_context& context, cluster_message& m) {
    if (!m.to.flags.timeout) m.to.flags.timeout = options_.requests_timeout;
    delivery d;
    d.data = std::make_shared<packet_data const>(std::move(m.packet));
    d.flags = m.to.flags;
    d.id = context.next_ack();
    d.on_arguments = std::make_shared<std::function<void(arguments const&)> const>(
        [c = self(), uid = m.uid, id = m.request_id](arguments const& values) {
            c->answer(uid, cluster_message_type::broadcast_ack, id,
                      [&](cluster_message& a) { append_argument_of(a.packet, values, 0); });
        });
    local_.broadcast_with_ack(std::move(d), m.to, [&](std::size_t clients) {
        answer(m.uid, cluster_message_type::broadcast_client_count, m.request_id,
               [&](cluster_message& a) { a.client_count = clients; });
    });
}

inline void cluster_core::tell_sockets(cluster_message& m) {
    local_.write_sockets(m.to, [c = self(), uid = m.uid, id = m.request_id](packet_data all) {
        c->answer(uid, cluster_message_type::fetch_sockets_response, id,
                  [&](cluster_message& a) { a.packet = std::move(all); });
    });
}

inline void cluster_core::tell_application(adapter_context& context, cluster_message& m) {
    if (m.request_id.empty()) return context.server_side_event(m.packet, {});
    auto const answered = std::make_shared<std::atomic<bool>>(false);
    context.server_side_event(m.packet, [c = self(), uid = m.uid, id = m.request_id,
                                         answered](packet_data const& values) {
        if (answered->exchange(true)) return;
        auto const all = payload_to_json(values);
        c->answer(uid, cluster_message_type::server_side_emit_response, id,
                  [&](cluster_message& a) {
                      append_document(a.packet, all.empty() ? nlohmann::json() : all.front());
                  });
    });
}

// what transports keep ------------------------------------------------------------------------
/// Puts an offset behind the arguments of an event. @param offset empty: there is none yet; then
/// the last argument is no text, which clients would take for one
inline void append_offset(packet_data& to, std::string_view offset) {
    if (offset.empty() && !to.text.ends_with("\"]")) return;
    to.text.back() = ',';
    if (offset.empty())
        append_null(to.text);
    else
        append_string(to.text, offset);
    to.text.push_back(']');
}

/// How many bytes an event has.
inline std::size_t bytes_of(packet_data const& p) {
    std::size_t all = p.text.size();
    for (std::string const& a : p.attachments) all += a.size();
    return all;
}

inline void cluster_core::deliver_kept(packet_data data, broadcast_options const& o,
                                       std::string_view offset) {
    constexpr std::size_t most_recent = 10'000;
    constexpr std::size_t most_recent_bytes = 64 * 1024 * 1024;
    socket_list sockets;
    std::shared_ptr<packet_data const> event;
    {
        std::lock_guard const lock(order_);
        bool const kept = !offset.empty() && !o.flags.volatile_;
        if (!offset.empty()) newest_ = offset;
        append_offset(data, newest_);
        event = std::make_shared<packet_data const>(std::move(data));
        if (kept && (restoring_ != 0 || !awaited_.empty())) {
            recent_.push_back({newest_, event, o});
            recent_bytes_ += bytes_of(*event);
            while (recent_.size() > most_recent || recent_bytes_ > most_recent_bytes) {
                recent_bytes_ -= bytes_of(*recent_.front().data);
                dropped_ = std::move(recent_.front().offset);
                recent_.pop_front();
            }
        }
        sockets = local_.local_sockets(o);
    }
    if (sockets.empty()) return;
    deliver_to(std::move(sockets), watched_.encode({std::move(event), o.flags, {}, {}}));
}

HTTPHOOKS_DECL void cluster_core::begins_at(std::string_view offset) {
    std::lock_guard const lock(order_);
    if (newest_.empty()) newest_ = offset;
}

inline void cluster_core::stop_awaiting() {
    if (restoring_ != 0 || !awaited_.empty()) return;
    recent_.clear();
    recent_bytes_ = 0;
    dropped_.clear();
}

inline std::vector<std::shared_ptr<packet_data const>> cluster_core::missed_since(
    std::string_view offset, local_socket const& s) {
    std::vector<std::shared_ptr<packet_data const>> missed;
    auto const rooms = local_.socket_rooms(s);
    auto const in = [&](std::string const& room) {
        return std::ranges::find(rooms, room) != rooms.end();
    };
    auto const spared = [&](std::string const& room) { return room == s.id() || in(room); };
    for (kept_event const& e : recent_) {
        if (!transport_->is_newer(e.offset, offset)) continue;
        bool const meant = e.to.rooms.empty() || std::ranges::any_of(e.to.rooms, in);
        if (meant && std::ranges::none_of(e.to.except, spared)) missed.push_back(e.data);
    }
    return missed;
}

HTTPHOOKS_DECL bool cluster_core::enlist(std::shared_ptr<local_socket> const& s,
                                         session_state const* restored) {
    if (!keeps_ || !restored) return local_.enlist(s, restored);
    std::vector<std::shared_ptr<packet_data const>> missed;
    room_changes changes;
    {
        std::lock_guard const lock(order_);
        awaited_.erase(s->id());
        bool const complete = dropped_.empty() || !transport_->is_newer(dropped_, restored->offset);
        if (complete) {
            changes = local_.enlist_restored(s, *restored);
            missed = missed_since(restored->offset, *s);
        }
        stop_awaiting();
        if (!complete) return false;
    }
    for (auto const& p : missed) s->deliver(*watched_.encode({p, {}, {}, {}}));
    local_.tell(*s, changes);
    return true;
}

HTTPHOOKS_DECL void cluster_core::del_all(std::shared_ptr<local_socket> const& s) {
    local_.del_all(s);
    if (!keeps_) return;
    std::lock_guard const lock(order_);
    if (awaited_.erase(s->id()) != 0) stop_awaiting();
}

HTTPHOOKS_DECL void cluster_core::send(std::shared_ptr<local_socket> const& s, packet_data data,
                                       broadcast_flags const& f) {
    if (!keeps_) return local_.send(s, std::move(data), f);
    bool const listed = local_.find(s->id()) == s;
    if (listed && !f.volatile_ && is_shared({})) {
        cluster_message m = message(cluster_message_type::broadcast);
        m.to = {{s->id()}, {}, f};
        m.packet = std::move(data);
        if (publish(m)) return;
        data = std::move(m.packet);
    }
    {
        std::lock_guard const lock(order_);
        append_offset(data, newest_);
    }
    local_.send(s, std::move(data), f);
}

HTTPHOOKS_DECL void cluster_core::persist_session(session_state s) {
    if (!keeps_) return local_.persist_session(std::move(s));
    {
        std::lock_guard const lock(order_);
        if (awaited_.erase(s.sid) != 0) stop_awaiting();
    }
    if (is_shared({})) transport_->persist_session(std::move(s));
}

HTTPHOOKS_DECL void cluster_core::restore_session(std::string_view pid, std::string_view offset,
                                                  restore_handler done) {
    if (!keeps_) return local_.restore_session(pid, offset, std::move(done));
    if (!is_shared({})) return done({});
    {
        std::lock_guard const lock(order_);
        ++restoring_;
    }
    transport_->restore_session(
        std::string(pid), std::string(offset),
        [c = self(), done = std::move(done)](std::optional<session_state> found) {
            {
                std::lock_guard const lock(c->order_);
                --c->restoring_;
                if (found) c->awaited_.insert(found->sid);
                c->stop_awaiting();
            }
            done(std::move(found));
        });
}

}  // namespace httphooks::socketio::detail
