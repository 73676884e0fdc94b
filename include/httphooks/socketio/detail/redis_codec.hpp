// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The formats of node's redis-adapter and redis-emitter.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

/// The channels of a namespace.
struct redis_channels {
    /// @param key what their names begin with
    redis_channels(std::string const& key, std::string const& nsp)
        : broadcasts(key + '#' + nsp + '#'),
          requests(key + "-request#" + nsp + '#'),
          responses(key + "-response#" + nsp + '#') {}

    /// Where an event goes: one room has a channel of its own.
    std::string of(broadcast_options const& to) const {
        return to.rooms.size() == 1 ? broadcasts + to.rooms.front() + '#' : broadcasts;
    }

    std::string broadcasts;
    std::string requests;
    std::string responses;
};

/// The kinds of requests and of their answers.
enum class redis_request : std::uint8_t {
    sockets,
    all_rooms,
    join,
    leave,
    disconnect,
    fetch,
    server_side_emit,
    broadcast,
    client_count,
    ack,
};

// writing -------------------------------------------------------------------------------------

/// An event for clients. @param emitter whether flags are in the place that emitters give them
std::string encode_redis_broadcast(cluster_message const& m, bool emitter = false);
/// A request. @param uid whether it says who asks
std::string encode_redis_request(cluster_message const& m, bool uid = true);
/// An answer to it. @param request_id what it says in place of that of the message
std::string encode_redis_response(cluster_message const& m, std::string_view request_id);
inline std::string encode_redis_response(cluster_message const& m) {
    return encode_redis_response(m, m.request_id);
}
/// Text and bytes as JSON, or as MessagePack if there are any.
std::string encode_redis_payload(payload p);

// reading -------------------------------------------------------------------------------------

/// Reads an event for clients. @return whether it is well-formed
bool read_redis_broadcast(cluster_message& m, std::string_view bytes);

/// A request that is no cluster_message.
struct redis_question {
    /// sockets or all_rooms, or join, leave or disconnect for one socket, as old servers ask.
    redis_request kind{};
    std::string id{};
    std::string uid{};
    /// The rooms of sockets.
    std::vector<std::string> rooms{};
    std::string sid{};
    std::string room{};
    bool close = false;
};

/** Reads a request.
    @param question set when it is one that only old servers send, and no message then
    @return whether it is well-formed */
bool read_redis_request(cluster_message& m, std::optional<redis_question>& question,
                        std::string_view bytes);
/// The question that an answer is for, if that stands at its beginning, where servers write it. The
/// rest is not looked at.
std::optional<std::string_view> peek_redis_question(std::string_view bytes);
/// Reads an answer; one that only old servers wait for becomes a heartbeat.
/// @return whether it is well-formed
bool read_redis_response(cluster_message& m, std::string_view bytes);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/redis_codec.ipp>
#endif
