// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Why a middleware refuses.
*/

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace httphooks::socketio {

/// Why a client may not join a namespace, or an event is not handled.
/// Why a client may not join a namespace, or an event is not handled.
struct middleware_error {
    /// What the client is told.
    std::string message{};
    /// What the client is told besides.
    std::optional<nlohmann::json> data{};
};

}  // namespace httphooks::socketio
