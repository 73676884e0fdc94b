// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The adapter of servers that are several, over PostgreSQL. Needs libpq.
*/

#include <httphooks/config.hpp>
#include <httphooks/postgres/options.hpp>
#include <httphooks/socketio/adapter_factory.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace httphooks::socketio {

/// The options of a postgres_adapter(); those of node's, where it has them.
struct postgres_adapter_options {
    /// What the channels of a cluster begin with; `#` and the name of the namespace follow.
    std::string channel_prefix = "socket.io";
    /** The table of what is too large for a notification, or has bytes in it; it is made if it is
        not there. As PostgreSQL takes names without quotes: capital letters are small ones, and a
        schema may be in front. Empty: the prefix, with `_` for all that is no letter, digit or `_`,
        and `_attachments` behind it. */
    std::string table_name{};
    /// Messages of so many bytes go into the table; 8,000 at most.
    std::size_t payload_threshold = 8'000;
    /// How often rows of the table are deleted that are as old as that; 0: never.
    std::chrono::milliseconds cleanup_interval{30'000};
    /// Bytes of a row that is read; larger ones are dropped.
    std::size_t attachment_limit = 64 * 1024 * 1024;
    /// Bytes of messages that may wait for PostgreSQL; the oldest are dropped to make room.
    std::size_t queue_limit = 16 * 1024 * 1024;
    /// How long a message waits for PostgreSQL to come back; then it is dropped.
    std::chrono::milliseconds queue_time{10'000};
    /// How long answers of other servers are waited for.
    std::chrono::milliseconds requests_timeout{5'000};
    /// After how long without a message a server tells that it is there.
    std::chrono::milliseconds heartbeat_interval{5'000};
    /// After how long without a message a server is taken for gone.
    std::chrono::milliseconds heartbeat_timeout{10'000};
};

/** Makes adapters that reach other servers, node's too, by LISTEN and NOTIFY; all namespaces of a
    server over one connection.

    While PostgreSQL is away, sockets of this server get everything as ever, and what is asked of
    other servers ends at once, with error::servers_unreachable. Broadcasts for them wait, as
    options say, and are sent in their order when it is back; those that are volatile do not.
    What was under way when the connection was lost may be lost, and nothing comes twice.

    The channel of a name that has no place in PostgreSQL, because it is longer than 63 bytes, is
    `sha1#` and 40 digits; servers of node do not hear it.
    @param o where PostgreSQL is; queue_limit and queue_full are the adapter's own
    @throws boost::system::system_error postgres::error::invalid_identifier: the table's name; when
    a server is made, postgres::error::invalid_conninfo
    @par Source
    \@socket.io/postgres-adapter 0.5, dist/util.js. Unlike there, messages are in their order, also
    when one of them is in the table
    @par Example
    examples/socketio_postgres.cpp */
adapter_factory postgres_adapter(postgres::options o, postgres_adapter_options a = {});

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/postgres_adapter.ipp>
#endif
