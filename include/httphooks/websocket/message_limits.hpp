// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How much of a WebSocket message is taken.
*/

#include <cstddef>

namespace httphooks::websocket {

/// How much of a message is taken.
struct message_limits {
    /// Bytes of a message; beyond it the connection fails with close_code::too_big.
    std::size_t size = 1024 * 1024;
    /// Frames of a message, 0: any; beyond it the connection fails with policy_violation.
    std::size_t fragments = 4096;
};

}  // namespace httphooks::websocket
