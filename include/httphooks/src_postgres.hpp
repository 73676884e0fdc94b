// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bodies of what needs libpq; see src.hpp.
*/

#ifndef HTTPHOOKS_SEPARATE_COMPILATION
#error "define HTTPHOOKS_SEPARATE_COMPILATION for the whole program, or do not include this"
#endif

#include <httphooks/postgres/impl/connection.ipp>
#include <httphooks/postgres/impl/connection_core.ipp>
#include <httphooks/postgres/impl/connection_opening.ipp>
#include <httphooks/postgres/impl/connection_queries.ipp>
#include <httphooks/postgres/impl/error.ipp>
#include <httphooks/postgres/impl/identifier.ipp>
#include <httphooks/postgres/impl/query.ipp>
#include <httphooks/postgres/impl/query_result.ipp>
#include <httphooks/socketio/detail/impl/postgres_attachment.ipp>
#include <httphooks/socketio/impl/postgres_adapter.ipp>
#include <httphooks/socketio/impl/postgres_adapter_hub.ipp>
#include <httphooks/socketio/impl/postgres_adapter_messages.ipp>
