// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The execution model: the seven types of hooks, in five stages, over one exchange.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/failure.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// What the reply is to what is wrong with a request's body; status::unknown: nothing is.
status body_failure(error_code code, std::exception_ptr const& exception) noexcept;

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

    /// See exchange::go_on.
    static bool go_on(exchange& ex);

    /// Something has happened that the exchange may be waiting for.
    static void signal(exchange& ex) noexcept;

    /// See exchange::refuse.
    static void refuse_request(exchange& ex, status code, error_code why);

    /// Starts the response-listeners.
    static void handed_over(exchange& ex);

    /// See exchange::take_reply.
    static response take_reply(exchange& ex, std::uint64_t most);
    /// Lets go of the hooks that still run: the loop that they would return to is going.
    static void abandon(exchange& ex) noexcept;

    /// See exchange::watch.
    static void watch(exchange& ex, stream_body& stream);

    /// The options of the registry whose hooks the exchange runs.
    static registry_options const& options(exchange const& ex) noexcept {
        return ex.table_->services->options;
    }

private:
    friend class httphooks::exchange;

    using stage = exchange::stage;
    using processing = exchange::processing;

    /// What went wrong in a hook, if anything did.
    struct failure {
        error_code code{};
        std::exception_ptr exception{};
        explicit operator bool() const noexcept { return code || exception; }
    };

    /// Does what somebody has asked for from outside: a reply now, or none. True: cancelled.
    static bool end_early(exchange& ex);
    /// Goes on as far as it can. True: replied or cancelled.
    static bool step(exchange& ex);
    /// Runs it until it waits, for those who take a reply that is ready themselves.
    /// @param seen the signals that it was begun with @return whether there is a reply
    static inline bool run_in_place(exchange& ex, std::uint32_t seen);
    static void resume(exchange& ex) noexcept;
    static inline void tell_sink(exchange& ex) noexcept;

    static void begin(exchange& ex);
    /// Takes what the exchange needs to run. @return what is wrong with the target
    static error_code open(exchange& ex);
    /// Replies without running a hook but the response-listeners.
    static void refuse(exchange& ex, status code, error_code why);
    /// Replies that it took too long.
    static void expire(exchange& ex);
    /// Replies that the body is none.
    static void refuse_begun(exchange& ex);
    /// Replies in place of the hooks, which are cancelled.
    static inline void reply_instead(exchange& ex, status code);
    /// Has the sink give its fields to a reply that no hook has seen.
    static void dress(exchange& ex, response& reply) noexcept;
    static void look_up(exchange& ex);
    static inline void choose_processing(exchange& ex);
    /// Leaves the hooks that run for a request that is only judged, and what says that it goes on.
    static void prepare_to_authorize(exchange& ex);
    static inline std::string allowed_methods(exchange const& ex);
    static inline void remove_control_headers(exchange& ex);
    static inline bool body_too_long(exchange const& ex);
    /// Makes the channel for the responder that reads the body as a stream, if the body is still to
    /// come. False: two responders would read it.
    static inline bool choose_body(exchange& ex);
    /// The input stage while the body is to come: first the pre-responders in front of the first
    /// that needs it, then the request-listeners. False: a hook or the body is waited for.
    static bool run_before_body(exchange& ex);
    static inline bool run_first_guards(exchange& ex);
    /// Gives the body to the request as the first pre-responders have changed it.
    static inline void join_body(exchange& ex, request const& changed);
    /// Lets go of a stream of the body.
    static void drop_body(exchange& ex) noexcept;

    static constexpr std::uint8_t type_bit(hook_type type) noexcept {
        return static_cast<std::uint8_t>(1u << static_cast<unsigned>(type));
    }
    /// Whether a hook of this type matches.
    static bool matched(exchange const& ex, hook_type type) noexcept {
        return (ex.matched_types_ & type_bit(type)) != 0;
    }
    /// The next match of this type, which the cursor passes; null: there is none.
    static hook_entry const* next(exchange& ex, hook_type type);
    static void run_listeners(exchange& ex, hook_type type) {
        if (matched(ex, type)) start_listeners(ex, type);
    }
    static void start_listeners(exchange& ex, hook_type type);
    static inline void start_listener(exchange& ex, hook_entry const& entry, std::size_t match);

    static inline bool run_pre_responders(exchange& ex);
    static inline bool run_post_responders(exchange& ex);
    /// Whether no sequential run is waited for; applies the outcome of the one that has ended.
    template <class Apply>
    static bool finish_waiting(exchange& ex, Apply apply);
    /// Starts a hook that may complete later, and is waited for. False: it does.
    template <class Apply>
    static bool run_later(exchange& ex, hook_entry const& entry, std::size_t match, Apply apply);
    /// Runs one hook of a sequential stage. False: it completes later.
    template <class Apply>
    static bool run_one(exchange& ex, hook_entry const& entry, Apply apply);
    static inline void apply_pre(exchange& ex, hook_entry const& entry, run_outcome& outcome,
                                 failure const& failed);
    static inline void apply_post(exchange& ex, hook_entry const& entry, run_outcome& outcome,
                                  failure const& failed);

    static inline void start_processing(exchange& ex);
    static inline void start_responder(exchange& ex, hook_entry const& entry, std::size_t match);
    /// Queues what a responder left, or keeps it until those before it are done.
    static inline void finish_responder(exchange& ex, hook_entry const& entry,
                                        run_outcome& outcome);
    /// Queues the library's own response.
    static void queue_made(exchange& ex);
    /// What a closed run contributes.
    static run_outcome& settle(exchange& ex, async_run& run);
    /// Makes a responder's response that of its failure.
    static void fail(exchange& ex, hook_entry const& entry, run_outcome& outcome,
                     failure const& failed);
    /// Ends the chain with the response to a failure.
    static void fail_chain(exchange& ex, hook_entry const& entry, failure const& failed);
    /// Queues what the responders left, in their order. False: some are not done.
    static inline bool finish_processing(exchange& ex);

    static void report(exchange& ex, hook_entry const& entry, failure failed);
    /// Tells the error handler of something, unless it was told of it before.
    static void tell_once(exchange& ex, hook_entry const& entry, error what,
                          std::string_view detail);
    /// Keeps what failed for the handler of failures, if there is one.
    static void note(exchange& ex, failure_reason reason, hook_info const* whose, failure failed);
    /// Has the handler of failures make the reply.
    static void ask(exchange& ex) noexcept;
    static response reply_to(failure const& failed);
    static inline void end_chain(exchange& ex, response message, hook_entry const* author);
    static inline void clear_responses(exchange& ex);
    static inline void queue(exchange& ex, run_outcome& outcome);
    static inline void merge_reply_headers(exchange& ex, fields& headers);
    /// As above, of a hook's fields that were not checked.
    static inline void take_reply_headers(exchange& ex, hook_entry const& entry, fields& headers);
    /// Removes from a hook's fields for the reply what is the writer's to make.
    static void check_reply_headers(exchange& ex, hook_entry const& entry, fields& headers) {
        if (find_writers_field(headers) != headers.end()) [[unlikely]]
            ignore_fields(ex, headers, &entry, nullptr);
    }
    static inline std::uint64_t collect_limit(exchange const& ex) noexcept;
    /// Reads the files that are bodies of responses, for those who look at them; longer ones stay.
    static inline void read_files(exchange& ex, std::uint64_t most);
    static inline void patch_request(exchange& ex, request_patch& patch);

    /// Calls a callback that completes when it returns. What it throws has been reported.
    static failure call(exchange& ex, hook_entry const& entry, hook_run& run);
    static inline failure call_untraced(exchange& ex, hook_entry const& entry, hook_run& run);
    static inline failure call_traced(exchange& ex, hook_entry const& entry, hook_run& run);
    static inline void trace_begin(exchange& ex) noexcept;
    static void trace_stage(exchange& ex, exchange_stage s) noexcept;
    static inline void trace_reply(exchange const& ex) noexcept;
    static inline void trace_end(exchange const& ex, bool cancelled) noexcept;
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

    /// Whether no response is a stream that has to be collected; makes texts of those that are.
    static bool streams_collected(exchange& ex) {
        if (ex.responses_.size() == 1) [[likely]] {
            if (ex.responses_.front().body().is_text() || ex.takes_streams_) [[likely]]
                return true;
        } else if (ex.responses_.empty()) {
            return true;
        }
        return collect_streams(ex);
    }
    static bool collect_streams(exchange& ex);
    static inline void take_collected(exchange& ex, response& r);
    static inline void make_reply(exchange& ex);
    /// The reply when nobody left a response.
    static response empty_reply(exchange& ex);
    /// Adds what hooks want in the reply whatever it is, and removes what is the writer's to make.
    static inline void complete_reply(exchange& ex);
    /// Removes what is the writer's to make, and tells so of whose it is, or of nobody.
    /// @param reply whose fields they are; null: they are for whatever reply there will be
    static void ignore_fields(exchange& ex, fields& headers, hook_entry const* whose,
                              response const* reply);
    static void write_request_id(exchange& ex) {
        if (!ex.request_id_.empty()) [[unlikely]]
            ex.table_->ids->write(ex.reply(), ex.request_id_);
    }
    /// Tells what is kept with the exchange that its reply is made; a 500 when that fails. False:
    /// something of it takes its time.
    static bool finish_attachments(exchange& ex);
    static inline void tell_attachment(exchange& ex, attachment& a);
    /// Makes the reply a 500.
    static inline void fail_reply(exchange& ex, error_code why);
    static inline void cancel_runs(exchange& ex) noexcept;
    static void uncount(exchange& ex) noexcept;
};

