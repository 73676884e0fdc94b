// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    SHA-1, which the opening handshake proves with that the server speaks WebSocket (FIPS 180-4).
*/

#include <httphooks/config.hpp>

#include <string>
#include <string_view>

namespace httphooks::websocket::detail {

/// The SHA-1 digest of a text: 20 bytes. Not for security.
std::string sha1(std::string_view text);

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/sha1.ipp>
#endif
