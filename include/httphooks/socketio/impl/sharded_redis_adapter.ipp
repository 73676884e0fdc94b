// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/sharded_redis_adapter.hpp>

#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/value.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/redis_hub.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// How long a text is for JavaScript, which counts in UTF-16.
inline std::size_t utf16_length(std::string_view text) noexcept {
    std::size_t n = 0;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        n += byte >= 0xf0 ? 2 : (byte & 0xc0) != 0x80 ? 1 : 0;
    }
    return n;
}

/// The number in the reply of PUBSUB NUMSUB, and of its like.
inline std::size_t subscribers_in(redis::value const& reply) {
    auto const n = reply[1].number();
    return n && *n > 0 ? static_cast<std::size_t>(*n) : 0;
}

/// The channels of a namespace, and its rooms. Thread-safe.
class sharded_redis_channels final : public redis_listener {
public:
    sharded_redis_channels(std::shared_ptr<redis_hub> hub, subscription_mode mode)
        : hub_(std::move(hub)), mode_(mode) {}

    HTTPHOOKS_DECL void open(std::shared_ptr<redis_listener> const& self,
                             std::weak_ptr<cluster_link> to, std::string const& prefix);
    HTTPHOOKS_DECL void close();
    HTTPHOOKS_DECL void room_changed(std::string_view room);

    HTTPHOOKS_DECL void on_message(redis::message const& m) override {
        if (auto const link = link_.lock()) link->receive(m.payload);
    }
    std::weak_ptr<cluster_link> link() const override { return link_; }

    std::string const& main() const noexcept { return main_; }
    std::string of(std::string_view name) const { return main_ + std::string(name) + '#'; }

private:
    std::shared_ptr<redis_hub> hub_;
    subscription_mode mode_;
    std::string main_{};
    std::weak_ptr<redis_listener> self_{};
    std::weak_ptr<cluster_link> link_{};
    std::mutex mutex_{};
    bool open_ = false;
    std::set<std::string, std::less<>> wanted_{};
};

HTTPHOOKS_DECL void sharded_redis_channels::open(std::shared_ptr<redis_listener> const& self,
                                                 std::weak_ptr<cluster_link> to,
                                                 std::string const& prefix) {
    auto const link = to.lock();
    hub_->enter();
    {
        std::lock_guard const lock(mutex_);
        self_ = self;
        link_ = std::move(to);
        main_ = prefix + '#' + link->nsp() + '#';
        open_ = true;
        wanted_ = {main_, of(link->uid())};
    }
    hub_->want(redis::subscription::shard, main_, self);
    hub_->want(redis::subscription::shard, of(link->uid()), self);
    hub_->settle();
}

HTTPHOOKS_DECL void sharded_redis_channels::close() {
    std::set<std::string, std::less<>> all;
    {
        std::lock_guard const lock(mutex_);
        open_ = false;
        all.swap(wanted_);
    }
    for (std::string const& channel : all) hub_->forget(redis::subscription::shard, channel, *this);
    hub_->leave();
}

HTTPHOOKS_DECL void sharded_redis_channels::room_changed(std::string_view room) {
    if (mode_ == subscription_mode::static_) return;
    auto const link = link_.lock();
    if (!link) return;
    // behind the mutex, so that who comes last has seen what is so in the end
    std::lock_guard const lock(mutex_);
    if (!open_) return;
    bool const is_id = link->has_socket(room);
    // publishers take what has 20 characters for the id of a socket
    bool const wanted = mode_ == subscription_mode::dynamic_private ? is_id || link->has_room(room)
                        : is_id                                     ? utf16_length(room) != 20
                                                                    : link->has_room(room);
    std::string channel = of(room);
    auto const at = wanted_.find(channel);
    if (wanted == (at != wanted_.end())) return;
    if (wanted) {
        hub_->want(redis::subscription::shard, channel, self_.lock());
        wanted_.insert(std::move(channel));
    } else {
        wanted_.erase(at);
        hub_->forget(redis::subscription::shard, channel, *this);
    }
}

