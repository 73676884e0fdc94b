// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Servers that act as one over the sharded publish and subscribe of Redis 7.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/socketio/adapter_factory.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace httphooks::socketio {

/// Which rooms have channels of their own, so that only servers with members hear of them. All
/// servers of a cluster have the same.
enum class subscription_mode : std::uint8_t {
    /// None: all servers hear everything.
    static_,
    /// All but those of sockets' ids.
    dynamic,
    /// All.
    dynamic_private,
};

/// The options of sharded_redis_adapter(), those of node's adapter.
struct sharded_redis_adapter_options {
    /// What the names of channels begin with.
    std::string channel_prefix = "socket.io";
    /// Which rooms have channels.
    socketio::subscription_mode subscription_mode = socketio::subscription_mode::dynamic;
    /// How long answers of other servers are waited for.
    std::chrono::milliseconds requests_timeout{5'000};
};

/** Makes adapters over SPUBLISH and SSUBSCRIBE, for Redis 7 and newer, and clusters of Redis.

    Servers of node with createShardedAdapter() and the same options belong to the cluster; those
    with createAdapter() do not, see redis_adapter(). All namespaces of a server share two
    connections, which go with it: the server is closed, or destroyed, before the context of its
    executor.

    While Redis is away, clients of this server get everything at once. What is for others waits as
    redis::options::queue_limit and redis::options::command_timeout say, and is dropped beyond that,
    and counted; what asks others fails at once with error::servers_unreachable. server::on_error()
    is told each time that Redis goes.
    @par Source
    \@socket.io/redis-adapter 8.3, ShardedRedisAdapter. Unlike there, a room that sockets of other
    servers have just been made to join is reached at once, and so are the sockets of old clients
    whose ids are longer than others
    @par Example
    examples/socketio_cluster.cpp */
adapter_factory sharded_redis_adapter(redis::options where = {},
                                      sharded_redis_adapter_options o = {});

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/sharded_redis_adapter.ipp>
#endif
