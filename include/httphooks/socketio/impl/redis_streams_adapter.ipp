// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/redis_streams_adapter.hpp>

#include <httphooks/detail/text/base64.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/error.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/value.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/redis_hub.hpp>
#include <httphooks/socketio/detail/redis_streams.hpp>
#include <httphooks/socketio/options.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// A client that comes back: its session, and what it has missed.
class stream_restoring : public std::enable_shared_from_this<stream_restoring> {
public:
    stream_restoring(std::shared_ptr<redis_hub> hub,
                     std::shared_ptr<redis_stream_reader> const& reader, std::string nsp,
                     stream_place from, std::chrono::milliseconds patience, restore_handler done)
        : hub_(std::move(hub)),
          reader_(reader),
          stream_(reader->name()),
          nsp_(std::move(nsp)),
          from_(from),
          patience_(patience),
          done_(std::move(done)) {}

    /// Takes the session, and looks whether the stream still has what the client has.
    void begin(std::string const& key, std::string pid);

private:
    void on_part(error_code ec);
    void wait_for_reader();
    void replay();
    void on_entries(redis::value const& reply);
    bool take(redis::value const& from);
    void end(bool good) {
        if (!good) return done_({});
        session_->offset = upto_.text();
        done_(std::move(session_));
    }

    std::shared_ptr<redis_hub> hub_;
    std::weak_ptr<redis_stream_reader> reader_;
    std::string stream_;
    std::string nsp_;
    stream_place from_;
    stream_place upto_{};
    std::chrono::milliseconds patience_;
    restore_handler done_;
    std::optional<session_state> session_{};
    bool is_there_ = false;
    bool failed_ = false;
    std::atomic<int> parts_{2};
    std::size_t pages_ = 0;
};

inline void stream_restoring::begin(std::string const& key, std::string pid) {
    redis::transaction take_session;
    take_session.add({"GET", key}).add({"DEL", key});
    hub_->ask(std::move(take_session), [self = shared_from_this(), pid = std::move(pid)](
                                           error_code ec, redis::value const& reply) {
        if (!ec) self->session_ = decode_session(reply[0].text());
        if (self->session_ && self->session_->pid != pid) self->session_.reset();
        self->on_part(ec);
    });
    std::string const place = from_.text();
    hub_->ask({"XRANGE", stream_, place, place},
              [self = shared_from_this()](error_code ec, redis::value const& reply) {
                  self->is_there_ = !ec && reply.size() == 1;
                  self->on_part(ec);
              });
}

inline void stream_restoring::on_part(error_code ec) {
    if (ec) failed_ = true;
    if (--parts_ != 0) return;
    if (failed_ || !session_ || !is_there_) return end(false);
    wait_for_reader();
}

/// What the reader passes from now on is kept for the socket; what it has passed is replayed.
inline void stream_restoring::wait_for_reader() {
    auto const reader = reader_.lock();
    if (!reader) return end(false);
    reader->when_read(from_, patience_,
                      [self = shared_from_this()](std::optional<stream_place> place) {
                          if (!place) return self->end(false);
                          self->upto_ = *place;
                          self->replay();
                      });
}

inline void stream_restoring::replay() {
    constexpr std::size_t most_pages = 1'000;
    if (from_ >= upto_) return end(true);
    if (++pages_ > most_pages) return end(false);
    hub_->ask({"XRANGE", stream_, from_.next().text(), upto_.text(), "COUNT", 500},
              [self = shared_from_this()](error_code ec, redis::value const& reply) {
                  if (ec) return self->end(false);
                  self->on_entries(reply);
              });
}

inline void stream_restoring::on_entries(redis::value const& reply) {
    if (reply.size() == 0) return end(true);
    for (redis::value const& each : reply.elements())
        if (!take(each)) return end(false);
    replay();
}

/// Adds an event for the session's rooms. @return whether the entry has a place behind the last one
inline bool stream_restoring::take(redis::value const& from) {
    stream_entry e;
    auto const at = e.read(from) ? stream_place::parse(e.offset) : std::nullopt;
    if (!at || *at <= from_) return false;
    from_ = *at;
    cluster_message m;
    if (e.nsp != nsp_ || e.type != "3" || !read_entry(m, e)) return true;
    auto const in = [&](std::string const& room) {
        return std::ranges::find(session_->rooms, room) != session_->rooms.end();
    };
    auto const spared = [&](std::string const& room) { return room == session_->sid || in(room); };
    bool const meant = m.to.rooms.empty() || std::ranges::any_of(m.to.rooms, in);
    if (!m.request_id.empty() || m.to.flags.volatile_ || !meant ||
        std::ranges::any_of(m.to.except, spared))
        return true;
    m.packet.text.back() = ',';
    append_string(m.packet.text, e.offset);
    m.packet.text.push_back(']');
    session_->missed.push_back(std::move(m.packet));
    return true;
}

