// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the servers of a cluster tell each other.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio {

/// What a message is. The numbers are those of node's ClusterAdapter.
enum class cluster_message_type : std::uint8_t {
    /// A server has come, and wants to know who is there.
    initial_heartbeat = 1,
    /// A server is there.
    heartbeat,
    /// An event for clients; with a request_id their acknowledgements are wanted.
    broadcast,
    /// Sockets are to join rooms.
    sockets_join,
    /// Sockets are to leave rooms.
    sockets_leave,
    /// Sockets are to be disconnected.
    disconnect_sockets,
    /// What is known of sockets is wanted.
    fetch_sockets,
    /// The answer.
    fetch_sockets_response,
    /// An event for servers; with a request_id their answers are wanted.
    server_side_emit,
    /// The answer.
    server_side_emit_response,
    /// How many clients got the event of a broadcast.
    broadcast_client_count,
    /// The acknowledgement of one of them.
    broadcast_ack,
    /// A server goes.
    adapter_close,
};

/// Whether it answers a request.
constexpr bool is_response(cluster_message_type t) noexcept {
    using enum cluster_message_type;
    return t == fetch_sockets_response || t == server_side_emit_response ||
           t == broadcast_client_count || t == broadcast_ack;
}

/// A message from one server to others. Which members are used depends on its type.
struct cluster_message {
    /// What it is.
    cluster_message_type type = cluster_message_type::heartbeat;
    /// The server that sends it; "emitter": a program that is none.
    std::string uid{};
    /// The namespace that it is for.
    std::string nsp{};
    /// Names the question that it asks or answers; empty: there is none.
    std::string request_id{};
    /// An event, as an array; of an answer, and of an acknowledgement, the one value. A
    /// fetch_sockets_response that is sent has the array of what is in `sockets` otherwise.
    packet_data packet{};
    /// Whom it is for, and how it is sent.
    broadcast_options to{};
    /// Rooms to join or to leave.
    std::vector<std::string> rooms{};
    /// Whether connections are closed as well.
    bool close = false;
    /// Sockets of the server.
    std::vector<socket_description> sockets{};
    /// How many clients got it.
    std::uint64_t client_count = 0;
};

namespace detail {

/// Appends the array of the sockets that an answer has.
void append_sockets_of(packet_data& to, cluster_message const& m);
/// Reads the sockets of an answer that has them as text. @return whether it is well-formed
bool read_sockets_of(cluster_message& m);

}  // namespace detail

/** A message as the bytes that node's adapters publish: JSON, or MessagePack if bytes are in it.
    @par Source
    \@socket.io/redis-adapter 8.3, ShardedRedisAdapter::encode() */
std::string encode(cluster_message const& m);

/// The same as JSON, with placeholders for bytes.
packet_data encode_payload(cluster_message const& m);
/// The member `data` alone, for stores that keep the others apart; empty if the type has none.
packet_data encode_data(cluster_message const& m);
/// A payload as MessagePack.
std::string to_msgpack(packet_data const& p);

/** Reads a message; the first byte tells whether it is JSON.

    Everything is checked before anything is done: types, events that clients would take for a
    violation of the protocol, lists of rooms. What is more is passed over.
    @return error::bad_cluster_message */
result<cluster_message> decode_cluster_message(std::string_view bytes);

/** Reads the member `data` into a message of a type.
    @param m has its type, its uid and its nsp
    @param bytes JSON or MessagePack; empty: there is none
    @return error::bad_cluster_message */
error_code decode_data(cluster_message& m, std::string_view bytes);

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/cluster_message.ipp>
#endif
