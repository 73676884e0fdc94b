// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The request that opens an Engine.IO session, and what is decided about it.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace httphooks::engineio {

/** The request that opened a session, and where it came from. */
struct handshake {
    /// The request: its target with the query, its fields, cookies too.
    std::shared_ptr<request const> message;
    /// The client's address, or that of a proxy.
    asio::ip::tcp::endpoint peer{};
    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool tls = false;
    /// When it came.
    std::chrono::system_clock::time_point issued = std::chrono::system_clock::now();
};

/// Whether a client may connect.
struct verdict {
    /// Whether it may.
    bool allowed = true;
    /// What a client that may not is told; empty: "Forbidden".
    std::string message{};
};

/// A request that was refused; all of it is good until the handler returns.
struct connection_error {
    /// The request.
    request const& message;
    /// Why it was refused.
    refusal code;
    /// What the client is told.
    std::string_view text;
    /// What was wrong: the value that is unknown, or a name as "TRANSPORT_MISMATCH".
    std::string_view context;
};

}  // namespace httphooks::engineio
