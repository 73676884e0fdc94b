// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The adapter of servers that are several, over whatever carries their messages.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/adapter_factory.hpp>
#include <httphooks/socketio/cluster_options.hpp>

#include <functional>
#include <memory>

namespace httphooks::socketio {

class cluster_transport;

/// Makes the transport of a namespace.
using cluster_transport_factory =
    std::function<std::unique_ptr<cluster_transport>(adapter_context&)>;

/** Makes adapters that act with other servers, as node's ClusterAdapter does and with its messages.

    Sockets of this server get everything at once, whatever becomes of the others; so do joins,
    leaves and disconnections. What other servers are asked ends in time: with what has come, and
    error::servers_timed_out beside it; or at once with what this server knows, and
    error::servers_unreachable. Malformed messages are dropped, and counted among the refusals of
    server::counters(), as are messages that could not be sent.

    With options::recovery a client that comes back to the same server gets what it has missed; to
    another one only if the transport recovers.
    @param make makes the transport of a namespace, with which it goes
    @par Source
    socket.io-adapter 2.5, ClusterAdapter and ClusterAdapterWithHeartbeat
    @par Example
    examples/socketio_own_transport.cpp */
adapter_factory cluster_adapter(cluster_transport_factory make, cluster_options o = {});

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/cluster_adapter.ipp>
#endif
