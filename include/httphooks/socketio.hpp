// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Socket.IO: a server with namespaces, rooms, acknowledgements and recovery.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/handler_id.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/memory_adapter.hpp>
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/middleware_error.hpp>
#include <httphooks/socketio/next.hpp>
#include <httphooks/socketio/nsp.hpp>
#include <httphooks/socketio/options.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/socketio/parser.hpp>
#include <httphooks/socketio/room_event.hpp>
#include <httphooks/socketio/server.hpp>
#include <httphooks/socketio/socket.hpp>
#include <httphooks/socketio/socket_error.hpp>
