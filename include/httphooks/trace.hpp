// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What exchanges do, and how long each of their hooks takes; for those who watch a registry.
*/

#include <httphooks/hook.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httphooks {

class exchange;

/// The stages of an exchange, in order.
enum class exchange_stage : std::uint8_t {
    input,
    pre_processing,
    processing,
    post_processing,
    output,
};

/// The stage's name, as in "pre-processing".
constexpr std::string_view to_string(exchange_stage s) noexcept {
    constexpr std::string_view names[]{"input", "pre-processing", "processing", "post-processing",
                                       "output"};
    return names[static_cast<std::size_t>(s)];
}

/// The stage that hooks of a type run in.
constexpr exchange_stage stage_of(hook_type type) noexcept {
    switch (type) {
        case hook_type::request_listener:
            return exchange_stage::input;
        case hook_type::pre_responder:
        case hook_type::pre_listener:
            return exchange_stage::pre_processing;
        case hook_type::responder:
            return exchange_stage::processing;
        case hook_type::post_listener:
        case hook_type::post_responder:
            return exchange_stage::post_processing;
        case hook_type::response_listener:
            break;
    }
    return exchange_stage::output;
}

/// What became of one run of a hook.
enum class hook_outcome : std::uint8_t {
    /// It read, or let pass, or left nothing.
    passed,
    /// It set a response.
    responded,
    /// It replaced the request or the responses.
    replaced,
    /// It ended the chain with its response.
    ended,
    /// It threw, reported an error, or decided nothing where it had to.
    failed,
    /// It was cancelled with its exchange.
    cancelled,
};

/// The outcome's name, as in "passed".
constexpr std::string_view to_string(hook_outcome o) noexcept {
    constexpr std::string_view names[]{"passed", "responded", "replaced",
                                       "ended",  "failed",    "cancelled"};
    return names[static_cast<std::size_t>(o)];
}

/// One run of a hook; good until the tracer returns.
struct hook_span {
    using clock = std::chrono::steady_clock;

    /// As exchange::id() gives it.
    std::uint64_t exchange_id;
    /// Which hook ran.
    hook_info const& hook;
    /// When it was called.
    clock::time_point began;
    /// When it was done.
    clock::time_point ended;
    /// How it ended.
    hook_outcome outcome;
    /// The status of the response that it set; 0: none.
    unsigned status;

    /// How long it took, waits included.
    clock::duration elapsed() const noexcept { return ended - began; }
};

/** Watches the exchanges of a registry; derive from it what is of interest, and see
    basic_registry::trace().

    An exchange that is watched costs some reads of the clock; one that is not, a branch a stage.
    What a tracer throws ends the program.

    @par Thread safety
    Called on the threads that run hooks, on several at once. on_hook_end() of a hook that completes
    later is called where it completes, also after on_end() for a listener.
*/
class exchange_tracer {
public:
    using clock = hook_span::clock;

    exchange_tracer() = default;
    exchange_tracer(exchange_tracer const&) = delete;
    exchange_tracer& operator=(exchange_tracer const&) = delete;
    virtual ~exchange_tracer() = default;

    /// Whether on_hook_begin() and on_hook_end() are to be called; asked once.
    virtual bool watches_hooks() const noexcept { return true; }

    /// The request is about to run through the hooks.
    virtual void on_begin(exchange const&, clock::time_point) noexcept {}
    /// A hook starts.
    virtual void on_hook_begin(exchange const&, hook_info const&, clock::time_point) noexcept {}
    /// A hook has completed.
    virtual void on_hook_end(hook_span const&) noexcept {}
    /// A stage that had hooks is over.
    virtual void on_stage(exchange const&, exchange_stage, clock::duration) noexcept {}
    /// The reply is ready: exchange::reply(). Not called for a request that guards let go on.
    virtual void on_reply(exchange const&) noexcept {}
    /// The reply was handed over, and the response-listeners have started; or guards have let the
    /// request go on; or the exchange was cancelled.
    virtual void on_end(exchange const&, bool cancelled) noexcept { static_cast<void>(cancelled); }
};

}  // namespace httphooks
