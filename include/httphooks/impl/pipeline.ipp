// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/pipeline.hpp>

#include <httphooks/detail/json/malformed_json.hpp>
#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/detail/runs/refused_request.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL void pipeline_signal(exchange& ex) noexcept {
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

HTTPHOOKS_DECL bool exchange::start() {
    return pipeline::start(*this);
}

HTTPHOOKS_DECL void exchange::handed_over() {
    pipeline::handed_over(*this);
}

HTTPHOOKS_DECL response exchange::take_reply(std::uint64_t most) {
    return pipeline::take_reply(*this, most);
}

HTTPHOOKS_DECL void exchange::abandon() noexcept {
    pipeline::abandon(*this);
}

HTTPHOOKS_DECL void exchange::cancel() noexcept {
    cancel_requested_.store(true, std::memory_order_relaxed);
    pipeline::signal(*this);
}

HTTPHOOKS_DECL bool pipeline::start(exchange& ex) {
    detail::kept_exchange const keep(ex);
    ex.signals_.store(1, std::memory_order_relaxed);
    begin(ex);
    for (std::uint32_t seen = 1;;) {
        if (step(ex)) return ex.stage_ == stage::replied;
        if (ex.signals_.fetch_sub(seen, std::memory_order_acq_rel) == seen) return false;
        seen = ex.signals_.load(std::memory_order_acquire);
    }
}

HTTPHOOKS_DECL void pipeline::signal(exchange& ex) noexcept {
    if (ex.signals_.fetch_add(1, std::memory_order_acq_rel) == 0) resume(ex);
}

HTTPHOOKS_DECL void pipeline::resume(exchange& ex) noexcept {
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

HTTPHOOKS_DECL bool exchange::wait(reply_sink& sink) noexcept {
    reply_sink* expected = nullptr;
    return !sink_.compare_exchange_strong(expected, &sink, std::memory_order_acq_rel);
}

HTTPHOOKS_DECL bool exchange::stop_waiting() noexcept {
    return sink_.exchange(detail::replied_already::mark(), std::memory_order_acq_rel) !=
           detail::replied_already::mark();
}

HTTPHOOKS_DECL void pipeline::abandon(exchange& ex) noexcept {
    ex.signals_.fetch_add(1, std::memory_order_relaxed);
    ex.sink_.store(nullptr, std::memory_order_relaxed);
    ex.waiting_ = nullptr;
    auto const runs = std::move(ex.running_);
    ex.running_.clear();
    for (auto const& run : runs) run->detach();
}

HTTPHOOKS_DECL bool pipeline::step(exchange& ex) {
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

HTTPHOOKS_DECL detail::hook_entry const* pipeline::next(exchange& ex, hook_type type) {
    for (; ex.cursor_ < ex.matches_.size(); ++ex.cursor_) {
        detail::hook_entry const* const entry = ex.matches_[ex.cursor_].value;
        if (entry->info.type > type) break;
        if (entry->info.type < type) continue;
        if (type == hook_type::responder && ex.skip_get_responders_ &&
            entry->info.method == verb::get)
            continue;
        ++ex.cursor_;
        return entry;
    }
    return nullptr;
}

HTTPHOOKS_DECL void pipeline::start_listeners(exchange& ex, hook_type type) {
    bool first = true;
    while (auto const* const entry = next(ex, type)) {
        if (first && type == hook_type::post_listener) read_files(ex);
        first = false;
        start_listener(ex, *entry, ex.cursor_ - 1);
    }
}

inline void pipeline::start_listener(exchange& ex, detail::hook_entry const& entry,
                                             std::size_t match) {
    if (!entry.asynchronous()) {
        detail::hook_run_in_place run(ex, entry, match);
        call(ex, entry, run);
        return;
    }
    auto& running = ex.counters_->listeners;
    if (running.load(std::memory_order_relaxed) >= ex.table_->services->options.max_listeners) {
        detail::counters::add(ex.counters_->dropped_listeners);
        return report(ex, entry, {make_error_code(error::listener_limit)});
    }
    detail::async_run_ptr const run(detail::async_run::make(entry, ex, match), false);
    detail::counters::add(running);
    run->start();
}

inline bool pipeline::run_pre_responders(exchange& ex) {
    if (!matched(ex, hook_type::pre_responder)) return true;
    if (!finish_waiting(ex, apply_pre)) return false;
    while (!ex.chain_ended_) {
        auto const* const entry = next(ex, hook_type::pre_responder);
        if (!entry) break;
        if (!run_one(ex, *entry, apply_pre)) return false;
    }
    return true;
}

inline bool pipeline::run_post_responders(exchange& ex) {
    if (!matched(ex, hook_type::post_responder)) return true;
    if (!finish_waiting(ex, apply_post)) return false;
    while (!ex.chain_ended_) {
        auto const* const entry = next(ex, hook_type::post_responder);
        if (!entry) break;
        read_files(ex);
        if (!run_one(ex, *entry, apply_post)) return false;
    }
    return true;
}

inline void pipeline::apply_pre(exchange& ex, detail::hook_entry const& entry,
                                        detail::run_outcome& outcome, failure const& failed) {
    merge_reply_headers(ex, outcome.reply_headers);
    if (failed) return end_chain(ex, reply_to(failed));
    switch (outcome.decided) {
        case detail::decision::none: {
            failure const undecided{make_error_code(error::undecided)};
            report(ex, entry, undecided);
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
            while (auto const* const entry = next(ex, hook_type::responder))
                start_responder(ex, *entry, ex.cursor_ - 1);
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

inline void pipeline::start_responder(exchange& ex, detail::hook_entry const& entry,
                                              std::size_t match) {
    if (entry.asynchronous()) {
        detail::async_run_ptr const run(detail::async_run::make(entry, ex, match), false);
        run->part = ex.parts_.size();
        if (run->start()) return finish_responder(ex, settle(ex, *run));
        ex.running_.push_back(run);
        ex.parts_.emplace_back();
        return;
    }
    detail::hook_run_in_place run(ex, entry, match);
    if (failure const failed = call(ex, entry, run)) fail(run.outcome(), failed);
    finish_responder(ex, run.outcome());
}

inline void pipeline::finish_responder(exchange& ex, detail::run_outcome& outcome) {
    if (ex.running_.empty())
        queue(ex, outcome);
    else
        ex.parts_.push_back(std::move(outcome));
}

HTTPHOOKS_DECL detail::run_outcome& pipeline::settle(exchange& ex, detail::async_run& run) {
    if (failure const failed{run.error(), run.exception()}) {
        fail(run.settled(), failed);
        report(ex, run.hook(), failed);
    }
    return run.settled();
}

HTTPHOOKS_DECL void pipeline::fail(detail::run_outcome& outcome, failure const& failed) {
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

HTTPHOOKS_DECL void pipeline::report(exchange& ex, detail::hook_entry const& entry,
                                     failure failed) {
    ex.table_->services->report({entry.info, ex.id(), failed.code, std::move(failed.exception)});
}

inline response pipeline::reply_to(failure const& failed) {
    if (failed.code == error::time_limit) return error_response(status::gateway_timeout);
    if (detail::is_malformed_json(failed.exception))
        return make_response(status::bad_request, R"({"error":"Malformed JSON"})",
                             "application/json");
    if (auto refusal = detail::refusal_of(failed.exception)) return std::move(*refusal);
    return error_response(status::internal_server_error);
}

}  // namespace httphooks
