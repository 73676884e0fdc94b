// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One request's journey through the hooks: the request, where it came from, the responses so far,
    and the reply.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/attachment.hpp>
#include <httphooks/detail/runs/make_state.hpp>
#include <httphooks/detail/runs/run_outcome.hpp>
#include <httphooks/error.hpp>
#include <httphooks/failure.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/trace.hpp>
#include <httphooks/url.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive_ptr.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

class async_run;
class body_channel;
class body_claim;
class pipeline;
class stream_collector;
void intrusive_ptr_add_ref(async_run* run) noexcept;
void intrusive_ptr_release(async_run* run) noexcept;

/// Numbers that no other thread of the process gives out.
std::uint64_t next_exchange_id() noexcept;

}  // namespace detail

/** One request's journey.

    A transport gets one from a registry's loop, fills incoming() and origin(), and calls start().
    Whatever hooks do, there is one reply, or none when the exchange was cancelled. Objects are
    recycled with the memory of their messages.

    @par Thread safety
    A transport calls it from its executor only. Hooks may complete on any thread.
*/
class exchange final {
public:
    exchange(exchange const&) = delete;
    exchange& operator=(exchange const&) = delete;

    /// The request, to be filled before start().
    httphooks::request& incoming() noexcept { return *incoming_; }

    /// Where the request came from, to be set before start().
    httphooks::origin& origin() noexcept { return origin_; }
    /// Where the request came from.
    httphooks::origin const& origin() const noexcept { return origin_; }

    /// Has start() judge the request only: request-listeners, pre-responders and pre-listeners run;
    /// then authorized() says whether it may go on, and where not, reply() is what to answer.
    void authorize_only() noexcept { processing_ = processing::authorize; }
    /// Whether a request that is only judged may go on; once there is a reply, which then has
    /// status 100 and what hooks have added to reply_headers(). No response-listener runs for it.
    bool authorized() const noexcept {
        return processing_ == processing::authorize && !chain_ended_;
    }

    /** Runs the hooks.

        @return true: the reply is ready, and the sink will not be called. false: the sink is
            called when it is.
    */
    bool start();

    /** In place of start(), of a request whose header has come and whose body has not.

        Those pre-responders run that come before the first that needs the body; body() is what a
        responder reads as a stream. Else the sink is told when the body is wanted, within this call
        or later, if the request is not refused before; then fill in the body of incoming(), and
        call go_on().

        @return as start() */
    bool start_before_body();

    /** Goes on when the body, which was wanted, is there.
        @return as start() */
    bool go_on();

    /// What counts the body among those that are in memory, as long as hooks have it; null: nothing.
    std::shared_ptr<detail::body_claim>& claim() noexcept { return claim_; }

    /// What a responder reads as a stream while it comes; null: nobody does.
    std::shared_ptr<detail::body_channel> const& body() const noexcept { return body_; }

    /// The body will not be whole: the hooks that run are cancelled and the reply, of which the
    /// sink is told, is an error of this status, unless there is one. @param code 400 to 599
    void refuse_body(status code) noexcept;

    /** Sets the sink of an exchange that has none, after start() gave false.

        @return true: the reply has come meanwhile, and the sink will not be called
    */
    bool wait(reply_sink& sink) noexcept;

    /** Takes the sink back.

        @return true: it was not told and will not be; false: it was told, or is being told
    */
    bool stop_waiting() noexcept;

    /// The request as the hooks left it.
    httphooks::request const& request() const noexcept { return *request_; }

    /// The target, split and normalised.
    httphooks::url const& url() const noexcept { return url_; }

    /// Whether the request's method is HEAD, so that the reply's body is not sent.
    bool head() const noexcept { return incoming_->method() == verb::head; }

    /// Whether the request lets its connection stay open.
    bool keep_alive() const { return incoming_->keep_alive(); }

