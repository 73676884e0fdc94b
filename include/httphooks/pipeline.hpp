// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The execution model: the seven types of hooks, in five stages, over one exchange.
*/

#include <httphooks/detail/json/malformed_json.hpp>
#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/** Runs the hooks that match a request, stage by stage.

    input: request-listeners; pre-processing: pre-responders, pre-listeners; processing: responders;
    post-processing: post-listeners, post-responders; output: response-listeners, when the reply was
    handed over. Hooks that complete when they return run in place, without a coroutine and without
    an allocation. When one completes later the pipeline stops where it is, and goes on when the
    exchange is signalled. Whoever brings the first signal runs it; signals that come meanwhile are
    left to him. So no two threads ever run one exchange, whatever its executor.
*/
class pipeline {
public:
    /// Begins the exchange. True: the reply is ready; false: its sink will be called.
    static bool start(exchange& ex);

    /// Something has happened that the exchange may be waiting for.
    static void signal(exchange& ex) noexcept;

    /// Starts the response-listeners.
    static void handed_over(exchange& ex);

    /// See exchange::take_reply.
    static response take_reply(exchange& ex, std::uint64_t most);
    /// Lets go of the hooks that still run: the loop that they would return to is going.
    static void abandon(exchange& ex) noexcept;

    /// The options of the registry whose hooks the exchange runs.
    static registry_options const& options(exchange const& ex) noexcept {
        return ex.table_->services->options;
    }

private:
    friend class exchange;

    using stage = exchange::stage;
    using processing = exchange::processing;

    /// What went wrong in a hook, if anything did.
    struct failure {
        error_code code{};
        std::exception_ptr exception{};
        explicit operator bool() const noexcept { return code || exception; }
    };

    /// Goes on as far as it can. True: replied or cancelled.
    static bool step(exchange& ex);
    static void resume(exchange& ex) noexcept;
    static void tell_sink(exchange& ex) noexcept;

    static void begin(exchange& ex);
    /// Replies without running a hook.
    static void refuse(exchange& ex, status code);
    static void look_up(exchange& ex);
    static void choose_processing(exchange& ex);
    static std::string allowed_methods(exchange const& ex);
    static void remove_control_headers(exchange& ex);
    static bool body_too_long(exchange const& ex);

    static constexpr std::uint8_t type_bit(hook_type type) noexcept {
        return static_cast<std::uint8_t>(1u << static_cast<unsigned>(type));
    }
    /// Whether a hook of this type matches.
    static bool matched(exchange const& ex, hook_type type) noexcept {
        return (ex.matched_types_ & type_bit(type)) != 0;
    }
    /// The next match of this type, which the cursor passes; null: there is none.
    static detail::hook_entry const* next(exchange& ex, hook_type type);
    static void run_listeners(exchange& ex, hook_type type) {
        if (matched(ex, type)) start_listeners(ex, type);
    }
    static void start_listeners(exchange& ex, hook_type type);
    static void start_listener(exchange& ex, detail::hook_entry const& hook, std::size_t match);

    static bool run_pre_responders(exchange& ex);
    static bool run_post_responders(exchange& ex);
    /// Whether no sequential run is waited for; applies the outcome of the one that has ended.
    template <class Apply>
    static bool finish_waiting(exchange& ex, Apply apply);
    /// Runs one hook of a sequential stage. False: it completes later.
    template <class Apply>
    static bool run_one(exchange& ex, detail::hook_entry const& hook, Apply apply);
    static void apply_pre(exchange& ex, detail::hook_entry const& hook,
                          detail::run_outcome& outcome, failure const& failed);
    static void apply_post(exchange& ex, detail::hook_entry const& hook,
                           detail::run_outcome& outcome, failure const& failed);

