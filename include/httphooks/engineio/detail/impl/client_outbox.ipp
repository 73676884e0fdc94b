// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/client_outbox.hpp>

#include <httphooks/engineio/packet.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

/// What packets count while they wait.
inline std::size_t waiting_size(std::vector<packet> const& packets) noexcept {
    std::size_t n = 0;
    for (packet const& p : packets) n += p.data.size() + 1;
    return n;
}

HTTPHOOKS_DECL bool client_outbox::add(std::vector<packet> packets, bool& first) {
    std::size_t const more = waiting_size(packets);
    return add_if_room(more, first, [&](std::deque<packet>& to) {
        std::ranges::move(packets, std::back_inserter(to));
        return more;
    });
}

HTTPHOOKS_DECL void client_outbox::add_last(std::vector<packet> packets) {
    change([&](std::deque<packet>& pieces, std::size_t& bytes) {
        bytes += waiting_size(packets);
        std::ranges::move(packets, std::back_inserter(pieces));
    });
}

HTTPHOOKS_DECL void client_outbox::add_pong(std::string data) {
    change([&](std::deque<packet>& pieces, std::size_t& bytes) {
        if (!pieces.empty() && pieces.front().type == packet_type::pong) {
            bytes -= pieces.front().data.size() + 1;
            pieces.pop_front();
        }
        bytes += data.size() + 1;
        pieces.push_front({packet_type::pong, false, std::move(data)});
    });
}

HTTPHOOKS_DECL std::vector<packet> client_outbox::take(std::size_t limit) {
    std::vector<packet> batch;
    take_some([&](std::deque<packet>& from) {
        std::size_t bytes = 0;
        std::size_t taken = 0;
        while (!from.empty()) {
            packet& next = from.front();
            // the separator and the type
            std::size_t const size = next.data.size();
            bytes += 2 + (next.binary ? (size + 2) / 3 * 4 : size);
            if (limit != 0 && bytes > limit + 1 && !batch.empty()) break;
            taken += size + 1;
            batch.push_back(std::move(next));
            from.pop_front();
        }
        return taken;
    });
    return batch;
}

}  // namespace httphooks::engineio::detail
