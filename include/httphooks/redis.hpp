// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    All of httphooks::redis.
*/

#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/connection_state.hpp>
#include <httphooks/redis/connection_stats.hpp>
#include <httphooks/redis/error.hpp>
#include <httphooks/redis/hash_slot.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/subscriber.hpp>
#include <httphooks/redis/subscriber_stats.hpp>
#include <httphooks/redis/url.hpp>
#include <httphooks/redis/value.hpp>
