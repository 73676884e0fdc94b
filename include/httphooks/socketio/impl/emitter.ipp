// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/emitter.hpp>

#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/value.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/redis_codec.hpp>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// What all copies of an emitter have. Thread-safe.
struct emitter_state {
    emitter_state(redis::connection c, std::string k)
        : connection(std::move(c)), key(std::move(k)) {}

    redis::connection connection;
    std::string key;
    std::mutex mutex{};
    error_code first_error{};
};

/// What an emitter tells servers.
inline cluster_message emitted(cluster_message_type t, std::string nsp,
                               broadcast_options const& to) {
    cluster_message m;
    m.type = t;
    m.uid = "emitter";
    m.nsp = std::move(nsp);
    m.to = to;
    return m;
}

inline void publish_emitted(std::shared_ptr<emitter_state> const& state, std::string const& channel,
                            std::string const& bytes) {
    state->connection.async_command({"PUBLISH", channel, bytes},
                                    [state](error_code ec, redis::value const&) {
                                        if (!ec) return;
                                        std::lock_guard const lock(state->mutex);
                                        if (!state->first_error) state->first_error = ec;
                                    });
}

inline void request_emitted(std::shared_ptr<emitter_state> const& state, cluster_message const& m,
                            bool uid) {
    publish_emitted(state, redis_channels(state->key, m.nsp).requests,
                    encode_redis_request(m, uid));
}

inline std::string with_slash(std::string_view nsp) {
    return nsp.starts_with('/') ? std::string(nsp) : '/' + std::string(nsp);
}

}  // namespace detail

HTTPHOOKS_DECL redis_emitter::redis_emitter(redis::connection c, std::string key,
                                            std::string_view nsp)
    : state_(std::make_shared<detail::emitter_state>(std::move(c), std::move(key))),
      nsp_(detail::with_slash(nsp)) {}

HTTPHOOKS_DECL redis_emitter redis_emitter::of(std::string_view nsp) const {
    redis_emitter copy = *this;
    copy.nsp_ = detail::with_slash(nsp);
    copy.options_ = {};
    return copy;
}

HTTPHOOKS_DECL redis_emitter redis_emitter::volatile_() const {
    redis_emitter copy = *this;
    copy.options_.flags.volatile_ = true;
    return copy;
}

HTTPHOOKS_DECL redis_emitter redis_emitter::compress(bool b) const {
    redis_emitter copy = *this;
    copy.options_.flags.compress = b;
    return copy;
}

HTTPHOOKS_DECL redis::connection const& redis_emitter::connection() const noexcept {
    return state_->connection;
}

HTTPHOOKS_DECL error_code redis_emitter::take_error() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return std::exchange(state_->first_error, {});
}

HTTPHOOKS_DECL void redis_emitter::send(packet_data data) const {
    auto m = detail::emitted(cluster_message_type::broadcast, nsp_, options_);
    m.packet = std::move(data);
    detail::publish_emitted(state_, detail::redis_channels(state_->key, nsp_).of(options_),
                            detail::encode_redis_broadcast(m, true));
}

HTTPHOOKS_DECL void redis_emitter::send_server_side(packet_data data) const {
    auto m = detail::emitted(cluster_message_type::server_side_emit, nsp_, {});
    m.packet = std::move(data);
    detail::request_emitted(state_, m, true);
}

HTTPHOOKS_DECL void redis_emitter::join_all(std::span<std::string const> rooms) const {
    auto m = detail::emitted(cluster_message_type::sockets_join, nsp_, options_);
    m.rooms.assign(rooms.begin(), rooms.end());
    detail::request_emitted(state_, m, false);
}

HTTPHOOKS_DECL void redis_emitter::leave_all(std::span<std::string const> rooms) const {
    auto m = detail::emitted(cluster_message_type::sockets_leave, nsp_, options_);
    m.rooms.assign(rooms.begin(), rooms.end());
    detail::request_emitted(state_, m, false);
}

HTTPHOOKS_DECL void redis_emitter::disconnect_sockets(bool close) const {
    auto m = detail::emitted(cluster_message_type::disconnect_sockets, nsp_, options_);
    m.close = close;
    detail::request_emitted(state_, m, false);
}

}  // namespace httphooks::socketio
