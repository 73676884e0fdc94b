// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A packet for many sockets, encoded once, and the ways to their threads.
*/

#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/adapter.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// A packet, and its messages.
struct encoded_delivery {
    delivery what;
    engineio::prepared_message frames;
};

/// The same messages, which no poll's reply is compressed for.
inline engineio::prepared_message uncompressed(engineio::prepared_message const& m) {
    std::vector<engineio::packet> packets = m.packets();
    for (auto& p : packets) p.compress = false;
    return engineio::prepared_message(std::move(packets));
}

using socket_list = std::vector<std::shared_ptr<local_socket>>;

/// Sockets by where they live.
struct home_group {
    http::detail::home where;
    socket_list sockets{};
};

/// The sockets of each event loop.
inline std::vector<home_group> by_home(socket_list const& sockets) {
    std::vector<home_group> groups;
    home_group* last = nullptr;
    for (auto const& s : sockets) {
        if (!last || !(last->where == s->place())) {
            last = nullptr;
            for (auto& g : groups)
                if (g.where == s->place()) last = &g;
            if (!last) last = &groups.emplace_back(home_group{s->place()});
        }
        last->sockets.push_back(s);
    }
    return groups;
}

/// Sends a packet to sockets: at once to those of this thread, later to others.
inline void deliver_to(socket_list sockets, std::shared_ptr<encoded_delivery const> const& d) {
    bool here = true;
    for (auto const& s : sockets) here = here && s->place().here();
    if (here) {
        for (auto const& s : sockets) s->deliver(*d);
        return;
    }
    for (auto& group : by_home(sockets))
        group.where.dispatch([to = std::move(group.sockets), d] {
            for (auto const& s : to) s->deliver(*d);
        });
}

}  // namespace httphooks::socketio::detail