/// The stream of a namespace, as who adds to it knows it.
struct stream_target {
    std::string stream;
    std::string nsp;
    std::size_t max_len;

    /// What adds an entry.
    redis::arguments entry(std::string_view uid, cluster_message_type type,
                           std::string_view data) const {
        return {"XADD", stream, "MAXLEN", "~", max_len, "*",
                "uid",  uid,    "nsp",    nsp, "type",  static_cast<int>(type),
                "data", data};
    }
};

/// Carries what is to be kept by a stream, and the rest by channels.
class redis_streams_transport final : public cluster_transport {
public:
    redis_streams_transport(adapter_context& context, redis::options const& where,
                            redis_streams_adapter_options o)
        : options_(std::move(o)),
          recovery_(context.options().recovery),
          all_(redis_streams::of(context, where)),
          nsp_(context.name()),
          main_(options_.channel_prefix + '#' + nsp_ + '#'),
          ear_(std::make_shared<redis_stream_ear>(recovery_.has_value())),
          into_(std::make_shared<stream_target const>(
              stream_target{stream_of(nsp_, options_), nsp_, options_.max_len})) {}

    HTTPHOOKS_DECL void open(std::weak_ptr<cluster_link> to) override;
    HTTPHOOKS_DECL bool publish(cluster_message const& m) override;
    HTTPHOOKS_DECL void answer(std::string_view uid, cluster_message const& m) override {
        send(of(uid), m);
    }
    bool has_heartbeats() const override { return false; }
    HTTPHOOKS_DECL void count(std::function<void(error_code, std::size_t)> done) override;
    bool is_away() const override { return all_->hub()->is_away(); }
    bool recovers() const override { return true; }
    bool is_newer(std::string_view offset, std::string_view than) const override {
        return stream_place::parse(offset) > stream_place::parse(than);
    }
    HTTPHOOKS_DECL void persist_session(session_state s) override;
    HTTPHOOKS_DECL void restore_session(std::string pid, std::string offset,
                                        restore_handler done) override;
    HTTPHOOKS_DECL void close() override;

private:
    std::string of(std::string_view uid) const { return main_ + std::string(uid) + '#'; }
    redis::subscription kind() const noexcept {
        return options_.use_sharded_pub_sub ? redis::subscription::shard
                                            : redis::subscription::channel;
    }
    char const* publish_command() const noexcept {
        return options_.use_sharded_pub_sub ? "SPUBLISH" : "PUBLISH";
    }
    void send(std::string const& channel, cluster_message const& m) {
        // readers of the channels take nothing but MessagePack
        all_->hub()->publish(publish_command(), channel, to_msgpack(encode_payload(m)),
                             ear_->link());
    }
    /// What became of an event of this server.
    enum class addition {
        /// It is sent, and comes back.
        taken,
        /// It cannot be sent now.
        refused,
        /// It cannot be sent now, and was delivered meanwhile, with those that had not come back.
        delivered
    };
    inline bool add(cluster_message const& m);
    inline bool add_event(cluster_message const& m, std::string data);
    inline addition add_returning(std::string const& uid,
                                  std::shared_ptr<std::string const> const& data);
    inline void queue(std::string_view uid, cluster_message_type type, std::string_view data);
    static void tell_lost(redis_stream_ear const& ear) {
        if (auto const link = ear.link().lock()) link->lost();
    }
    std::shared_ptr<redis_stream_reader> reader() const {
        std::lock_guard const lock(mutex_);
        return reader_;
    }

    redis_streams_adapter_options options_;
    std::optional<recovery_options> recovery_;
    std::shared_ptr<redis_streams> all_;
    std::string nsp_;
    std::string main_;
    std::string own_channel_{};
    std::shared_ptr<redis_stream_ear> ear_;
    std::shared_ptr<stream_target const> into_;
    mutable std::mutex mutex_{};
    std::shared_ptr<redis_stream_reader> reader_{};
};

HTTPHOOKS_DECL void redis_streams_transport::open(std::weak_ptr<cluster_link> to) {
    if (auto const link = to.lock()) own_channel_ = of(link->uid());
    ear_->open(std::move(to));
    auto reader = all_->enter(nsp_, ear_, options_);
    {
        std::lock_guard const lock(mutex_);
        reader_ = std::move(reader);
    }
    all_->hub()->want(kind(), main_, ear_);
    all_->hub()->want(kind(), own_channel_, ear_);
    all_->hub()->settle();
}

HTTPHOOKS_DECL void redis_streams_transport::close() {
    {
        std::lock_guard const lock(mutex_);
        if (!std::exchange(reader_, nullptr)) return;
    }
    all_->hub()->forget(kind(), main_, *ear_);
    all_->hub()->forget(kind(), own_channel_, *ear_);
    all_->leave(nsp_, *ear_, options_);
}