    /** The reply, when it is ready.

        It has no framing headers, no Date and no Server: who writes it adds them. A reply to HEAD
        has the body that GET would get.
    */
    response& reply() noexcept { return responses_.front(); }
    response const& reply() const noexcept { return responses_.front(); }

    /// The file that the reply's body is of; null: it is none.
    std::shared_ptr<file_body> reply_file() const noexcept { return reply().body().file(); }

    /// Has a streamed response stay one: who writes the reply takes it bit by bit. Else it is
    /// collected before the reply is ready, and take_reply() gives it as it is. Before start().
    void take_streams() noexcept { takes_streams_ = true; }

    /// Has somebody told of what fails in a stream that is the reply's body: the error handler.
    void watch(stream_body& stream);

    /** The reply as a value; what response-listeners read stays.

        @param most a file of up to so many bytes is read, but for HEAD; a 500 when that fails
    */
    response take_reply(std::uint64_t most);

    /** In place of start(): the reply, which is ready then, says that the request is none or is not
        taken. No hooks run but the response-listeners that match the target, as far as it is known.

        @param code 400 to 599
        @param why what is wrong, if there is more to say
    */
    void refuse(status code, error_code why = {});

    /// Starts the response-listeners; call it once, when the reply was handed over.
    void handed_over();

    /// Drops the reply and cancels the hooks that run; the sink is not called any more.
    void cancel() noexcept;

    /// Cancels the hooks that run; the reply is a 504, of which the sink is told.
    void time_out() noexcept;

    /// Lets go of the hooks that run, without a word to them: for the end of an execution context.
    void abandon() noexcept;

    /// The first responder that matches, or what stands in for it; null when the library answers.
    hook_info const* responder() const noexcept;

    /// The exchange's number, unique in the process; 0 before start().
    std::uint64_t id() const noexcept { return id_; }

    /// The request's id, from start() on; empty without registry_options::request_id.
    std::string_view request_id() const noexcept { return request_id_; }

    /// How long ago it began; 0 when nobody wanted to know: no tracer, and no hook whose callback
    /// is of a type with `static constexpr bool timed = true`.
    hook_span::clock::duration elapsed() const noexcept {
        return began_ == hook_span::clock::time_point() ? hook_span::clock::duration()
                                                        : hook_span::clock::now() - began_;
    }

    /// Where the hooks run.
    asio::any_io_executor const& get_executor() const noexcept { return executor_; }

    /** One for a loop, its request empty.

        @param state how its hooks' state is made
        @param serial whether the executor is known never to run two things at once
    */
    static exchange_ptr make(detail::exchange_factory& source, detail::counters& counters,
                             detail::state_type state, asio::any_io_executor const& executor,
                             bool serial, reply_sink* sink);

    /// What the hooks share; there from start() on; null when they share nothing.
    void* state() const noexcept { return state_; }

    /// What is kept with the exchange; from all threads.
    detail::attachments& attached() noexcept { return attachments_; }

    friend void intrusive_ptr_add_ref(exchange* ex) noexcept;
    friend void intrusive_ptr_release(exchange* ex) noexcept;

private:
    friend class detail::pipeline;
    struct pool;
    friend class detail::hook_run;
    friend class detail::async_run;

    using match_list = route_table<detail::hook_entry const*>::match_list;

    enum class stage : std::uint8_t {
        idle,
        input,
        pre_responders,
        pre_listeners,
        processing,
        post_listeners,
        post_responders,
        reply,
        replied,
        cancelled,
    };

    exchange();
    ~exchange();

    /// Makes what the hooks share.
    void make_state() {
        if (state_type_.make) state_ = state_type_.make();
    }

    /// Lets go of everything that belongs to the request, keeping memory.
    void reset() noexcept;

    /// The last reference has gone.
    inline void recycle() noexcept;

    /// What is asked of who runs the pipeline.
    enum class ending : std::uint8_t { none, cancel, time_out, refuse };

