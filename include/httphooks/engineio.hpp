// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Engine.IO: a server and a client over polling and WebSocket, what Socket.IO sits on.
*/

#include <httphooks/engineio/client.hpp>
#include <httphooks/engineio/client_connection.hpp>
#include <httphooks/engineio/client_options.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/content_coding.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/middleware.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/payload.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/engineio/server.hpp>
