// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether a server can be reached.
*/

#include <cstdint>

namespace httphooks::redis {

/// What a connection, or a subscriber, is about.
enum class connection_state : std::uint8_t {
    /// Nothing was asked for yet.
    idle,
    /// The first attempt to connect is under way.
    connecting,
    /// The server is there; a subscriber has all that it wants.
    connected,
    /// The connection was lost, or could not be had; attempts go on until there is one.
    away,
    /// close() was called.
    closed,
};

}  // namespace httphooks::redis