    static void start_processing(exchange& ex);
    static void start_responder(exchange& ex, detail::hook_entry const& hook, std::size_t match);
    /// Queues what a responder left, or keeps it until those before it are done.
    static void finish_responder(exchange& ex, detail::run_outcome& outcome);
    /// What a closed run contributes.
    static detail::run_outcome& settle(exchange& ex, detail::async_run& run);
    static void fail(detail::run_outcome& outcome, failure const& failed);
    /// Queues what the responders left, in their order. False: some are not done.
    static bool finish_processing(exchange& ex);

    static void report(exchange& ex, detail::hook_entry const& hook, failure failed);
    static response reply_to(failure const& failed);
    static void end_chain(exchange& ex, response message);
    static void clear_responses(exchange& ex);
    static void queue(exchange& ex, detail::run_outcome& outcome);
    static void merge_reply_headers(exchange& ex, fields& headers);
    /// Reads the files that are bodies of responses, for those who look at them.
    static void read_files(exchange& ex);
    static void patch_request(exchange& ex, detail::request_patch& patch);

    /// Calls a callback that completes when it returns. What it throws has been reported.
    static failure call(exchange& ex, detail::hook_entry const& hook, detail::hook_run& run);
    static failure call_untraced(exchange& ex, detail::hook_entry const& hook,
                                 detail::hook_run& run);
    static failure call_traced(exchange& ex, detail::hook_entry const& hook, detail::hook_run& run);
    static void trace_begin(exchange& ex) noexcept;
    static void trace_stage(exchange& ex, exchange_stage s) noexcept;
    static void trace_reply(exchange const& ex) noexcept;
    static void trace_end(exchange const& ex, bool cancelled) noexcept;
    /// The types of a stage's hooks.
    static constexpr std::uint8_t types_of(exchange_stage s) noexcept {
        std::uint8_t types = 0;
        for (hook_type const type : hook_types)
            if (stage_of(type) == s) types = static_cast<std::uint8_t>(types | type_bit(type));
        return types;
    }
    /// Called when a stage is over.
    template <exchange_stage S>
    static void end_stage(exchange& ex) noexcept {
        if (!ex.traced_) [[likely]]
            return;
        constexpr std::uint8_t types = types_of(S);
        if (S == exchange_stage::processing ? ex.responder() != nullptr
                                            : (ex.matched_types_ & types) != 0)
            trace_stage(ex, S);
    }

    static void make_reply(exchange& ex);
    /// Makes the reply a 500.
    static void fail_reply(exchange& ex);
    static void cancel_runs(exchange& ex) noexcept;
    static void uncount(exchange& ex) noexcept;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

inline void pipeline_signal(exchange& ex) noexcept {
    pipeline::signal(ex);
}

/// Keeps an exchange while its hooks run, whatever they make its owner do.
class kept_exchange {
public:
    explicit kept_exchange(exchange& ex) noexcept : exchange_(ex) { intrusive_ptr_add_ref(&ex); }
    kept_exchange(kept_exchange const&) = delete;
    kept_exchange& operator=(kept_exchange const&) = delete;
    ~kept_exchange() { intrusive_ptr_release(&exchange_); }

private:
    exchange& exchange_;
};

/// Stands in an exchange for a sink when the reply came before the sink did.
struct replied_already final : reply_sink {
    void on_reply(exchange&) noexcept override {}
    static replied_already* mark() noexcept {
        static replied_already instance;
        return &instance;
    }
};

}  // namespace detail

inline bool exchange::start() {
    return pipeline::start(*this);
}
inline void exchange::handed_over() {
    pipeline::handed_over(*this);
}
inline response exchange::take_reply(std::uint64_t most) {
    return pipeline::take_reply(*this, most);
}
inline void exchange::abandon() noexcept {
    pipeline::abandon(*this);
}

inline void exchange::cancel() noexcept {
    cancel_requested_.store(true, std::memory_order_relaxed);
    pipeline::signal(*this);
}

