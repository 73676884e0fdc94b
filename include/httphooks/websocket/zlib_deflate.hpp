// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Compressed WebSocket messages, by zlib; programs link it, or httphooks::zlib.
*/

#include <httphooks/config.hpp>
#include <httphooks/websocket/deflate.hpp>

#include <memory>

namespace httphooks::websocket {

/** Has messages compressed where the other side takes it: permessage-deflate.

    `server_options o; o.connection.per_message_deflate = zlib_deflate();`, and in the same way for
    clients, SockJS, Engine.IO and Socket.IO. Compressing costs time on the connection's thread,
    some 20 us for 1 KiB, and is worth it for large texts on slow networks. Contexts that are kept
    from one message to the next are let go of when nothing is sent for ten seconds. A message that
    is received may have 256 blocks that are marked as the last; beyond them it is broken, which
    closes the connection with 1007.

    @throws std::invalid_argument for options that cannot be meant
    @par Source
    RFC 7692; zlib 1.2 */
std::shared_ptr<message_deflate const> zlib_deflate(deflate_options const& o = {});

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/zlib_deflate.ipp>
#endif
