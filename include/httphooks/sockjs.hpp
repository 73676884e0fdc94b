// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    SockJS: a server for every transport and a client, without the hooks; see sockjs/dispatch.hpp
    for them.
*/

#include <httphooks/sockjs/client.hpp>
#include <httphooks/sockjs/client_connection.hpp>
#include <httphooks/sockjs/client_options.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/options.hpp>
#include <httphooks/sockjs/prepared_message.hpp>
#include <httphooks/sockjs/server.hpp>