    /// What there is of the request's body.
    enum class body_state : std::uint8_t {
        whole,
        /// Hooks run that do not look at it.
        unread,
        /// The others wait for it.
        wanted,
        /// It is there, and nobody has seen it yet.
        arrived,
    };

    /// What the processing stage runs.
    enum class processing : std::uint8_t {
        responders,
        default_responder,
        no_match,
        made,
        authorize
    };

    /// The responses that the reply was made of, for response-listeners.
    std::span<response const> made_of() const noexcept {
        if (responses_snapshot_) return *responses_snapshot_;
        return std::span<response const>(responses_).first(nothing_left_ ? 0 : responses_.size());
    }

    static inline std::shared_ptr<httphooks::request> new_request();

    std::atomic<std::uint32_t> references_{0};
    /// Wake-ups not yet handled; who makes it 1 runs the pipeline.
    std::atomic<std::uint32_t> signals_{0};
    std::atomic<ending> ending_{ending::none};
    stage stage_ = stage::idle;
    processing processing_ = processing::responders;
    bool chain_ended_ = false;
    bool counted_ = false;
    bool handed_over_ = false;
    bool skip_get_responders_ = false;
    /// No hook left a response: the reply is the library's own.
    bool nothing_left_ = false;
    body_state body_state_ = body_state::whole;
    /// A pre-responder has replaced the body before it came.
    bool content_replaced_ = false;
    status refused_with_ = status::unknown;
    /// The types of the hooks that match, a bit each.
    std::uint8_t matched_types_ = 0;
    /// Somebody watches the exchange, or its hooks too.
    bool traced_ = false;
    bool hooks_traced_ = false;
    /// The executor is known never to run two things at once.
    bool serial_ = false;
    bool takes_streams_ = false;
    std::uint64_t id_ = 0;
    std::string request_id_;

    detail::exchange_factory* source_ = nullptr;
    detail::counters* counters_ = nullptr;
    std::atomic<reply_sink*> sink_{nullptr};
    detail::hook_table_ptr table_;
    asio::any_io_executor executor_;

    std::shared_ptr<httphooks::request> incoming_;
    std::shared_ptr<httphooks::request const> request_;
    httphooks::origin origin_;
    httphooks::url url_;
    match_list matches_;
    std::size_t cursor_ = 0;

    /// The sequential run that is waited for.
    detail::async_run* waiting_ = nullptr;
    /// The runs whose outcome the pipeline has not taken yet.
    std::vector<boost::intrusive_ptr<detail::async_run>> running_;
    /// Makes a text of a response's stream; null: it is not at work.
    std::shared_ptr<detail::stream_collector> collector_;
    /// What responders left that cannot be queued yet, since an earlier one is not done.
    std::vector<detail::run_outcome> parts_;

    /// The library's own response, when no hook makes one.
    std::optional<response> made_;
    /// What the responders and post-responders left; once there is a reply, it is the only one.
    std::vector<response> responses_;
    /// What asynchronous hooks see of `responses_`; in the output stage the parts of a reply of
    /// several.
    std::shared_ptr<std::vector<response> const> responses_snapshot_;
    fields reply_headers_;
    std::shared_ptr<response const> reply_snapshot_;
    /// Whose response the last one in `responses_` is; null: the library's.
    detail::hook_entry const* author_ = nullptr;
    /// What the reply will tell of; null: no failure.
    std::unique_ptr<detail::failure_record> failed_;

    /// When it began; only while it is timed.
    hook_span::clock::time_point began_{};
    detail::attachments attachments_;
    std::shared_ptr<detail::body_channel> body_;
    std::shared_ptr<detail::body_claim> claim_;
    /// Who reads it.
    detail::hook_entry const* body_reader_ = nullptr;

    /// When its stage began; only while it is traced.
    hook_span::clock::time_point stage_began_;

    detail::state_type state_type_;
    void* state_ = nullptr;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/exchange.ipp>
#endif
