// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/redis_adapter.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/subscriber.hpp>
#include <httphooks/redis/value.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/redis_codec.hpp>
#include <httphooks/socketio/detail/redis_hub.hpp>
#include <httphooks/socketio/detail/unwanted.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

/** What the servers of a classic cluster publish, as messages.

    Questions of old servers are asked here as fetch_sockets; what their answers look like is said
    by the first character of the request's id. */
class redis_receiver final : public redis_listener,
                             public std::enable_shared_from_this<redis_receiver> {
public:
    redis_receiver(std::shared_ptr<redis_hub> hub, redis_adapter_options o)
        : hub_(std::move(hub)), options_(std::move(o)) {}

    /// @param self keeps the link, too
    HTTPHOOKS_DECL void open(std::shared_ptr<redis_listener> const& self,
                             std::weak_ptr<cluster_link> to);
    HTTPHOOKS_DECL void close();
    HTTPHOOKS_DECL void on_message(redis::message const& m) override;
    std::weak_ptr<cluster_link> link() const override { return link_; }

    HTTPHOOKS_DECL void publish(cluster_message const& m);
    HTTPHOOKS_DECL void answer(std::string_view uid, cluster_message const& m);
    redis_channels const& channels() const noexcept { return *channels_; }

private:
    /// How an answer is given that tells of sockets.
    enum shape : char { descriptions = 'd', ids = 'i', rooms = 'r' };

    inline void take_broadcast(cluster_link& to, redis::message const& m);
    inline void take_request(cluster_link& to, std::string_view bytes);
    inline void take_old_request(cluster_link& to, redis_question& q);
    inline void take_response(cluster_link& to, std::string_view bytes);
    void send(std::string const& channel, std::string_view bytes) {
        hub_->publish("PUBLISH", channel, bytes, link_);
    }
    /// The channel that a server has for answers.
    std::string channel_of(std::string_view uid) const {
        return channels_->responses + std::string(uid) + '#';
    }
    /// Where the answer to a server goes.
    inline std::string answers_to(std::string_view uid);
    /// Whether somebody is known to hear a channel; if that is not known, Redis is asked.
    inline bool is_heard(std::string const& channel);
    std::string pattern() const { return redis::escape_pattern(channels_->broadcasts) + '*'; }

    std::shared_ptr<redis_hub> hub_;
    redis_adapter_options options_;
    std::optional<redis_channels> channels_{};
    std::weak_ptr<cluster_link> link_{};
    cluster_link* at_ = nullptr;
    std::string uid_{};
    /// How broadcasts of this server begin.
    std::string own_begin_{};
    std::mutex mutex_{};
    /// Channels of servers that have asked, and whether they hear them.
    std::unordered_map<std::string, bool> heard_{};
};

HTTPHOOKS_DECL void redis_receiver::open(std::shared_ptr<redis_listener> const& self,
                                         std::weak_ptr<cluster_link> to) {
    auto const link = to.lock();
    hub_->enter();
    link_ = std::move(to);
    at_ = link.get();
    uid_ = link->uid();
    channels_.emplace(options_.key, link->nsp());
    own_begin_ = "\x93";
    own_begin_.push_back(static_cast<char>(0xa0 + uid_.size()));
    own_begin_ += uid_;
    hub_->want(redis::subscription::pattern, pattern(), self);
    for (std::string const& channel : {channels_->requests, channels_->responses, channel_of(uid_)})
        hub_->want(redis::subscription::channel, channel, self);
    hub_->settle();
}

HTTPHOOKS_DECL void redis_receiver::close() {
    hub_->forget(redis::subscription::pattern, pattern(), *this);
    for (std::string const& channel : {channels_->requests, channels_->responses, channel_of(uid_)})
        hub_->forget(redis::subscription::channel, channel, *this);
    hub_->leave();
}

