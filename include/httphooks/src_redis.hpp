// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bodies of what needs hiredis; see src.hpp.
*/

#ifndef HTTPHOOKS_SEPARATE_COMPILATION
#error "define HTTPHOOKS_SEPARATE_COMPILATION for the whole program, or do not include this"
#endif

#include <httphooks/redis/detail/impl/cluster_slots.ipp>
#include <httphooks/redis/detail/impl/command.ipp>
#include <httphooks/redis/detail/impl/connection_core.ipp>
#include <httphooks/redis/detail/impl/link.ipp>
#include <httphooks/redis/detail/impl/link_stream.ipp>
#include <httphooks/redis/detail/impl/pushed_message.ipp>
#include <httphooks/redis/detail/impl/reply_reader.ipp>
#include <httphooks/redis/detail/impl/sha256.ipp>
#include <httphooks/redis/detail/impl/subscriber_core.ipp>
#include <httphooks/redis/impl/arguments.ipp>
#include <httphooks/redis/impl/connection.ipp>
#include <httphooks/redis/impl/error.ipp>
#include <httphooks/redis/impl/hash_slot.ipp>
#include <httphooks/redis/impl/session_store.ipp>
#include <httphooks/redis/impl/subscriber.ipp>
#include <httphooks/redis/impl/url.ipp>
#include <httphooks/redis/impl/value.ipp>
#include <httphooks/socketio/detail/impl/redis_codec.ipp>
#include <httphooks/socketio/detail/impl/redis_hub.ipp>
#include <httphooks/socketio/detail/impl/redis_stream_reader.ipp>
#include <httphooks/socketio/detail/impl/redis_streams.ipp>
#include <httphooks/socketio/impl/emitter.ipp>
#include <httphooks/socketio/impl/redis_adapter.ipp>
#include <httphooks/socketio/impl/redis_streams_adapter.ipp>
#include <httphooks/socketio/impl/sharded_redis_adapter.ipp>
