// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Events of a client that wait until its namespace is connected.
*/

#include <httphooks/engineio/packet.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// Keeps events in their order, up to a limit. Not thread-safe.
class event_buffer {
public:
    using time_point = std::chrono::steady_clock::time_point;
    /// What one event is sent as.
    using messages = std::vector<engineio::packet>;

    /// @param limit bytes of all messages
    explicit event_buffer(std::size_t limit) : limit_(limit) {}

    /// Keeps an event. @param until when it is not worth sending any more
    /// @return false, and nothing is kept, when too much waits
    bool add(messages m, time_point until) {
        std::size_t size = 0;
        for (engineio::packet const& p : m) size += p.data.size();
        if (size > limit_ - size_) return false;
        size_ += size;
        events_.push_back({std::move(m), size, until});
        return true;
    }

    /// Drops the events whose time is over.
    void expire(time_point now) {
        std::erase_if(events_, [&](event const& e) {
            if (e.until > now) return false;
            size_ -= e.size;
            return true;
        });
    }

    /// Drops all events.
    void clear() noexcept {
        events_.clear();
        size_ = 0;
    }

    /// Gives all events to `send(messages)`, the first one first; then it is empty.
    template <class Send>
    void take_all(Send send) {
        size_ = 0;
        for (auto& e : std::exchange(events_, {})) send(std::move(e.packets));
    }

private:
    struct event {
        messages packets;
        std::size_t size;
        time_point until;
    };

    std::deque<event> events_{};
    std::size_t limit_;
    std::size_t size_ = 0;
};

}  // namespace httphooks::socketio::detail