/// Carries messages by SPUBLISH.
class sharded_redis_transport final : public cluster_transport {
public:
    sharded_redis_transport(adapter_context& context, redis::options const& where,
                            sharded_redis_adapter_options o)
        : hub_(redis_hub::of(context, where)),
          options_(std::move(o)),
          channels_(std::make_shared<sharded_redis_channels>(hub_, options_.subscription_mode)) {}

    HTTPHOOKS_DECL void open(std::weak_ptr<cluster_link> to) override {
        channels_->open(channels_, std::move(to), options_.channel_prefix);
    }
    HTTPHOOKS_DECL bool publish(cluster_message const& m) override;
    HTTPHOOKS_DECL void answer(std::string_view uid, cluster_message const& m) override {
        send(channels_->of(uid), m);
    }
    bool has_heartbeats() const override { return false; }
    HTTPHOOKS_DECL void count(std::function<void(error_code, std::size_t)> done) override {
        hub_->ask({"PUBSUB", "SHARDNUMSUB", channels_->main()},
                  [done = std::move(done)](error_code ec, redis::value const& reply) {
                      done(ec, ec ? 1 : subscribers_in(reply));
                  });
    }
    bool is_away() const override { return hub_->is_away(); }
    bool wants_rooms() const override {
        return options_.subscription_mode != subscription_mode::static_;
    }
    HTTPHOOKS_DECL void room_changed(std::string_view room) override {
        channels_->room_changed(room);
    }
    HTTPHOOKS_DECL void close() override { channels_->close(); }

private:
    using clock = std::chrono::steady_clock;

    void send(std::string const& channel, cluster_message const& m) {
        hub_->publish("SPUBLISH", channel, encode(m), channels_->link());
    }
    inline bool has_channel(std::string const& room);
    inline void note_filled(cluster_message const& m);

    std::shared_ptr<redis_hub> hub_;
    sharded_redis_adapter_options options_;
    std::shared_ptr<sharded_redis_channels> channels_;
    std::mutex mutex_{};
    /// Rooms that others may have joined, but not subscribed yet, until when.
    std::map<std::string, clock::time_point, std::less<>> filled_{};
};

/// Whether a room's channel reaches all of its members.
inline bool sharded_redis_transport::has_channel(std::string const& room) {
    if (options_.subscription_mode == subscription_mode::static_) return false;
    if (options_.subscription_mode == subscription_mode::dynamic && utf16_length(room) == 20)
        return false;
    std::lock_guard const lock(mutex_);
    auto const at = filled_.find(room);
    if (at == filled_.end()) return true;
    if (at->second > clock::now()) return false;
    filled_.erase(at);
    return true;
}

inline void sharded_redis_transport::note_filled(cluster_message const& m) {
    constexpr std::chrono::seconds time_to_subscribe{2};
    constexpr std::size_t most_rooms = 10'000;
    auto const now = clock::now();
    std::lock_guard const lock(mutex_);
    if (filled_.size() >= most_rooms)
        std::erase_if(filled_, [&](auto const& each) { return each.second <= now; });
    for (std::string const& room : m.rooms)
        if (filled_.size() < most_rooms || filled_.contains(room))
            filled_[room] = now + time_to_subscribe;
}

HTTPHOOKS_DECL bool sharded_redis_transport::publish(cluster_message const& m) {
    if (m.type == cluster_message_type::adapter_close) {
        hub_->say({"SPUBLISH", channels_->main(), encode(m)});
        return false;
    }
    if (m.type == cluster_message_type::sockets_join) note_filled(m);
    bool const is_plain = m.type == cluster_message_type::broadcast && m.request_id.empty();
    if (is_plain && m.to.rooms.size() == 1 && has_channel(m.to.rooms.front()))
        send(channels_->of(m.to.rooms.front()), m);
    else
        send(channels_->main(), m);
    return false;
}

}  // namespace detail

HTTPHOOKS_DECL adapter_factory sharded_redis_adapter(redis::options where,
                                                     sharded_redis_adapter_options o) {
    cluster_options times;
    times.requests_timeout = o.requests_timeout;
    return cluster_adapter(
        [where = std::move(where), o = std::move(o)](adapter_context& c) {
            return std::make_unique<detail::sharded_redis_transport>(c, where, o);
        },
        times);
}

}  // namespace httphooks::socketio
