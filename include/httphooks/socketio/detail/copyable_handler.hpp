// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Completion handlers as functions that can be copied.
*/

#include <httphooks/config.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <tuple>
#include <utility>

namespace httphooks::socketio::detail {

/// Makes a std::function of a completion handler, which is called where it wants to be.
template <class... Args, class Handler>
std::function<void(Args...)> copyable_handler(Handler h, asio::any_io_executor const& fallback) {
    auto const executor = asio::get_associated_executor(h, fallback);
    auto const work = asio::make_work_guard(executor);
    auto const shared = std::make_shared<Handler>(std::move(h));
    return [executor, work, shared](Args... args) {
        asio::post(executor, [shared, held = std::make_tuple(std::move(args)...)]() mutable {
            std::apply(std::move(*shared), std::move(held));
        });
    };
}

}  // namespace httphooks::socketio::detail
