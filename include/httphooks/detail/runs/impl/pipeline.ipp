// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/pipeline.hpp>

#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/detail/runs/stream_collector.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace httphooks::detail {

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

HTTPHOOKS_DECL bool pipeline::start(exchange& ex) {
    kept_exchange const keep(ex);
    ex.signals_.store(1, std::memory_order_relaxed);
    begin(ex);
    return run_in_place(ex, 1);
}

inline bool pipeline::run_in_place(exchange& ex, std::uint32_t seen) {
    for (;;) {
        if (step(ex)) return ex.stage_ == stage::replied;
        if (ex.signals_.fetch_sub(seen, std::memory_order_acq_rel) == seen) return false;
        seen = ex.signals_.load(std::memory_order_acquire);
    }
}

HTTPHOOKS_DECL bool pipeline::go_on(exchange& ex) {
    kept_exchange const keep(ex);
    ex.body_state_ = exchange::body_state::arrived;
    if (ex.signals_.fetch_add(1, std::memory_order_acq_rel) != 0) return false;
    return run_in_place(ex, 1);
}

HTTPHOOKS_DECL void pipeline::signal(exchange& ex) noexcept {
    if (ex.signals_.fetch_add(1, std::memory_order_acq_rel) == 0) resume(ex);
}

HTTPHOOKS_DECL void pipeline::resume(exchange& ex) noexcept {
    kept_exchange const keep(ex);
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
    reply_sink* const sink = ex.sink_.exchange(replied_already::mark(), std::memory_order_acq_rel);
    if (sink) sink->on_reply(ex);
}

HTTPHOOKS_DECL void pipeline::abandon(exchange& ex) noexcept {
    ex.signals_.fetch_add(1, std::memory_order_relaxed);
    ex.sink_.store(nullptr, std::memory_order_relaxed);
    ex.waiting_ = nullptr;
    auto const runs = std::move(ex.running_);
    ex.running_.clear();
    for (auto const& run : runs) run->detach();
    if (auto const collector = std::move(ex.collector_)) collector->detach();
}

HTTPHOOKS_DECL bool pipeline::end_early(exchange& ex) {
    switch (ex.ending_.load(std::memory_order_relaxed)) {
        case exchange::ending::none:
            return false;
        case exchange::ending::time_out:
            expire(ex);
            return false;
        case exchange::ending::refuse:
            refuse_begun(ex);
            return false;
        case exchange::ending::cancel:
            break;
    }
    cancel_runs(ex);
    ex.stage_ = stage::cancelled;
    if (ex.traced_) trace_end(ex, true);
    uncount(ex);
    return true;
}

HTTPHOOKS_DECL bool pipeline::step(exchange& ex) {
    if (ex.stage_ == stage::replied || ex.stage_ == stage::cancelled) return true;
    if (ex.ending_.load(std::memory_order_relaxed) != exchange::ending::none) [[unlikely]]
        if (end_early(ex)) return true;
    switch (ex.stage_) {
        case stage::idle:
            return false;
        case stage::input:
            if (ex.body_state_ == exchange::body_state::whole) [[likely]]
                run_listeners(ex, hook_type::request_listener);
            else if (!run_before_body(ex))
                return false;
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
    if (!streams_collected(ex) || (ex.attachments_.first() && !finish_attachments(ex)))
        [[unlikely]] {
        ex.stage_ = stage::reply;
        return false;
    }
    make_reply(ex);
    ex.stage_ = stage::replied;
    if (ex.traced_) [[unlikely]]
        trace_reply(ex);
    return true;
}

HTTPHOOKS_DECL hook_entry const* pipeline::next(exchange& ex, hook_type type) {
    for (; ex.cursor_ < ex.matches_.size(); ++ex.cursor_) {
        hook_entry const* const entry = ex.matches_[ex.cursor_].value;
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
        if (first && type == hook_type::post_listener) read_files(ex, collect_limit(ex));
        first = false;
        start_listener(ex, *entry, ex.cursor_ - 1);
    }
}

inline void pipeline::start_listener(exchange& ex, hook_entry const& entry, std::size_t match) {
    if (!entry.asynchronous()) {
        hook_run_in_place run(ex, entry, match);
        call(ex, entry, run);
        return;
    }
    auto& running = ex.counters_->listeners;
    if (running.load(std::memory_order_relaxed) >= ex.table_->services->options.max_listeners) {
        counters::add(ex.counters_->dropped_listeners);
        return report(ex, entry, {make_error_code(error::listener_limit)});
    }
    async_run_ptr const run(async_run::make(entry, ex, match), false);
    counters::add(running);
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
        read_files(ex, collect_limit(ex));
        if (!run_one(ex, *entry, apply_post)) return false;
    }
    return true;
}