inline bool pipeline::start(exchange& ex) {
    detail::kept_exchange const keep(ex);
    ex.signals_.store(1, std::memory_order_relaxed);
    begin(ex);
    for (std::uint32_t seen = 1;;) {
        if (step(ex)) return ex.stage_ == stage::replied;
        if (ex.signals_.fetch_sub(seen, std::memory_order_acq_rel) == seen) return false;
        seen = ex.signals_.load(std::memory_order_acquire);
    }
}

inline void pipeline::signal(exchange& ex) noexcept {
    if (ex.signals_.fetch_add(1, std::memory_order_acq_rel) == 0) resume(ex);
}

inline void pipeline::resume(exchange& ex) noexcept {
    detail::kept_exchange const keep(ex);
    for (;;) {
        std::uint32_t const seen = ex.signals_.load(std::memory_order_acquire);
        if (step(ex)) {
            if (ex.stage_ == stage::replied) tell_sink(ex);
            return;  // the signals stay, so that nobody runs it again
        }
        if (ex.signals_.fetch_sub(seen, std::memory_order_acq_rel) == seen) return;
    }
}

inline void pipeline::tell_sink(exchange& ex) noexcept {
    reply_sink* const sink =
        ex.sink_.exchange(detail::replied_already::mark(), std::memory_order_acq_rel);
    if (sink) sink->on_reply(ex);
}

inline bool exchange::wait(reply_sink& sink) noexcept {
    reply_sink* expected = nullptr;
    return !sink_.compare_exchange_strong(expected, &sink, std::memory_order_acq_rel);
}

inline bool exchange::stop_waiting() noexcept {
    return sink_.exchange(detail::replied_already::mark(), std::memory_order_acq_rel) !=
           detail::replied_already::mark();
}

inline void pipeline::abandon(exchange& ex) noexcept {
    ex.signals_.fetch_add(1, std::memory_order_relaxed);
    ex.sink_.store(nullptr, std::memory_order_relaxed);
    ex.waiting_ = nullptr;
    auto const runs = std::move(ex.running_);
    ex.running_.clear();
    for (auto const& run : runs) run->detach();
}

inline bool pipeline::step(exchange& ex) {
    if (ex.stage_ == stage::replied || ex.stage_ == stage::cancelled) return true;
    if (ex.cancel_requested_.load(std::memory_order_relaxed)) {
        cancel_runs(ex);
        ex.stage_ = stage::cancelled;
        if (ex.traced_) [[unlikely]]
            trace_end(ex, true);
        uncount(ex);
        return true;
    }
    switch (ex.stage_) {
        case stage::idle:
            return false;
        case stage::input:
            run_listeners(ex, hook_type::request_listener);
            end_stage<exchange_stage::input>(ex);
            ex.stage_ = stage::pre_responders;
            [[fallthrough]];
        case stage::pre_responders:
            if (!run_pre_responders(ex)) return false;
            ex.stage_ = stage::pre_listeners;
            [[fallthrough]];
        case stage::pre_listeners:
            run_listeners(ex, hook_type::pre_listener);
            end_stage<exchange_stage::pre_processing>(ex);
            if (ex.chain_ended_) break;
            start_processing(ex);
            ex.stage_ = stage::processing;
            [[fallthrough]];
        case stage::processing:
            if (!finish_processing(ex)) return false;
            end_stage<exchange_stage::processing>(ex);
            ex.stage_ = stage::post_listeners;
            [[fallthrough]];
        case stage::post_listeners:
            run_listeners(ex, hook_type::post_listener);
            ex.stage_ = stage::post_responders;
            [[fallthrough]];
        case stage::post_responders:
            if (!run_post_responders(ex)) return false;
            end_stage<exchange_stage::post_processing>(ex);
            break;
        case stage::reply:
        case stage::replied:
        case stage::cancelled:
            break;
    }
    make_reply(ex);
    ex.stage_ = stage::replied;
    if (ex.traced_) [[unlikely]]
        trace_reply(ex);
    return true;
}

