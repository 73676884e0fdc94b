// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Names of handlers.
*/

#include <cstdint>

namespace httphooks::socketio {

/// Names a handler, to take it away again. Never 0.
enum class handler_id : std::uint64_t {};

}  // namespace httphooks::socketio