inline void pipeline::apply_pre(exchange& ex, hook_entry const& entry, run_outcome& outcome,
                                failure const& failed) {
    take_reply_headers(ex, entry, outcome.reply_headers);
    if (failed) return fail_chain(ex, entry, failed);
    switch (outcome.decided) {
        case decision::none: {
            failure const undecided{make_error_code(error::undecided)};
            report(ex, entry, undecided);
            return fail_chain(ex, entry, undecided);
        }
        case decision::end:
            return end_chain(ex, std::move(*outcome.message), &entry);
        case decision::pass:
        case decision::respond:
        case decision::replace:
            break;
    }
    if (!outcome.patch) return;
    bool const unseen = ex.processing_ == processing::authorize || ex.body_;
    if (unseen && outcome.patch->content) {
        outcome.patch->content.reset();
        tell_once(ex, entry, error::content_ignored, {});
    }
    patch_request(ex, *outcome.patch);
}

inline void pipeline::apply_post(exchange& ex, hook_entry const& entry, run_outcome& outcome,
                                 failure const& failed) {
    take_reply_headers(ex, entry, outcome.reply_headers);
    if (failed) return fail_chain(ex, entry, failed);
    if (outcome.decided == decision::end) return end_chain(ex, std::move(*outcome.message), &entry);
    if (outcome.decided == decision::replace) {
        clear_responses(ex);
        ex.failed_.reset();
        ex.author_ = &entry;
        ex.responses_.push_back(std::move(*outcome.message));
    }
}

inline void pipeline::start_processing(exchange& ex) {
    hook_table const& table = *ex.table_;
    switch (ex.processing_) {
        case processing::responders:
            while (auto const* const entry = next(ex, hook_type::responder))
                start_responder(ex, *entry, ex.cursor_ - 1);
            return;
        case processing::default_responder:
            return start_responder(ex, *table.default_responder, no_match_index);
        case processing::no_match:
            return start_responder(ex, *table.no_match, no_match_index);
        case processing::made:
            return queue_made(ex);
        case processing::authorize:
            ex.responses_.push_back(std::move(*ex.made_));
            return;
    }
}

inline void pipeline::start_responder(exchange& ex, hook_entry const& entry, std::size_t match) {
    if (entry.asynchronous()) {
        async_run_ptr const run(async_run::make(entry, ex, match), false);
        run->part = ex.parts_.size();
        if (run->start()) return finish_responder(ex, entry, settle(ex, *run));
        ex.running_.push_back(run);
        ex.parts_.emplace_back();
        return;
    }
    hook_run_in_place run(ex, entry, match);
    run_outcome& outcome = run.outcome();
    if (failure const failed = call(ex, entry, run))
        fail(ex, entry, outcome, failed);
    else if (outcome.message)
        ex.author_ = &entry;
    finish_responder(ex, entry, outcome);
}

inline void pipeline::finish_responder(exchange& ex, hook_entry const& entry,
                                       run_outcome& outcome) {
    if (ex.running_.empty()) {
        take_reply_headers(ex, entry, outcome.reply_headers);
        if (outcome.message) ex.responses_.push_back(std::move(*outcome.message));
    } else {
        check_reply_headers(ex, entry, outcome.reply_headers);
        ex.parts_.push_back(std::move(outcome));
    }
}

HTTPHOOKS_DECL run_outcome& pipeline::settle(exchange& ex, async_run& run) {
    run_outcome& outcome = run.settled();
    if (failure const failed{run.error(), run.exception()}) {
        fail(ex, run.hook(), outcome, failed);
        report(ex, run.hook(), failed);
    } else if (outcome.message) {
        ex.author_ = &run.hook();
    }
    return outcome;
}

inline bool pipeline::finish_processing(exchange& ex) {
    for (std::size_t i = 0; i < ex.running_.size();) {
        async_run& run = *ex.running_[i];
        if (!run.closed()) {
            ++i;
            continue;
        }
        run_outcome& outcome = settle(ex, run);
        check_reply_headers(ex, run.hook(), outcome.reply_headers);
        ex.parts_[run.part] = std::move(outcome);
        ex.running_.erase(ex.running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!ex.running_.empty()) return false;
    for (run_outcome& part : ex.parts_) queue(ex, part);
    ex.parts_.clear();
    return true;
}

}  // namespace httphooks::detail