inline detail::hook_entry const* pipeline::next(exchange& ex, hook_type type) {
    for (; ex.cursor_ < ex.matches_.size(); ++ex.cursor_) {
        detail::hook_entry const* const hook = ex.matches_[ex.cursor_].value;
        if (hook->info.type > type) break;
        if (hook->info.type < type) continue;
        if (type == hook_type::responder && ex.skip_get_responders_ &&
            hook->info.method == verb::get)
            continue;
        ++ex.cursor_;
        return hook;
    }
    return nullptr;
}

inline void pipeline::start_listeners(exchange& ex, hook_type type) {
    bool first = true;
    while (auto const* const hook = next(ex, type)) {
        if (first && type == hook_type::post_listener) read_files(ex);
        first = false;
        start_listener(ex, *hook, ex.cursor_ - 1);
    }
}

inline void pipeline::start_listener(exchange& ex, detail::hook_entry const& hook,
                                     std::size_t match) {
    if (!hook.asynchronous()) {
        detail::hook_run_in_place run(ex, hook, match);
        call(ex, hook, run);
        return;
    }
    auto& running = ex.counters_->listeners;
    if (running.load(std::memory_order_relaxed) >= ex.table_->services->options.max_listeners) {
        detail::counters::add(ex.counters_->dropped_listeners);
        return report(ex, hook, {make_error_code(error::listener_limit)});
    }
    detail::async_run_ptr const run(hook.make_run(hook, ex, match), false);
    detail::counters::add(running);
    run->start();
}

template <class Apply>
bool pipeline::finish_waiting(exchange& ex, Apply apply) {
    if (!ex.waiting_) return true;
    detail::async_run_ptr const run(ex.waiting_);
    if (!run->closed()) return false;
    ex.waiting_ = nullptr;
    ex.running_.clear();
    failure const failed{run->error(), run->exception()};
    if (failed) report(ex, run->hook(), failed);
    apply(ex, run->hook(), run->settled(), failed);
    return true;
}

template <class Apply>
bool pipeline::run_one(exchange& ex, detail::hook_entry const& hook, Apply apply) {
    std::size_t const match = ex.cursor_ - 1;
    if (hook.asynchronous()) {
        detail::async_run_ptr const run(hook.make_run(hook, ex, match), false);
        ex.running_.push_back(run);
        ex.waiting_ = run.get();
        run->start();
        return finish_waiting(ex, apply);
    }
    detail::hook_run_in_place run(ex, hook, match);
    failure const failed = call(ex, hook, run);
    apply(ex, hook, run.outcome(), failed);
    return true;
}

inline bool pipeline::run_pre_responders(exchange& ex) {
    if (!matched(ex, hook_type::pre_responder)) return true;
    if (!finish_waiting(ex, apply_pre)) return false;
    while (!ex.chain_ended_) {
        auto const* const hook = next(ex, hook_type::pre_responder);
        if (!hook) break;
        if (!run_one(ex, *hook, apply_pre)) return false;
    }
    return true;
}

inline bool pipeline::run_post_responders(exchange& ex) {
    if (!matched(ex, hook_type::post_responder)) return true;
    if (!finish_waiting(ex, apply_post)) return false;
    while (!ex.chain_ended_) {
        auto const* const hook = next(ex, hook_type::post_responder);
        if (!hook) break;
        read_files(ex);
        if (!run_one(ex, *hook, apply_post)) return false;
    }
    return true;
}

inline void pipeline::apply_pre(exchange& ex, detail::hook_entry const& hook,
                                detail::run_outcome& outcome, failure const& failed) {
    merge_reply_headers(ex, outcome.reply_headers);
    if (failed) return end_chain(ex, reply_to(failed));
    switch (outcome.decided) {
        case detail::decision::none: {
            failure const undecided{make_error_code(error::undecided)};
            report(ex, hook, undecided);
            return end_chain(ex, reply_to(undecided));
        }
        case detail::decision::end:
            return end_chain(ex, std::move(*outcome.message));
        case detail::decision::pass:
        case detail::decision::respond:
        case detail::decision::replace:
            break;
    }
    if (outcome.patch) patch_request(ex, *outcome.patch);
}

