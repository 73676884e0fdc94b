// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How hooks that complete when they return are called, and what tracers are told.
*/

#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/trace.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL pipeline::failure pipeline::call(exchange& ex, hook_entry const& entry,
                                                hook_run& run) {
    if (ex.hooks_traced_) [[unlikely]]
        return call_traced(ex, entry, run);
    return call_untraced(ex, entry, run);
}

inline pipeline::failure pipeline::call_untraced(exchange& ex, hook_entry const& entry,
                                                 hook_run& run) {
    failure failed;
    try {
        entry.callback.call(entry.callback.function.get(), run);
    } catch (...) {
        failed.exception = std::current_exception();
        report(ex, entry, failed);
    }
    return failed;
}

inline pipeline::failure pipeline::call_traced(exchange& ex, hook_entry const& entry,
                                               hook_run& run) {
    auto const began = hook_span::clock::now();
    for (auto const& tracer : ex.table_->tracers) tracer->on_hook_begin(ex, entry.info, began);
    failure failed = call_untraced(ex, entry, run);
    run_outcome const& left = run.outcome();
    hook_span const span{ex.id(),
                         entry.info,
                         began,
                         hook_span::clock::now(),
                         outcome_of(left, entry.info.type, static_cast<bool>(failed)),
                         left.message ? left.message->result_int() : 0};
    for (auto const& tracer : ex.table_->tracers) tracer->on_hook_end(span);
    return failed;
}

inline void pipeline::trace_begin(exchange& ex) noexcept {
    ex.began_ = hook_span::clock::now();
    if (ex.table_->tracers.empty()) return;
    ex.traced_ = true;
    ex.hooks_traced_ = ex.table_->hooks_traced;
    ex.stage_began_ = ex.began_;
    for (auto const& tracer : ex.table_->tracers) tracer->on_begin(ex, ex.stage_began_);
}

HTTPHOOKS_DECL void pipeline::trace_stage(exchange& ex, exchange_stage s) noexcept {
    auto const now = hook_span::clock::now();
    auto const elapsed = now - std::exchange(ex.stage_began_, now);
    for (auto const& tracer : ex.table_->tracers) tracer->on_stage(ex, s, elapsed);
}

inline void pipeline::trace_reply(exchange const& ex) noexcept {
    if (ex.authorized()) return;
    for (auto const& tracer : ex.table_->tracers) tracer->on_reply(ex);
}

inline void pipeline::trace_end(exchange const& ex, bool cancelled) noexcept {
    for (auto const& tracer : ex.table_->tracers) tracer->on_end(ex, cancelled);
}

}  // namespace httphooks::detail
