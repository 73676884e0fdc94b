// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What waits to be delivered on each event loop, in one order.
*/

#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** What waits to be delivered on each event loop. Thread-safe.

    Takes memory for event loops where something waits, not for those where something has waited. */
class inboxes {
public:
    /// Adds a packet. @return whether empty() is to be called on the event loop
    bool put(http::detail::home const& where, socket_list to,
             std::shared_ptr<encoded_delivery const> d) {
        std::lock_guard const lock(mutex_);
        inbox& box = of(where);
        box.waiting.push_back({std::move(to), std::move(d)});
        return !box.busy;
    }

    /// Delivers what waits. On the event loop; a call from within another one leaves it to that.
    void empty(http::detail::home const& where) {
        std::unique_lock lock(mutex_);
        auto const at = boxes_.find(where.identity());
        if (at == boxes_.end() || at->second.busy) return;
        inbox& box = at->second;
        box.busy = true;
        while (!box.waiting.empty()) {
            auto const now = std::exchange(box.waiting, {});
            lock.unlock();
            for (auto const& next : now)
                for (auto const& s : next.to) s->deliver(*next.what);
            lock.lock();
        }
        box.busy = false;
        spare_ = boxes_.extract(where.identity());
    }

    /// Event loops where something waits.
    std::size_t size() {
        std::lock_guard const lock(mutex_);
        return boxes_.size();
    }

private:
    struct item {
        socket_list to;
        std::shared_ptr<encoded_delivery const> what;
    };
    struct inbox {
        std::vector<item> waiting{};
        bool busy = false;
    };
    /// By the identities of homes, which the sockets in a box keep.
    using box_map = std::unordered_map<void const*, inbox>;

    inbox& of(http::detail::home const& where) {
        if (auto const at = boxes_.find(where.identity()); at != boxes_.end()) return at->second;
        if (spare_.empty()) return boxes_[where.identity()];
        spare_.key() = where.identity();
        return boxes_.insert(std::move(spare_)).position->second;
    }

    std::mutex mutex_{};
    box_map boxes_{};
    /// A box that is not in use: the next one, which takes no memory then.
    box_map::node_type spare_{};
};

}  // namespace httphooks::socketio::detail
