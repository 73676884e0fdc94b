// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Socket.IO: a server with namespaces, rooms, acknowledgements and recovery.

    With HTTPHOOKS_SEPARATE_COMPILATION documents are declared only, so is what has some in it:
    who looks into one includes nlohmann/json.hpp, and middleware_error.hpp, socket_error.hpp,
    adapter.hpp, memory_adapter.hpp or parser.hpp of this folder.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/handler_id.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/next.hpp>
#include <httphooks/socketio/nsp.hpp>
#include <httphooks/socketio/options.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/socketio/room_event.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/socketio/socket.hpp>

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/memory_adapter.hpp>
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/parser.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>
#endif
