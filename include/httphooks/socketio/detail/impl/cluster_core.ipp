// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/cluster_core.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// The server's options for its own sockets: what a transport keeps is not kept twice.
inline socketio::options options_for_own(socketio::options o, bool transport_keeps) {
    if (transport_keeps) o.recovery.reset();
    return o;
}

HTTPHOOKS_DECL cluster_core::cluster_core(adapter_context& context,
                                          std::unique_ptr<cluster_transport> t,
                                          cluster_options const& o)
    : context_(context),
      name_(context.name()),
      home_(context.place()),
      options_(o),
      transport_(std::move(t)),
      uid_(transport_->make_id()),
      heartbeats_(transport_->has_heartbeats()),
      keeps_(transport_->recovers() && context.options().recovery),
      watched_(context, transport_->wants_rooms()
                            ? [this](std::string_view room) { transport_->room_changed(room); }
                            : std::function<void(std::string_view)>()),
      local_(watched_, options_for_own(context.options(), keeps_)),
      questions_(o) {
    own_end_ = R"(,"uid":")" + uid_ + R"(","nsp":)";
    append_string(own_end_, name_);
    own_end_.push_back('}');
    home_.timers().enter(*this);
}

// beginning and end ---------------------------------------------------------------------------
HTTPHOOKS_DECL void cluster_core::open_up() {
    {
        std::lock_guard const lock(mutex_);
        if (open_) return;
        kept_ = context_.keep();
    }
    transport_->open(self());
    bool told = false;
    {
        // from now on others use the transport
        std::lock_guard const lock(mutex_);
        open_ = true;
        told = ready_;
    }
    if (told) ready();
}

HTTPHOOKS_DECL void cluster_core::close_down() noexcept {
    {
        std::lock_guard const lock(mutex_);
        if (!std::exchange(open_, false)) return;
        next_heartbeat_ = next_look_ = next_count_ = time_point::max();
    }
    try {
        if (!transport_->is_away())
            transport_->publish(message(cluster_message_type::adapter_close));
        transport_->close();
        questions_.end_all(error::servers_unreachable);
    } catch (...) {
        context_.failed(std::current_exception());
    }
    home_.timers().leave(*this);
}

HTTPHOOKS_DECL void cluster_core::on_loop_end() noexcept {
    questions_.clear();
    {
        std::lock_guard const lock(mutex_);
        if (!std::exchange(open_, false)) return;
    }
    try {
        transport_->close();
    } catch (...) {
        if (auto const kept = kept_.lock()) kept->failed(std::current_exception());
    }
}

// time ----------------------------------------------------------------------------------------
inline void cluster_core::set_timer() {
    time_point next = questions_.deadline().value_or(time_point::max());
    {
        std::lock_guard const lock(mutex_);
        if (!open_) return;
        next = std::min({next, next_heartbeat_, next_look_, next_count_});
    }
    home_.timers().set(*this, next == time_point::max() ? std::nullopt : std::optional(next));
}

HTTPHOOKS_DECL void cluster_core::on_deadline() {
    auto const kept = kept_.lock();
    if (!kept) return;
    auto const time = now();
    bool beat = false;
    bool count = false;
    std::vector<std::string> gone;
    {
        std::lock_guard const lock(mutex_);
        if (!open_) return;
        beat = next_heartbeat_ <= time;
        if (count = next_count_ <= time; count) {
            count_delay_ *= 2;
            next_count_ =
                count_delay_ > longest_count_delay ? time_point::max() : time + count_delay_;
        }
        if (next_look_ <= time) {
            next_look_ = time + std::chrono::seconds(1);
            std::erase_if(peers_, [&](auto const& peer) {
                if (time - peer.second <= options_.heartbeat_timeout) return false;
                gone.push_back(peer.first);
                return true;
            });
        }
    }
    try {
        if (beat) publish(message(cluster_message_type::heartbeat));
        if (count) count_again();
        for (std::string const& uid : gone) questions_.gone(uid);
        if (questions_.expire(time)) probe();
    } catch (...) {
        kept->failed(std::current_exception());
    }
    set_timer();
}

