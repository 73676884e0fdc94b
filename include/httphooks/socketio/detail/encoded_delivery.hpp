// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A packet for many sockets, encoded once, and the ways to their threads.
*/

#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/socketio/adapter.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// A packet, and its messages.
struct encoded_delivery {
    delivery what;
    engineio::prepared_message frames;
};

/// The same messages, not compressed in WebSockets; no poll's reply is compressed for them.
inline engineio::prepared_message uncompressed(engineio::prepared_message const& m) {
    std::vector<engineio::packet> packets = m.packets();
    for (auto& p : packets) p.compress = false;
    return engineio::prepared_message(std::move(packets));
}

using socket_list = std::vector<std::shared_ptr<local_socket>>;

/// Sends a packet to sockets: at once to those of this thread, later to others.
inline void deliver_to(socket_list sockets, std::shared_ptr<encoded_delivery const> const& d) {
    http::detail::for_each_at_home<local_socket>(std::move(sockets), std::identity(),
                                                 [d](local_socket& s) { s.deliver(*d); });
}

}  // namespace httphooks::socketio::detail
