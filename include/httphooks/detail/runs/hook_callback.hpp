// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A hook's callback, erased: one function for its form calls it.
*/

#include <httphooks/config.hpp>
#include <httphooks/hook.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

namespace httphooks::detail {

class hook_run;

/// Room for the context of a callback that completes later.
struct context_memory {
    alignas(void*) std::byte bytes[sizeof(void*)];
};

/// A callback. Exactly one of `call`, `start` and `spawn` is set.
struct hook_callback {
    /// The user's function.
    std::shared_ptr<void> function{};
    /// Calls a function that completes when it returns.
    void (*call)(void* function, hook_run& run) = nullptr;
    /// Calls a function that completes by `done`; its context is made in `context`.
    void (*start)(void* function, hook_run& run, context_memory& context, hook_done done) = nullptr;
    /// Spawns a coroutine; coroutine_ended() is called behind its end.
    void (*spawn)(void* function, hook_run& run) = nullptr;
    /// Whether it wants to know how long exchanges take.
    bool timed = false;
    /// How long it may take, unless its registration says that.
    std::optional<std::chrono::milliseconds> time_limit{};
};

/// A function in memory of its own.
std::shared_ptr<void> own_function(void* function, void (*destroy)(void*) noexcept);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/hook_callback.ipp>
#endif
