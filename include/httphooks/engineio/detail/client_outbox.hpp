// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has for its server.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/websocket/detail/client_outbox.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace httphooks::engineio::detail {

/// The packets that wait for the server.
class client_outbox final : public websocket::detail::client_outbox<packet> {
public:
    using websocket::detail::client_outbox<packet>::client_outbox;

    /** Adds packets, which stay together.
        @param first is set when nobody has been asked to send yet
        @return whether there was room */
    bool add(std::vector<packet> packets, bool& first);
    /// Adds a pong in front of all others, room or not, in place of one that waits already.
    void add_pong(std::string data);
    /// Adds packets behind all others, room or not.
    void add_last(std::vector<packet> packets);
    /** The next packets; none when none wait.
        @param limit their bytes in a payload, unless it is one; 0: any number */
    std::vector<packet> take(std::size_t limit);
};

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/client_outbox.ipp>
#endif
