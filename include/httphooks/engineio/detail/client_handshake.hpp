// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client reads and writes at the beginning, without I/O: the packet "open", and URLs.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/engineio/transport_kind.hpp>
#include <httphooks/http/absolute_url.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::engineio::detail {

/// What a server says of a session.
struct server_handshake {
    std::string sid{};
    /// Whether it can go over to a WebSocket.
    bool websocket = false;
    std::chrono::milliseconds ping_interval{};
    std::chrono::milliseconds ping_timeout{};
    /// Bytes of a payload that the server takes; 0: not said.
    std::size_t max_payload = 0;
};

/// Reads the data of a packet "open"; nothing when it is not of this shape.
std::optional<server_handshake> read_handshake(std::string_view json);

/// The URL of a session's requests. @param sid empty for the first one
http::absolute_url transport_url(http::absolute_url base, transport_kind t, std::string_view sid);

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/client_handshake.ipp>
#endif