namespace httphooks {

HTTPHOOKS_DECL bool exchange::start() {
    return detail::pipeline::start(*this);
}

HTTPHOOKS_DECL void exchange::refuse(status code, error_code why) {
    detail::pipeline::refuse_request(*this, code, why);
}

HTTPHOOKS_DECL bool exchange::start_before_body() {
    body_state_ = body_state::unread;
    return detail::pipeline::start(*this);
}

HTTPHOOKS_DECL bool exchange::go_on() {
    return detail::pipeline::go_on(*this);
}

HTTPHOOKS_DECL void exchange::refuse_body(status code) noexcept {
    refused_with_ = code;
    ending_.store(ending::refuse, std::memory_order_relaxed);
    detail::pipeline::signal(*this);
}

HTTPHOOKS_DECL void exchange::handed_over() {
    if (authorized()) [[unlikely]]
        matched_types_ = 0;  // it is no reply that was handed over
    detail::pipeline::handed_over(*this);
}

HTTPHOOKS_DECL response exchange::take_reply(std::uint64_t most) {
    return detail::pipeline::take_reply(*this, most);
}

HTTPHOOKS_DECL void exchange::abandon() noexcept {
    detail::pipeline::abandon(*this);
}

HTTPHOOKS_DECL void exchange::cancel() noexcept {
    ending_.store(ending::cancel, std::memory_order_relaxed);
    detail::pipeline::signal(*this);
}

HTTPHOOKS_DECL void exchange::time_out() noexcept {
    ending_.store(ending::time_out, std::memory_order_relaxed);
    detail::pipeline::signal(*this);
}

HTTPHOOKS_DECL bool exchange::wait(reply_sink& sink) noexcept {
    reply_sink* expected = nullptr;
    return !sink_.compare_exchange_strong(expected, &sink, std::memory_order_acq_rel);
}

HTTPHOOKS_DECL bool exchange::stop_waiting() noexcept {
    return sink_.exchange(detail::replied_already::mark(), std::memory_order_acq_rel) !=
           detail::replied_already::mark();
}

HTTPHOOKS_DECL void exchange::reset() noexcept {
    detail::pipeline::uncount(*this);
    if (body_) [[unlikely]]
        detail::pipeline::drop_body(*this);
    if (incoming_.use_count() > 1 + (request_ == incoming_)) {
        incoming_ = new_request();
    } else {
        incoming_->reset();
        detail::clear_string(incoming_->body());
    }
    request_.reset();
    if (claim_) [[unlikely]]
        claim_.reset();
    attachments_.clear();
    detail::pipeline::clear_responses(*this);
    reply_snapshot_.reset();
    reply_headers_.clear();
    made_.reset();
    failed_.reset();
    author_ = nullptr;
    parts_.clear();
    running_.clear();
    origin_ = httphooks::origin();
    table_.reset();
    executor_ = asio::any_io_executor();  // nothing of an execution context outlives it in a pool
    signals_.store(0, std::memory_order_relaxed);
    ending_.store(ending::none, std::memory_order_relaxed);
    stage_ = stage::idle;
    processing_ = processing::responders;
    chain_ended_ = handed_over_ = skip_get_responders_ = nothing_left_ = false;
    traced_ = hooks_traced_ = takes_streams_ = false;
    body_state_ = body_state::whole;
    content_replaced_ = false;
    collector_.reset();
    matched_types_ = 0;
    request_id_.clear();
    began_ = {};
    id_ = 0;
    cursor_ = 0;
    waiting_ = nullptr;
    sink_.store(nullptr, std::memory_order_relaxed);
}

HTTPHOOKS_DECL hook_info const* exchange::responder() const noexcept {
    switch (processing_) {
        case processing::responders:
            if (!detail::pipeline::matched(*this, hook_type::responder)) return nullptr;
            for (std::size_t i = 0; i < matches_.size(); ++i) {
                hook_info const& info = matches_[i].value->info;
                bool const stands_back = skip_get_responders_ && info.method == verb::get;
                if (info.type == hook_type::responder && !stands_back) return &info;
            }
            return nullptr;
        case processing::default_responder:
            return &table_->default_responder->info;
        case processing::no_match:
            return &table_->no_match->info;
        case processing::made:
        case processing::authorize:
            break;
    }
    return nullptr;
}

}  // namespace httphooks