// ---------------------------------------------------------------------------------------------

template <class Apply>
bool pipeline::finish_waiting(exchange& ex, Apply apply) {
    if (!ex.waiting_) return true;
    async_run_ptr const run(ex.waiting_);
    if (!run->closed()) return false;
    ex.waiting_ = nullptr;
    ex.running_.clear();
    failure const failed{run->error(), run->exception()};
    if (failed) report(ex, run->hook(), failed);
    apply(ex, run->hook(), run->settled(), failed);
    return true;
}

template <class Apply>
bool pipeline::run_later(exchange& ex, hook_entry const& entry, std::size_t match, Apply apply) {
    async_run_ptr const run(async_run::make(entry, ex, match), false);
    ex.running_.push_back(run);
    ex.waiting_ = run.get();
    run->start();
    return finish_waiting(ex, apply);
}

template <class Apply>
bool pipeline::run_one(exchange& ex, hook_entry const& entry, Apply apply) {
    std::size_t const match = ex.cursor_ - 1;
    if (entry.asynchronous()) return run_later(ex, entry, match, apply);
    hook_run_in_place run(ex, entry, match);
    failure const failed = call(ex, entry, run);
    apply(ex, entry, run.outcome(), failed);
    return true;
}

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/pipeline.ipp>
#include <httphooks/detail/runs/impl/pipeline_begin.ipp>
#include <httphooks/detail/runs/impl/pipeline_body.ipp>
#include <httphooks/detail/runs/impl/pipeline_failure.ipp>
#include <httphooks/detail/runs/impl/pipeline_reply.ipp>
#include <httphooks/detail/runs/impl/pipeline_stream.ipp>
#include <httphooks/detail/runs/impl/pipeline_trace.ipp>
#endif