// servers -------------------------------------------------------------------------------------
HTTPHOOKS_DECL void cluster_core::ready() {
    if (!heartbeats_) return;
    {
        std::lock_guard const lock(mutex_);
        ready_ = true;
        if (!open_) return;
        next_look_ = now() + std::chrono::seconds(1);
    }
    publish(message(cluster_message_type::initial_heartbeat));
    set_timer();
}

inline void cluster_core::note_peer(cluster_message const& m) {
    if (!heartbeats_ || m.uid == "emitter" || m.type == cluster_message_type::adapter_close) return;
    std::lock_guard const lock(mutex_);
    constexpr std::size_t most_peers = 10'000;
    if (auto const at = peers_.find(m.uid); at != peers_.end())
        at->second = now();
    else if (peers_.size() < most_peers)
        peers_.emplace(m.uid, now());
}

inline void cluster_core::forget_peer(std::string const& uid) {
    {
        std::lock_guard const lock(mutex_);
        peers_.erase(uid);
    }
    questions_.gone(uid);
}

/// The transport may count a server that goes for another moment.
inline void cluster_core::note_leaving(std::string const& uid) {
    questions_.leaving(uid);
    {
        std::lock_guard const lock(mutex_);
        count_delay_ = first_count_delay;
        next_count_ = now() + count_delay_;
    }
    set_timer();
}

inline void cluster_core::count_again() {
    if (questions_.size() == 0) return;
    transport_->count([c = self()](error_code ec, std::size_t servers) {
        if (!ec) c->questions_.expect_at_most(c->questions_.others(servers));
    });
}

inline std::vector<std::string> cluster_core::peers() const {
    std::vector<std::string> all;
    std::lock_guard const lock(mutex_);
    for (auto const& [uid, seen] : peers_) all.push_back(uid);
    return all;
}

HTTPHOOKS_DECL void cluster_core::server_count(std::function<void(error_code, std::size_t)> done) {
    if (!is_shared({})) return done({}, 1);
    if (transport_->is_away()) return done(error::servers_unreachable, 1);
    if (heartbeats_) return done({}, 1 + peers().size());
    transport_->count([c = self(), done = std::move(done)](error_code ec, std::size_t servers) {
        if (ec) return done(error::servers_unreachable, 1);
        done({}, 1 + c->questions_.others(servers));
    });
}

// sending -------------------------------------------------------------------------------------
HTTPHOOKS_DECL cluster_message cluster_core::message(cluster_message_type t,
                                                     broadcast_options const* o) const {
    cluster_message m;
    m.type = t;
    m.uid = uid_;
    m.nsp = name_;
    if (o) m.to = *o;
    return m;
}

inline bool cluster_core::publish(cluster_message const& m) {
    if (heartbeats_) {
        std::lock_guard const lock(mutex_);
        if (open_)
            next_heartbeat_ = httphooks::detail::deadline_after(options_.heartbeat_interval, now());
    }
    return transport_->publish(m);
}

inline void cluster_core::answer(std::string const& uid, cluster_message_type t,
                                 std::string const& id,
                                 std::function<void(cluster_message&)> const& fill) {
    if (!is_shared({})) return;
    cluster_message m = message(t);
    m.request_id = id;
    fill(m);
    transport_->answer(uid, m);
}

HTTPHOOKS_DECL void cluster_core::broadcast(packet_data data, broadcast_options const& o) {
    if (!is_shared(o)) {
        if (!keeps_) return local_.broadcast(std::move(data), o);
        return deliver_kept(std::move(data), o, {});
    }
    cluster_message m = message(cluster_message_type::broadcast, &o);
    m.packet = std::move(data);
    // publishing never waits
    bool const comes_back = publish(m);
    if (!keeps_)
        local_.broadcast(std::move(m.packet), o);
    else if (!comes_back)
        deliver_kept(std::move(m.packet), o, {});
}

