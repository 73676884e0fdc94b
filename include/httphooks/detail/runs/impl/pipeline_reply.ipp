// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How an exchange ends: what hooks left becomes one reply, and the object is cleared for the next.
*/

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/detail/runs/stream_collector.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/multi_response.hpp>

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::detail {

inline void pipeline::end_chain(exchange& ex, response message, hook_entry const* author) {
    ex.chain_ended_ = true;
    clear_responses(ex);
    ex.failed_.reset();
    ex.author_ = author;
    ex.responses_.push_back(std::move(message));
}

inline void pipeline::clear_responses(exchange& ex) {
    for (response& r : ex.responses_) give_string(std::move(r.body()));
    ex.responses_.clear();
    if (ex.responses_snapshot_) [[unlikely]]
        ex.responses_snapshot_.reset();
}

inline void pipeline::queue(exchange& ex, run_outcome& outcome) {
    merge_reply_headers(ex, outcome.reply_headers);
    if (outcome.message) ex.responses_.push_back(std::move(*outcome.message));
}

inline void pipeline::merge_reply_headers(exchange& ex, fields& headers) {
    if (headers.begin() == headers.end()) return;
    if (ex.reply_headers_.begin() == ex.reply_headers_.end()) {
        ex.reply_headers_ = std::move(headers);
        return;
    }
    merge_fields(ex.reply_headers_, headers);
}

inline void pipeline::take_reply_headers(exchange& ex, hook_entry const& entry, fields& headers) {
    if (headers.begin() == headers.end()) return;
    check_reply_headers(ex, entry, headers);
    merge_reply_headers(ex, headers);
}

inline std::uint64_t pipeline::collect_limit(exchange const& ex) noexcept {
    return ex.table_->services->options.collect_limit;
}

inline void pipeline::read_files(exchange& ex, std::uint64_t most) {
    for (response& r : ex.responses_) {
        if (auto const file = r.body().file(); file && file->size() > most) continue;
        if (error_code const ec = r.body().load()) {
            r = error_response(status::internal_server_error);
            note(ex, failure_reason::error, nullptr, {ec});
        }
    }
}

inline void pipeline::patch_request(exchange& ex, request_patch& patch) {
    auto changed = std::make_shared<request>(*ex.request_);
    erase_framing_fields(patch.headers);
    for (auto const& f : patch.headers) changed->erase(f.name_string());
    for (auto const& f : patch.headers)
        if (!is_control_header(f.name_string()))
            changed->insert(f.name(), f.name_string(), f.value());
    if (patch.content) {
        ex.content_replaced_ = ex.body_state_ != exchange::body_state::whole;
        changed->body() = std::move(*patch.content);
        changed->erase(field::transfer_encoding);
        changed->set(field::content_length, std::to_string(changed->body().size()));
    }
    ex.request_ = std::move(changed);
}

HTTPHOOKS_DECL bool pipeline::finish_attachments(exchange& ex) {
    for (auto* a = ex.attachments_.first(); a; a = a->next()) {
        using progress = attachment::progress;
        bool failed = false;
        auto const take = [&failed](exchange& e, hook_entry const& entry, run_outcome&,
                                    failure const& f) {
            failed = static_cast<bool>(f);
            if (failed) fail_chain(e, entry, f);
        };
        switch (a->progress_) {
            case progress::told:
                continue;
            case progress::none:
                a->progress_ = progress::waiting;
                if (auto const* const first = a->waits_for())
                    if (!run_later(ex, *first, no_match_index, take)) return false;
                break;
            case progress::waiting:
                if (!ex.waiting_)
                    failed = true;  // it was cancelled: the reply says why
                else if (!finish_waiting(ex, take))
                    return false;
                break;
        }
        a->progress_ = progress::told;
        if (!failed) tell_attachment(ex, *a);
    }
    return true;
}

inline void pipeline::tell_attachment(exchange& ex, attachment& a) {
    try {
        fields headers;
        a.before_reply(headers);
        merge_reply_headers(ex, headers);
    } catch (...) {
        failure const failed{{}, std::current_exception()};
        report(ex, a.hook(), failed);
        fail_chain(ex, a.hook(), failed);
    }
}

inline void pipeline::make_reply(exchange& ex) {
    if (ex.responses_snapshot_) [[unlikely]]
        ex.responses_snapshot_.reset();
    if (ex.responses_.empty()) {
        ex.nothing_left_ = true;
        ex.responses_.push_back(empty_reply(ex));
    } else if (ex.responses_.size() > 1) {
        read_files(ex, std::numeric_limits<std::uint64_t>::max());
        ex.failed_.reset();
        ex.author_ = nullptr;
        response all = collapse(ex.responses_, ex.table_->services->options.boundary);
        if (matched(ex, hook_type::response_listener))
            ex.responses_snapshot_ =
                std::make_shared<std::vector<response> const>(std::exchange(ex.responses_, {}));
        else
            clear_responses(ex);
        ex.responses_.push_back(std::move(all));
    }
    if (ex.failed_) [[unlikely]]
        ask(ex);
    complete_reply(ex);
}

inline void pipeline::complete_reply(exchange& ex) {
    response& reply = ex.reply();
    if (find_writers_field(reply) != reply.end()) [[unlikely]]
        ignore_fields(ex, reply, ex.author_, &reply);
    if (ex.reply_headers_.begin() != ex.reply_headers_.end())
        merge_fields(reply, ex.reply_headers_);
    write_request_id(ex);
    reply.version(11);
    if (has_no_content(reply.result_int())) reply.body().clear();
}

inline void pipeline::fail_reply(exchange& ex, error_code why) {
    ex.reply() = error_response(status::internal_server_error);
    ex.author_ = nullptr;
    note(ex, failure_reason::error, nullptr, {why});
    if (ex.failed_) ask(ex);
    complete_reply(ex);
}

HTTPHOOKS_DECL response pipeline::take_reply(exchange& ex, std::uint64_t most) {
    if (ex.reply().body().is_text()) [[likely]]
        return matched(ex, hook_type::response_listener) ? ex.reply() : std::move(ex.reply());
    // on_failure has made a stream, behind where they are collected
    if (!ex.reply().body().file() && !ex.head() && !ex.takes_streams_)
        fail_reply(ex, make_error_code(error::stream_closed));
    auto const file = ex.reply().body().file();
    bool const read = file && !ex.head() && file->size() <= most;
    response_body::value_type content;
    if (read) {
        content = ex.reply().body();
        if (error_code const ec = content.load()) {
            fail_reply(ex, ec);
            content = ex.reply().body();
            content.load();  // what took its place may be another file's
        }
    }
    response reply = matched(ex, hook_type::response_listener) ? ex.reply() : std::move(ex.reply());
    if (read) reply.body() = std::move(content);
    return reply;
}

HTTPHOOKS_DECL void pipeline::handed_over(exchange& ex) {
    kept_exchange const keep(ex);
    if (ex.stage_ != stage::replied || ex.handed_over_) return;
    ex.handed_over_ = true;
    run_listeners(ex, hook_type::response_listener);
    end_stage<exchange_stage::output>(ex);
    if (ex.traced_) [[unlikely]]
        trace_end(ex, false);
    uncount(ex);
}

inline void pipeline::cancel_runs(exchange& ex) noexcept {
    ex.waiting_ = nullptr;
    auto const runs = std::move(ex.running_);
    ex.running_.clear();
    for (auto const& run : runs) run->cancel();
    if (auto const collector = std::move(ex.collector_)) [[unlikely]]
        collector->cancel();
}

HTTPHOOKS_DECL void pipeline::uncount(exchange& ex) noexcept {
    if (std::exchange(ex.counted_, false)) counters::subtract(ex.counters_->exchanges);
}

}  // namespace httphooks::detail
