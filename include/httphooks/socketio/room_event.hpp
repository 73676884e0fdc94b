// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What becomes of rooms.
*/

#include <cstdint>

namespace httphooks::socketio {

/// What becomes of rooms; see nsp::on_room_event().
enum class room_event : std::uint8_t { create, join, leave, remove };

}  // namespace httphooks::socketio
