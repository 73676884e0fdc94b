// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/message_loops.hpp>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <map>
#include <memory>
#include <mutex>

namespace httphooks::detail {

struct message_loop_map::known_loops {
    std::mutex mutex{};
    std::map<void const*, std::weak_ptr<message_loop>> by_context{};
};

HTTPHOOKS_DECL message_loop_map::message_loop_map() : known_(std::make_unique<known_loops>()) {}

HTTPHOOKS_DECL message_loop_map::~message_loop_map() = default;

HTTPHOOKS_DECL std::shared_ptr<message_loop> message_loop_map::of(
    asio::any_io_executor const& executor, bool owns_context) {
    if (!owns_context) return make(executor);
    auto const* const context = &asio::query(executor, asio::execution::context);
    std::lock_guard const lock(known_->mutex);
    auto& known = known_->by_context[context];
    auto found = known.lock();
    if (!found) known = found = make(executor);
    return found;
}

}  // namespace httphooks::detail