// sending -------------------------------------------------------------------------------------
HTTPHOOKS_DECL void redis_receiver::publish(cluster_message const& m) {
    if (m.type == cluster_message_type::adapter_close) return;  // these servers have no word for it
    if (m.type == cluster_message_type::broadcast && m.request_id.empty())
        send(channels_->of(m.to), encode_redis_broadcast(m));
    else
        send(channels_->requests, encode_redis_request(m));
}

inline std::string redis_receiver::answers_to(std::string_view uid) {
    if (uid.empty()) return channels_->responses;
    std::string channel = channel_of(uid);
    return options_.publish_on_specific_response_channel || is_heard(channel)
               ? channel
               : channels_->responses;
}

inline bool redis_receiver::is_heard(std::string const& channel) {
    constexpr std::size_t most_channels = 1'000;
    {
        std::lock_guard const lock(mutex_);
        if (auto const at = heard_.find(channel); at != heard_.end()) return at->second;
        if (heard_.size() >= most_channels) heard_.clear();
        heard_.emplace(channel, false);
    }
    hub_->ask({"PUBSUB", "NUMSUB", channel},
              [weak = weak_from_this(), channel](error_code ec, redis::value const& reply) {
                  auto const self = weak.lock();
                  if (!self) return;
                  std::lock_guard const lock(self->mutex_);
                  if (ec)
                      self->heard_.erase(channel);
                  else
                      self->heard_[channel] = reply[1].number().value_or(0) > 0;
              });
    return false;
}

HTTPHOOKS_DECL void redis_receiver::answer(std::string_view uid, cluster_message const& m) {
    using enum cluster_message_type;
    if (m.type == server_side_emit_response)
        return send(channels_->responses, encode_redis_response(m));
    std::string const channel = answers_to(uid);
    if (m.type != fetch_sockets_response) return send(channel, encode_redis_response(m));
    std::string_view const id = std::string_view(m.request_id).substr(1);
    char const how = m.request_id.front();
    if (how == descriptions) return send(channel, encode_redis_response(m, id));

    cluster_message known = m;
    read_sockets_of(known);
    std::set<std::string> names;
    for (socket_description const& s : known.sockets) {
        names.insert(s.id);
        if (how == rooms) names.insert(s.rooms.begin(), s.rooms.end());
    }
    std::vector<std::string> const all(names.begin(), names.end());
    std::string text = R"({"requestId":)";
    append_string(text, id);
    text.append(how == rooms ? R"(,"rooms":)" : R"(,"sockets":)");
    append_texts(text, all);
    text.push_back('}');
    send(channel, text);
}

// receiving -----------------------------------------------------------------------------------
HTTPHOOKS_DECL void redis_receiver::on_message(redis::message const& m) {
    if (m.kind == redis::subscription::pattern)
        take_broadcast(*at_, m);
    else if (m.channel == channels_->requests)
        take_request(*at_, m.payload);
    else
        take_response(*at_, m.payload);
}

inline void redis_receiver::take_broadcast(cluster_link& to, redis::message const& m) {
    if (m.payload.starts_with(own_begin_)) return;
    std::string_view room = m.channel;
    if (room.size() < channels_->broadcasts.size()) return;
    room.remove_prefix(channels_->broadcasts.size());
    if (!room.empty()) {
        room.remove_suffix(1);
        if (!room.empty() && !to.concerns(room)) return;
    } else if (is_unwanted_broadcast(m.payload, to)) {
        return;
    }
    cluster_message event;
    if (!read_redis_broadcast(event, m.payload)) return to.malformed();
    to.receive(std::move(event));
}

inline void redis_receiver::take_request(cluster_link& to, std::string_view bytes) {
    cluster_message m;
    std::optional<redis_question> old;
    if (!read_redis_request(m, old, bytes)) return to.malformed();
    if (old) return take_old_request(to, *old);
    m.nsp = to.nsp();
    if (m.type == cluster_message_type::fetch_sockets)
        m.request_id.insert(m.request_id.begin(), descriptions);
    to.receive(std::move(m));
}

