// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What middlewares answer with: go on, or an error that the client is told.
*/

#include <httphooks/socketio/middleware_error.hpp>
#include <httphooks/socketio/next.hpp>
