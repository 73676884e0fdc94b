// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions of the application's that are called in the middle of something.
*/

#include <httphooks/config.hpp>

#include <boost/asio/post.hpp>

#include <exception>
#include <utility>

namespace httphooks::detail {

/** Calls a function of the application's. What it throws leaves the event loop later, from a
    function of its own: for the caller it has returned.
    @param executor where it leaves */
template <class Executor, class Function>
void call_apart(Executor const& executor, Function&& f) {
    try {
        std::forward<Function>(f)();
    } catch (...) {
        asio::post(executor,
                   [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
    }
}

}  // namespace httphooks::detail
