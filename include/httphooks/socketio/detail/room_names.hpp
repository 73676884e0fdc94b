// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Names of rooms, given as texts and as ranges of texts.
*/

#include <httphooks/config.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

void append_room(std::vector<std::string>& to, std::string_view room);

template <class Range>
requires(!std::convertible_to<Range const&, std::string_view>) void append_room(
    std::vector<std::string>& to, Range const& rooms) {
    for (auto const& r : rooms) append_room(to, std::string_view(r));
}

template <class... Rooms>
std::vector<std::string> room_names(Rooms const&... rooms) {
    std::vector<std::string> all;
    (append_room(all, rooms), ...);
    return all;
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/room_names.ipp>
#endif
