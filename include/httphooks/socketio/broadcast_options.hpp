// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    To whom a broadcast goes, and how.
*/

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace httphooks::socketio {

/// How a broadcast is sent.
struct broadcast_flags {
    /// It is dropped for clients that cannot take it at once.
    bool volatile_ = false;
    /// Whether it may be compressed.
    bool compress = true;
    /// It goes to sockets of this server only.
    bool local = false;
    /// How long acknowledgements are waited for.
    std::optional<std::chrono::milliseconds> timeout{};
};

/// To whom a broadcast goes, and how.
struct broadcast_options {
    /// The rooms whose sockets get it; none: all sockets.
    std::vector<std::string> rooms{};
    /// The rooms whose sockets do not get it, whatever other rooms they are in.
    std::vector<std::string> except{};
    /// How it is sent.
    broadcast_flags flags{};
};

}  // namespace httphooks::socketio
