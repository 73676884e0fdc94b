// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Servers that act as one over a stream of Redis, which keeps what clients miss.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/socketio/adapter_factory.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace httphooks::socketio {

/// The options of redis_streams_adapter(), those of node's adapter.
struct redis_streams_adapter_options {
    /// The name of the stream.
    std::string stream_name = "socket.io";
    /// How many streams the namespaces are spread over, each with a connection of its own.
    std::size_t stream_count = 1;
    /// What the names of channels begin with, on which servers ask each other.
    std::string channel_prefix = "socket.io";
    /// Whether these channels are sharded, for Redis 7 and newer.
    bool use_sharded_pub_sub = false;
    /// About how many entries a stream keeps. A server that is behind by more misses some;
    /// server::on_error() is told error::messages_missed then.
    std::size_t max_len = 10'000;
    /// How many entries are read at a time.
    std::size_t read_count = 100;
    /// How long a read waits for entries.
    std::chrono::milliseconds block_time{5'000};
    /// What the names of the keys of sessions begin with.
    std::string session_key_prefix = "sio:session:";
    /// How long answers of other servers are waited for.
    std::chrono::milliseconds requests_timeout{5'000};
};

/** Makes adapters over XADD and XREAD, for Redis 5 and newer.

    Servers of node with createAdapter() of redis-streams-adapter and the same options belong to the
    cluster. With options::recovery a client that comes back to any of the servers, also after its
    own was started again, gets what it has missed: events reach all clients, those of this server
    too, in the order of the stream, and by way of it. All namespaces of a server share two
    connections, and one more for each stream, which go with it: the server is closed, or destroyed,
    before the context of its executor.

    While Redis is away, clients of this server get everything at once, with recovery as well: what
    they get then has no place in the stream, and a client that leaves before it has got something
    else may get it again when it returns. What is for others waits as redis::options::queue_limit
    and redis::options::command_timeout say, and is dropped beyond that, and counted; what asks
    others fails at once with error::servers_unreachable. server::on_error() is told each time that
    Redis goes.
    @par Source
    \@socket.io/redis-streams-adapter 0.3. Unlike there, an entry that is malformed is passed over;
    recovery is exact; volatile events are not recovered; namespaces that hash to a negative number
    are heard
    @par Example
    examples/socketio_cluster.cpp */
adapter_factory redis_streams_adapter(redis::options where = {},
                                      redis_streams_adapter_options o = {});

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/redis_streams_adapter.ipp>
#endif