HTTPHOOKS_DECL void cluster_core::broadcast_with_ack(packet_data data, std::uint64_t id,
                                                     broadcast_options const& o,
                                                     client_count_handler count,
                                                     std::function<void(nlohmann::json)> ack) {
    bool const shared = is_shared(o) && !transport_->is_away();
    cluster_message m;
    if (shared) {
        m = message(cluster_message_type::broadcast, &o);
        m.request_id = transport_->make_id();
        m.packet = data;
        questions_.begin_acks(m.request_id, now(),
                              o.flags.timeout.value_or(options_.requests_timeout), count, ack);
        set_timer();
    }
    local_.broadcast_with_ack(std::move(data), id, o, std::move(count), std::move(ack));
    if (shared) publish(m);
}

HTTPHOOKS_DECL void cluster_core::add_sockets(broadcast_options const& o,
                                              std::span<std::string const> rooms) {
    local_.add_sockets(o, rooms);
    if (!is_shared(o)) return;
    cluster_message m = message(cluster_message_type::sockets_join, &o);
    m.rooms.assign(rooms.begin(), rooms.end());
    publish(m);
}

HTTPHOOKS_DECL void cluster_core::del_sockets(broadcast_options const& o,
                                              std::span<std::string const> rooms) {
    local_.del_sockets(o, rooms);
    if (!is_shared(o)) return;
    cluster_message m = message(cluster_message_type::sockets_leave, &o);
    m.rooms.assign(rooms.begin(), rooms.end());
    publish(m);
}

HTTPHOOKS_DECL void cluster_core::disconnect_sockets(broadcast_options const& o, bool close) {
    local_.disconnect_sockets(o, close);
    if (!is_shared(o)) return;
    cluster_message m = message(cluster_message_type::disconnect_sockets, &o);
    m.close = close;
    publish(m);
}

// questions -----------------------------------------------------------------------------------
inline void cluster_core::ask(std::string const& id, cluster_message m) {
    set_timer();
    if (transport_->is_away()) return questions_.fail(id, error::servers_unreachable);
    if (heartbeats_) {
        auto const all = peers();
        bool const any = !all.empty();
        questions_.expect(id, all);
        if (any) publish(m);
        return;
    }
    transport_->count([c = self(), id, m = std::move(m)](error_code ec, std::size_t servers) {
        if (ec) return c->questions_.fail(id, error::servers_unreachable);
        c->questions_.expect(id, c->questions_.others(servers));
        // silent ones are asked, too: they may answer
        if (servers > 1) c->publish(m);
    });
}

inline void cluster_core::probe() {
    cluster_message m = message(cluster_message_type::fetch_sockets);
    m.to.rooms = {uid_};  // nobody's
    m.request_id = transport_->make_id();
    if (questions_.begin_probe(m.request_id, now())) ask(m.request_id, m);
}

HTTPHOOKS_DECL void cluster_core::fetch_sockets(broadcast_options const& o, describe_handler done) {
    if (!is_shared(o)) return local_.fetch_sockets(o, std::move(done));
    cluster_message m = message(cluster_message_type::fetch_sockets, &o);
    m.request_id = transport_->make_id();
    std::string const id = m.request_id;
    if (!questions_.begin(id, true, true, now(), [done = std::move(done)](cluster_answers all) {
            done(all.ec, std::move(all.sockets));
        }))
        return;
    local_.fetch_sockets(o, [c = self(), id](error_code, std::vector<socket_description> own) {
        c->questions_.add_own(id, std::move(own));
    });
    ask(id, std::move(m));
}

HTTPHOOKS_DECL void cluster_core::server_side_emit(packet_data event, server_side_handler done) {
    if (!is_shared({})) {
        if (done) done({}, {});
        return;
    }
    cluster_message m = message(cluster_message_type::server_side_emit);
    m.packet = std::move(event);
    if (!done) {
        publish(m);
        return;
    }
    m.request_id = transport_->make_id();
    std::string const id = m.request_id;
    if (questions_.begin(id, false, false, now(), [done = std::move(done)](cluster_answers all) {
            done(all.ec, std::move(all.values));
        }))
        ask(id, std::move(m));
}

}  // namespace httphooks::socketio::detail