inline void redis_receiver::take_old_request(cluster_link& to, redis_question& q) {
    using enum cluster_message_type;
    if (q.uid == uid_) return;
    cluster_message m;
    m.uid = q.uid;
    m.nsp = to.nsp();
    if (q.kind == redis_request::sockets || q.kind == redis_request::all_rooms) {
        m.type = fetch_sockets;
        m.request_id = std::string(1, q.kind == redis_request::sockets ? ids : rooms) + q.id;
        m.to.rooms = std::move(q.rooms);
        return to.receive(std::move(m));
    }
    if (!to.has_socket(q.sid)) return;
    m.type = q.kind == redis_request::join    ? sockets_join
             : q.kind == redis_request::leave ? sockets_leave
                                              : disconnect_sockets;
    m.to.rooms = {q.sid};
    m.rooms = {q.room};
    m.close = q.close;
    to.receive(std::move(m));
    if (q.id.empty()) return;
    std::string text = R"({"requestId":)";
    append_string(text, q.id);
    text.push_back('}');
    send(answers_to(q.uid), text);
}

inline void redis_receiver::take_response(cluster_link& to, std::string_view bytes) {
    // by the channel of all servers come the answers to others, and the own ones
    if (auto const id = peek_redis_question(bytes); id && !to.awaits(*id)) return;
    cluster_message m;
    if (!read_redis_response(m, bytes)) return to.malformed();
    m.nsp = to.nsp();
    to.receive(std::move(m));
}

/// Carries messages in the format of node's createAdapter().
class redis_transport final : public cluster_transport {
public:
    redis_transport(adapter_context& context, redis::options const& where,
                    redis_adapter_options const& o)
        : hub_(redis_hub::of(context, where)),
          receiver_(std::make_shared<redis_receiver>(hub_, o)) {}

    HTTPHOOKS_DECL std::string make_id() override;
    HTTPHOOKS_DECL void open(std::weak_ptr<cluster_link> to) override {
        // who keeps the link keeps this transport
        std::shared_ptr<redis_listener> const self(to.lock(), receiver_.get());
        receiver_->open(self, std::move(to));
    }
    HTTPHOOKS_DECL bool publish(cluster_message const& m) override {
        receiver_->publish(m);
        return false;
    }
    HTTPHOOKS_DECL void answer(std::string_view uid, cluster_message const& m) override {
        receiver_->answer(uid, m);
    }
    bool has_heartbeats() const override { return false; }
    HTTPHOOKS_DECL void count(std::function<void(error_code, std::size_t)> done) override {
        hub_->ask({"PUBSUB", "NUMSUB", receiver_->channels().requests},
                  [done = std::move(done)](error_code ec, redis::value const& reply) {
                      auto const n = reply[1].number();
                      done(ec, n && *n > 0 ? static_cast<std::size_t>(*n) : 1);
                  });
    }
    bool is_away() const override { return hub_->is_away(); }
    HTTPHOOKS_DECL void close() override { receiver_->close(); }

private:
    std::shared_ptr<redis_hub> hub_;
    std::shared_ptr<redis_receiver> receiver_;
};

/// Six characters, as uid2 makes them.
HTTPHOOKS_DECL std::string redis_transport::make_id() {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string id;
    auto bits = std::uint64_t{httphooks::detail::random_bits::next()} << 32 |
                httphooks::detail::random_bits::next();
    for (int i = 0; i < 6; ++i, bits >>= 6) id.push_back(digits[bits & 63]);
    return id;
}

}  // namespace detail

HTTPHOOKS_DECL adapter_factory redis_adapter(redis::options where, redis_adapter_options o) {
    cluster_options times;
    times.requests_timeout = o.requests_timeout;
    return cluster_adapter(
        [where = std::move(where), o = std::move(o)](adapter_context& c) {
            return std::make_unique<detail::redis_transport>(c, where, o);
        },
        times);
}

}  // namespace httphooks::socketio
