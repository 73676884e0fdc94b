// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/client_outbox.hpp>

#include <httphooks/engineio/packet.hpp>

#include <cstddef>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL bool client_outbox::add(std::vector<packet> packets, bool& first) {
    std::size_t more = 0;
    for (packet const& p : packets) more += p.data.size() + 1;
    std::lock_guard const lock(mutex_);
    std::size_t const waiting = waiting_ + under_way_;
    if (waiting != 0 && waiting + more > limit_) return false;
    packets_.insert(packets_.end(), std::make_move_iterator(packets.begin()),
                    std::make_move_iterator(packets.end()));
    waiting_ += more;
    first = !std::exchange(asked_, true);
    return true;
}

HTTPHOOKS_DECL void client_outbox::add_first(packet p) {
    std::lock_guard const lock(mutex_);
    waiting_ += p.data.size() + 1;
    packets_.push_front(std::move(p));
}

HTTPHOOKS_DECL std::vector<packet> client_outbox::take(std::size_t limit) {
    std::lock_guard const lock(mutex_);
    asked_ = false;
    under_way_ = 0;
    std::size_t bytes = 0;
    std::vector<packet> batch;
    while (!packets_.empty()) {
        packet& next = packets_.front();
        // the separator and the type
        std::size_t const size = next.data.size();
        bytes += 2 + (next.binary ? (size + 2) / 3 * 4 : size);
        if (limit != 0 && bytes > limit + 1 && !batch.empty()) break;
        under_way_ += size + 1;
        batch.push_back(std::move(next));
        packets_.pop_front();
    }
    waiting_ -= under_way_;
    return batch;
}

HTTPHOOKS_DECL void client_outbox::sent() noexcept {
    std::lock_guard const lock(mutex_);
    under_way_ = 0;
}

HTTPHOOKS_DECL void client_outbox::clear() noexcept {
    std::lock_guard const lock(mutex_);
    packets_.clear();
    waiting_ = 0;
    under_way_ = 0;
}

HTTPHOOKS_DECL std::size_t client_outbox::size() const noexcept {
    std::lock_guard const lock(mutex_);
    return waiting_ + under_way_;
}

}  // namespace httphooks::engineio::detail
