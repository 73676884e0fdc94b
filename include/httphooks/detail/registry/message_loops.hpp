// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks, for each event loop that sockets with messages live on.
*/

#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace httphooks::detail {

/// What the sockets of one server share. Thread-safe.
template <class State>
class message_loops {
public:
    explicit message_loops(basic_registry<State> hooks) : hooks_(std::move(hooks)) {}

    /** The loop for a socket.
        @param executor the socket's
        @param owns_context whether all that runs on its context does so one after another; else the
            socket gets a loop of its own */
    std::shared_ptr<message_loop> of(asio::any_io_executor const& executor, bool owns_context) {
        if (!owns_context) return make(executor);
        auto const* const context = &asio::query(executor, asio::execution::context);
        std::lock_guard const lock(mutex_);
        auto& known = loops_[context];
        auto found = known.lock();
        if (!found) known = found = make(executor);
        return found;
    }

private:
    std::shared_ptr<message_loop> make(asio::any_io_executor const& executor) {
        return std::make_shared<message_loop>(hooks_.make_loop(), executor);
    }

    basic_registry<State> hooks_;
    std::mutex mutex_{};
    std::map<void const*, std::weak_ptr<message_loop>> loops_{};
};

}  // namespace httphooks::detail
