// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client reads and writes, without I/O: frames of the server, its info, URLs, time limits.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

/// A frame of a server.
struct server_frame {
    enum class type : std::uint8_t { open, heartbeat, messages, close, broken };

    type is = type::broken;
    /// For a message_reader; a view of the text.
    std::string_view messages{};
    close_code code{};
    std::string reason{};
};

/** Reads a frame.
    @par Source
    SockJS 0.3.3, framing; sockjs-client: `m"..."` is a single message, and whatever begins with
    `h` a heartbeat, as the prelude of a stream does */
server_frame read_server_frame(std::string_view text);

/// What a server says of itself.
struct server_info {
    bool websocket = true;
    std::string base_url{};
};

/// Reads the answer to GET /info; nothing when it is no JSON object, or not of this shape.
std::optional<server_info> read_server_info(std::string_view json);

/// A URL whose path goes on: `/a?b` and `/c` make `/a/c?b`.
http::absolute_url url_below(http::absolute_url url, std::string_view path);

/** Where the transports are.
    @param asked the URL of which the info was asked
    @return nothing when base_url is no URL, or leads from https to http */
std::optional<http::absolute_url> transport_base(http::absolute_url const& asked,
                                                 std::string const& base_url);

/// A path for a new session: a server number, and an id that nobody can guess.
std::string new_session_path();

/// Adds header fields to a request.
void add_fields(request& to, fields const& more);

/** How long a transport may take to open.
    @param round_trip the time that the info request took
    @par Source
    sockjs-client, countRTO(), and two round trips for each transport */
std::chrono::milliseconds open_limit(std::chrono::milliseconds round_trip);

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_text.ipp>
#endif
