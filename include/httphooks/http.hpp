// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Plain HTTP: the server, its mounts, its connections. TLS, the client, static files and
    cross-origin requests are in headers of their own: <httphooks/http/tls.hpp>, client.hpp,
    static_files.hpp, cors.hpp.
*/

#include <httphooks/http/connection.hpp>
#include <httphooks/http/framing_guard.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/http/server.hpp>