inline void pipeline::apply_post(exchange& ex, detail::hook_entry const&,
                                 detail::run_outcome& outcome, failure const& failed) {
    merge_reply_headers(ex, outcome.reply_headers);
    if (failed) return end_chain(ex, reply_to(failed));
    if (outcome.decided == detail::decision::end) return end_chain(ex, std::move(*outcome.message));
    if (outcome.decided == detail::decision::replace) {
        clear_responses(ex);
        ex.responses_.push_back(std::move(*outcome.message));
    }
}

inline void pipeline::start_processing(exchange& ex) {
    detail::hook_table const& table = *ex.table_;
    switch (ex.processing_) {
        case processing::responders:
            while (auto const* const hook = next(ex, hook_type::responder))
                start_responder(ex, *hook, ex.cursor_ - 1);
            return;
        case processing::default_responder:
            return start_responder(ex, *table.default_responder, detail::no_match_index);
        case processing::no_match:
            return start_responder(ex, *table.no_match, detail::no_match_index);
        case processing::made:
            ex.responses_.push_back(std::move(*ex.made_));
            return;
    }
}

inline void pipeline::start_responder(exchange& ex, detail::hook_entry const& hook,
                                      std::size_t match) {
    if (hook.asynchronous()) {
        detail::async_run_ptr const run(hook.make_run(hook, ex, match), false);
        run->part = ex.parts_.size();
        if (run->start()) return finish_responder(ex, settle(ex, *run));
        ex.running_.push_back(run);
        ex.parts_.emplace_back();
        return;
    }
    detail::hook_run_in_place run(ex, hook, match);
    if (failure const failed = call(ex, hook, run)) fail(run.outcome(), failed);
    finish_responder(ex, run.outcome());
}

inline void pipeline::finish_responder(exchange& ex, detail::run_outcome& outcome) {
    if (ex.running_.empty())
        queue(ex, outcome);
    else
        ex.parts_.push_back(std::move(outcome));
}

inline detail::run_outcome& pipeline::settle(exchange& ex, detail::async_run& run) {
    if (failure const failed{run.error(), run.exception()}) {
        fail(run.settled(), failed);
        report(ex, run.hook(), failed);
    }
    return run.settled();
}

inline void pipeline::fail(detail::run_outcome& outcome, failure const& failed) {
    outcome.message.emplace(reply_to(failed));
}

inline bool pipeline::finish_processing(exchange& ex) {
    for (std::size_t i = 0; i < ex.running_.size();) {
        detail::async_run& run = *ex.running_[i];
        if (!run.closed()) {
            ++i;
            continue;
        }
        ex.parts_[run.part] = std::move(settle(ex, run));
        ex.running_.erase(ex.running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!ex.running_.empty()) return false;
    for (detail::run_outcome& part : ex.parts_) queue(ex, part);
    ex.parts_.clear();
    return true;
}

inline void pipeline::report(exchange& ex, detail::hook_entry const& hook, failure failed) {
    ex.table_->services->report({hook.info, ex.id(), failed.code, std::move(failed.exception)});
}

inline response pipeline::reply_to(failure const& failed) {
    if (failed.code == error::time_limit) return error_response(status::gateway_timeout);
    if (detail::is_malformed_json(failed.exception))
        return make_response(status::bad_request, R"({"error":"Malformed JSON"})",
                             "application/json");
    return error_response(status::internal_server_error);
}

}  // namespace httphooks

#include <httphooks/detail/runs/pipeline_begin.hpp>
#include <httphooks/detail/runs/pipeline_reply.hpp>
#include <httphooks/detail/runs/pipeline_trace.hpp>
