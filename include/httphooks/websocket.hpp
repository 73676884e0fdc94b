// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    WebSockets: a server to mount, a client, and hooks over WebSocket.
*/

#include <httphooks/websocket/client.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/connection_options.hpp>
#include <httphooks/websocket/deflate.hpp>
#include <httphooks/websocket/dispatch.hpp>
#include <httphooks/websocket/error.hpp>
#include <httphooks/websocket/events.hpp>
#include <httphooks/websocket/frame.hpp>
#include <httphooks/websocket/handshake.hpp>
#include <httphooks/websocket/message_limits.hpp>
#include <httphooks/websocket/prepared_message.hpp>
#include <httphooks/websocket/server.hpp>
