// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a path below a SockJS prefix means.
*/

#include <httphooks/config.hpp>

#include <cstdint>
#include <string_view>

namespace httphooks::sockjs::detail {

/// What there is below a prefix.
enum class endpoint : std::uint8_t {
    none,
    greeting,
    iframe,
    info,
    raw_websocket,
    websocket,
    xhr,
    xhr_send,
    xhr_streaming,
    eventsource,
    htmlfile,
    jsonp,
    jsonp_send,
};

/// A path that was understood.
struct route {
    endpoint what = endpoint::none;
    /// The client's name for the session, as it is in the path.
    std::string_view session{};
};

/// Whether a part of a path names a server or a session.
bool is_name(std::string_view part) noexcept;

/// The transport of a session's path.
endpoint transport_named(std::string_view name) noexcept;

/** Understands a path.
    @param path what follows the prefix, not decoded, without the query
    @par Source
    SockJS 0.3.3, URLs; one slash may follow everywhere, as in sockjs-node */
route find_route(std::string_view path) noexcept;

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/route.ipp>
#endif
