// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bodies of what is for tests, as src.hpp has the others: exactly one unit of a test program
    includes this, and another one src.hpp.
*/

#ifndef HTTPHOOKS_SEPARATE_COMPILATION
#error "define HTTPHOOKS_SEPARATE_COMPILATION for the whole program, or do not include this"
#endif

#include <httphooks/testing/detail/impl/memory_connection.ipp>
#include <httphooks/testing/detail/impl/memory_websocket.ipp>
#include <httphooks/testing/impl/clock.ipp>
#include <httphooks/testing/impl/mounted_request.ipp>
#include <httphooks/testing/impl/pending_reply.ipp>
#include <httphooks/testing/impl/sockjs_client.ipp>
#include <httphooks/testing/impl/socketio_client.ipp>
#include <httphooks/testing/impl/websocket_client.ipp>