HTTPHOOKS_DECL bool redis_streams_transport::publish(cluster_message const& m) {
    using enum cluster_message_type;
    bool const asks = m.type == broadcast && !m.request_id.empty();
    bool const is_said = asks || m.type == server_side_emit || m.type == fetch_sockets;
    if (m.type == adapter_close)
        all_->hub()->say({publish_command(), main_, to_msgpack(encode_payload(m))});
    else if (is_said)
        send(main_, m);
    else
        return add(m);
    return false;
}

/// Adds a message to the stream. @return whether it comes back, or was delivered
inline bool redis_streams_transport::add(cluster_message const& m) {
    packet_data content = encode_data(m);
    std::string data;
    if (content.attachments.empty())
        data = std::move(content.text);
    else
        httphooks::detail::append_base64(data, to_msgpack(content));
    if (recovery_ && m.type == cluster_message_type::broadcast)
        return add_event(m, std::move(data));
    queue(m.uid, m.type, data);
    return false;
}

/// Adds an event that its own server reads back, so that it has its place among the others; if that
/// is not possible now, for the other servers alone, when Redis is back.
inline bool redis_streams_transport::add_event(cluster_message const& m, std::string data) {
    auto const read_by = reader();
    auto const shared = std::make_shared<std::string const>(std::move(data));
    addition const done =
        read_by && read_by->has_begun() ? add_returning(m.uid, shared) : addition::refused;
    if (done == addition::taken) return true;
    if (done == addition::refused) ear_->deliver_all();
    queue(ear_->other_uid(), m.type, *shared);
    return done == addition::delivered;
}

/// Adds an event of this server, if that is possible now.
inline redis_streams_transport::addition redis_streams_transport::add_returning(
    std::string const& uid, std::shared_ptr<std::string const> const& data) {
    using enum cluster_message_type;
    std::uint64_t const number = ear_->keep(data);
    auto on_reply = [ear = ear_, into = into_, hub = all_->hub()->weak_from_this(), number, data](
                        error_code ec, redis::value const&) {
        if (!ec) return;
        bool const perhaps = ec == redis::error::connection_lost || ec == asio::error::timed_out;
        ear->deliver_lost(number, perhaps);
        auto const to = hub.lock();
        if (ec != redis::error::not_connected || !to) return tell_lost(*ear);
        // it was not sent: others get it when Redis is back
        to->queue(into->entry(ear->other_uid(), broadcast, *data),
                  [ear](error_code again, redis::value const&) {
                      if (again) tell_lost(*ear);
                  });
    };
    if (all_->hub()->ask_now(into_->entry(uid, broadcast, *data), std::move(on_reply)))
        return addition::taken;
    return ear_->forget(number) ? addition::refused : addition::delivered;
}

/// Adds a message when Redis is there.
inline void redis_streams_transport::queue(std::string_view uid, cluster_message_type type,
                                           std::string_view data) {
    all_->hub()->queue(into_->entry(uid, type, data),
                       [ear = ear_](error_code ec, redis::value const&) {
                           if (ec) tell_lost(*ear);
                       });
}

HTTPHOOKS_DECL void redis_streams_transport::count(
    std::function<void(error_code, std::size_t)> done) {
    all_->hub()->ask({"PUBSUB", options_.use_sharded_pub_sub ? "SHARDNUMSUB" : "NUMSUB", main_},
                     [done = std::move(done)](error_code ec, redis::value const& reply) {
                         auto const n = reply[1].number();
                         done(ec, !ec && n && *n > 0 ? static_cast<std::size_t>(*n) : 1);
                     });
}

HTTPHOOKS_DECL void redis_streams_transport::persist_session(session_state s) {
    if (!recovery_) return;
    all_->hub()->queue({"SET", options_.session_key_prefix + s.pid, encode_session(s), "PX",
                        std::max<std::int64_t>(recovery_->max_disconnection.count(), 1)},
                       [ear = ear_](error_code ec, redis::value const&) {
                           if (ec) tell_lost(*ear);
                       });
}

HTTPHOOKS_DECL void redis_streams_transport::restore_session(std::string pid, std::string offset,
                                                             restore_handler done) {
    constexpr std::size_t longest_pid = 100;
    auto const from = stream_place::parse(offset);
    auto const read_by = reader();
    if (!recovery_ || !read_by || !from || pid.size() > longest_pid || is_away()) return done({});
    std::string const key = options_.session_key_prefix + pid;
    std::make_shared<stream_restoring>(all_->hub(), read_by, nsp_, *from, options_.requests_timeout,
                                       std::move(done))
        ->begin(key, std::move(pid));
}

}  // namespace detail

HTTPHOOKS_DECL adapter_factory redis_streams_adapter(redis::options where,
                                                     redis_streams_adapter_options o) {
    cluster_options times;
    times.requests_timeout = o.requests_timeout;
    return cluster_adapter(
        [where = std::move(where), o = std::move(o)](adapter_context& c) {
            return std::make_unique<detail::redis_streams_transport>(c, where, o);
        },
        times);
}

}  // namespace httphooks::socketio
