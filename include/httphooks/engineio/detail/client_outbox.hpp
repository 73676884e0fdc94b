// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has for its server.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/packet.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

namespace httphooks::engineio::detail {

/// The packets that wait for the server. May be used by all threads.
class client_outbox {
public:
    /// @param limit bytes that may wait
    explicit client_outbox(std::size_t limit) : limit_(limit) {}

    /** Adds packets, which stay together.
        @param first is set when nobody has been asked to send yet
        @return whether there was room */
    bool add(std::vector<packet> packets, bool& first);
    /// Adds a packet in front of all others, room or not.
    void add_first(packet p);
    /** The next packets; none when none wait.
        @param limit their bytes in a payload, unless it is one; 0: any number */
    std::vector<packet> take(std::size_t limit);
    /// What was taken is on its way.
    void sent() noexcept;
    void clear() noexcept;
    std::size_t size() const noexcept;

private:
    std::size_t const limit_;
    mutable std::mutex mutex_{};
    std::deque<packet> packets_{};
    std::size_t waiting_ = 0;
    std::size_t under_way_ = 0;
    bool asked_ = false;
};

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/client_outbox.ipp>
#endif
