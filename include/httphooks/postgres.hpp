// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    PostgreSQL: queries and notifications, without waiting. Needs libpq.
*/

#include <httphooks/postgres/connection.hpp>
#include <httphooks/postgres/connection_state.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/identifier.hpp>
#include <httphooks/postgres/notification.hpp>
#include <httphooks/postgres/options.hpp>
#include <httphooks/postgres/parameter.hpp>
#include <httphooks/postgres/query.hpp>
#include <httphooks/postgres/query_result.hpp>
