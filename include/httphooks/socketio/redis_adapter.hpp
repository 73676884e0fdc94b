// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Servers that act as one over the publish and subscribe of Redis.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/socketio/adapter_factory.hpp>

#include <chrono>
#include <string>

namespace httphooks::socketio {

/// The options of redis_adapter(), those of node's adapter.
struct redis_adapter_options {
    /// What the names of channels begin with.
    std::string key = "socket.io";
    /// How long answers of other servers are waited for.
    std::chrono::milliseconds requests_timeout{5'000};
    /// Whether answers always go to the server alone that has asked. Else they do when it is seen
    /// to hear its channel for them, as all do since version 7.1 of node's adapter.
    bool publish_on_specific_response_channel = false;
};

/** Makes adapters over PUBLISH and SUBSCRIBE.

    Servers of node with createAdapter() and the same key belong to the cluster, and emitters reach
    it; servers with createShardedAdapter() do not, see sharded_redis_adapter(). All namespaces of a
    server share two connections, which go with it: the server is closed, or destroyed, before the
    context of its executor.

    While Redis is away, clients of this server get everything at once. What is for others waits as
    redis::options::queue_limit and redis::options::command_timeout say, and is dropped beyond that,
    and counted; what asks others fails at once with error::servers_unreachable. server::on_error()
    is told each time that Redis goes.
    @par Source
    \@socket.io/redis-adapter 8.3, RedisAdapter. Unlike there, bytes of server-side events and in the
    data of sockets stay bytes; and joins, leaves and disconnections of own sockets are done at once
    @par Example
    examples/socketio_cluster.cpp */
adapter_factory redis_adapter(redis::options where = {}, redis_adapter_options o = {});

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/redis_adapter.ipp>
#endif
