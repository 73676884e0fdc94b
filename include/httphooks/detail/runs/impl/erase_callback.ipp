// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/erase_callback.hpp>

#include <httphooks/detail/runs/async_run.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL void coroutine_ended(hook_run& run, std::exception_ptr exception) noexcept {
    auto& ended = static_cast<async_run&>(run);
    if (exception)
        ended.fail(std::move(exception));
    else
        ended.close({});
}

template <class>
void spawn_coroutine(hook_run& run, asio::awaitable<void> coroutine) {
    auto& spawning = static_cast<async_run&>(run);
    // co_spawn uses the slot behind the coroutine's end, so its handler keeps the run
    asio::co_spawn(spawning.coroutine_executor(), std::move(coroutine),
                   asio::bind_cancellation_slot(
                       spawning.slot(), [keep = async_run_ptr(&spawning)](std::exception_ptr) {}));
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
template void spawn_coroutine(hook_run& run, asio::awaitable<void> coroutine);
#endif

}  // namespace httphooks::detail
