// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has for its server.
*/

#include <httphooks/engineio/packet.hpp>

#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
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

// ---------------------------------------------------------------------------------------------

inline bool client_outbox::add(std::vector<packet> packets, bool& first) {
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

inline void client_outbox::add_first(packet p) {
    std::lock_guard const lock(mutex_);
    waiting_ += p.data.size() + 1;
    packets_.push_front(std::move(p));
}

inline std::vector<packet> client_outbox::take(std::size_t limit) {
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

inline void client_outbox::sent() noexcept {
    std::lock_guard const lock(mutex_);
    under_way_ = 0;
}

inline void client_outbox::clear() noexcept {
    std::lock_guard const lock(mutex_);
    packets_.clear();
    waiting_ = 0;
    under_way_ = 0;
}

inline std::size_t client_outbox::size() const noexcept {
    std::lock_guard const lock(mutex_);
    return waiting_ + under_way_;
}

}  // namespace httphooks::engineio::detail
