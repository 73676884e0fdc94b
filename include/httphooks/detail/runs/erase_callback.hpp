// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The functions that call a callback of each form.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/hook_callback.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/hook_done.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace httphooks::detail {

/// A coroutine has ended, or has thrown; `run` is the async_run that it was driven for.
void coroutine_ended(hook_run& run, std::exception_ptr exception) noexcept;

/// Runs the coroutine of a run; a template, so that only who has coroutines pays for them.
template <class = void>
void spawn_coroutine(hook_run& run, asio::awaitable<void> coroutine);

/// The functions for a callback of type `F` that sees a `Context`.
template <class F, class Context>
struct callback_functions {
    static void value(void* function, hook_run& run) {
        Context context(run);
        if constexpr (std::is_same_v<std::remove_cvref_t<std::invoke_result_t<F&, Context&>>,
                                     response>)
            take(run, response((*static_cast<F*>(function))(context)));
        else
            take(run, into_response((*static_cast<F*>(function))(context)));
    }

    /// Takes what the callback has returned.
    static void take(hook_run& run, response&& returned) {
        if constexpr (Context::type == hook_type::responder)
            run.respond(std::move(returned), decision::respond);
        else
            run.answer(std::move(returned));
    }

    static void void_(void* function, hook_run& run) {
        Context context(run);
        (*static_cast<F*>(function))(context);
    }

    static void callback(void* function, hook_run& run, context_memory& memory, hook_done done) {
        static_assert(sizeof(Context) <= sizeof memory &&
                      std::is_trivially_destructible_v<Context>);
        (*static_cast<F*>(function))(*::new (memory.bytes) Context(run), std::move(done));
    }

    static void coroutine(void* function, hook_run& run) {
        spawn_coroutine(run, drive(function, run));
    }

    static asio::awaitable<void> drive(void* function, hook_run& run) {
        try {
            Context context(run);
            auto operation = (*static_cast<F*>(function))(context);
            using value_type = typename awaitable_value<decltype(operation)>::type;
            if constexpr (std::is_void_v<value_type>) {
                co_await std::move(operation);
            } else {
                auto value = co_await std::move(operation);
                take(run, into_response(std::move(value)));
            }
        } catch (...) {
            coroutine_ended(run, std::current_exception());
            co_return;
        }
        coroutine_ended(run, nullptr);
    }
};

/** A callback of two forms: when it is registered, waits() says how long `void(context&, done)` may
    take, or nothing, and `void(context&)` is called. */
template <class F>
concept may_wait = requires(F const& f) {
    { f.waits() } -> std::same_as<std::optional<std::chrono::milliseconds>>;
};

/// Erases a callback that sees a `Context`.
template <class Context, class F>
hook_callback erase_callback(F&& f) {
    static_assert(
        hook_function<F, Context> || Context::may_respond,
        "a listener's callback has one of the forms `void(context&)`, "
        "`asio::awaitable<void>(context&)` and `void(context&, done)`: it returns nothing");
    static_assert(hook_function<F, Context> || !Context::may_respond,
                  "a hook's callback has one of the four forms `T(context&)`, `void(context&)`, "
                  "`asio::awaitable<T or void>(context&)` and `void(context&, done)`, "
                  "where T is text, JSON, a status, a response, or what into_response() takes");
    using functions = callback_functions<F, Context>;
    constexpr hook_form form = form_of<F, Context>();
    hook_callback c;
    if constexpr (requires { F::timed; }) c.timed = F::timed;
    if constexpr (may_wait<F>) c.time_limit = f.waits();
    c.function =
        own_function(new F(std::move(f)), [](void* p) noexcept { delete static_cast<F*>(p); });
    if constexpr (form == hook_form::value)
        c.call = &functions::value;
    else if constexpr (form == hook_form::void_)
        c.call = &functions::void_;
    else if constexpr (form == hook_form::callback)
        c.start = &functions::callback;
    else if constexpr (form == hook_form::coroutine)
        c.spawn = &functions::coroutine;
    if constexpr (may_wait<F>)
        if (c.time_limit) {
            c.call = nullptr;
            c.start = &functions::callback;
        }
    return c;
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
extern template void spawn_coroutine(hook_run& run, asio::awaitable<void> coroutine);
#endif

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/erase_callback.ipp>
#endif
