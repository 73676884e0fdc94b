// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/event.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace httphooks::socketio {

HTTPHOOKS_DECL bool is_reserved_event(std::string_view name) noexcept {
    using namespace std::string_view_literals;
    constexpr std::array reserved{"connect"sv,       "connect_error"sv, "disconnect"sv,
                                  "disconnecting"sv, "newListener"sv,   "removeListener"sv};
    if (name.size() < 7 || name.size() > 14) return false;
    return std::ranges::find(reserved, name) != reserved.end();
}

}  // namespace httphooks::socketio
