// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: how a WebSocket is opened.
*/

#include <string>
#include <utility>
#include <vector>

namespace httphooks::testing {

/// How a WebSocket is opened.
struct websocket_client_options {
    /// Path and query; empty: the path that the server is mounted at.
    std::string target{};
    /// Header fields of the request, as Cookie, Authorization, Origin.
    std::vector<std::pair<std::string, std::string>> headers{};
    /// Subprotocols that the client offers, the best first.
    std::vector<std::string> subprotocols{};
    /// The address that the server sees.
    std::string address = "127.0.0.1";
    /// Whether the server sees a client that came by TLS.
    bool tls = false;
    /// Whether pings are answered; see websocket_client::answer_pings().
    bool answer_pings = true;
};

}  // namespace httphooks::testing
