// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What waits to be delivered on each event loop, in one order.
*/

#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** What waits to be delivered on each event loop. Thread-safe. */
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
        inbox& box = of(where);
        if (box.busy) return;
        box.busy = true;
        while (!box.waiting.empty()) {
            auto const now = std::exchange(box.waiting, {});
            lock.unlock();
            for (auto const& next : now)
                for (auto const& s : next.to) s->deliver(*next.what);
            lock.lock();
        }
        box.busy = false;
    }

private:
    struct item {
        socket_list to;
        std::shared_ptr<encoded_delivery const> what;
    };
    struct inbox {
        http::detail::home where;
        std::vector<item> waiting{};
        bool busy = false;
    };

    inbox& of(http::detail::home const& where) {
        for (inbox& box : boxes_)
            if (box.where == where) return box;
        return boxes_.emplace_back(inbox{where});
    }

    std::mutex mutex_{};
    std::list<inbox> boxes_{};
};

}  // namespace httphooks::socketio::detail
