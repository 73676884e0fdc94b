// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where the attachments of a packet are in its document.
*/

#include <httphooks/config.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace httphooks::socketio::detail {

/// What a call of put_binary() works on: attachments, and where each has gone.
struct binary_places {
    std::vector<std::vector<std::uint8_t>>& attachments;
    std::vector<nlohmann::json const*> places;
    /// Bytes that copies of attachments may take, which several placeholders stand for.
    std::size_t room = std::numeric_limits<std::size_t>::max();
    /// Whether they would take more.
    bool too_large = false;

    /// @return whether each placeholder had its attachment
    bool put(nlohmann::json& value);
    bool put_one(nlohmann::json& placeholder, std::size_t index);
};

/** Puts copies of bytes where placeholders name them; no others are looked at. A placeholder that
    names none stays.
    @param room how many bytes the copies may take: fewer afterwards. What is larger is not put, and
           its placeholder stays. */
void put_copies(nlohmann::json& value, std::span<std::string const> bytes, std::size_t& room);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/binary_places.ipp>
#endif
