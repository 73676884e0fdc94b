// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The transports of Engine.IO.
*/

#include <cstdint>
#include <string_view>

namespace httphooks::engineio {

/// What carries a session's packets.
enum class transport_kind : std::uint8_t { polling, websocket };

/// The name of a transport in queries: "polling" or "websocket".
constexpr std::string_view to_string(transport_kind t) noexcept {
    return t == transport_kind::polling ? "polling" : "websocket";
}

}  // namespace httphooks::engineio
