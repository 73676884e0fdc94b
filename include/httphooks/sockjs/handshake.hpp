// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The request that opened a SockJS connection.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace httphooks::sockjs {

/** The request that opened a session, and where it came from. */
struct handshake {
    /// The request: its target with the query, its fields, cookies too.
    std::shared_ptr<request const> message;
    /// The client's address, or that of a proxy.
    asio::ip::tcp::endpoint peer{};
    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool tls = false;
};

}  // namespace httphooks::sockjs
