// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/room_names.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void append_room(std::vector<std::string>& to, std::string_view room) {
    to.emplace_back(room);
}

}  // namespace httphooks::socketio::detail
