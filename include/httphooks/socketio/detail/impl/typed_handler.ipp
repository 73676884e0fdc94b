// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/typed_handler.hpp>

#include <httphooks/socketio/arguments.hpp>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void keep_argument(arguments& a) {
    a = a.keep();
}

}  // namespace httphooks::socketio::detail
