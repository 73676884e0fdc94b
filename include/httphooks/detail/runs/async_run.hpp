// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The run of a hook that may complete later: its one completion, its time limit, its cancellation.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/intrusive_ptr.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// Tells the pipeline that a run it may be waiting for was closed.
void pipeline_signal(exchange& ex) noexcept;

/** A run that may complete later, on any thread, or never.

    Whoever is first of the hook's completion, its time limit and a cancellation closes the run;
    what comes after is counted and has no effect. The one who starts the run and the one who closes
    it meet in `phase_`: if the run was closed before start() returned, the starter goes on in
    place, else the closer wakes the exchange on its executor.
*/
class async_run final : public hook_run {
public:
    /// A run with one reference, the caller's.
    static async_run* make(hook_entry const& hook, httphooks::exchange& ex, std::size_t match);

    /// Starts the callback. True: it completed in place.
    bool start();

    /// Closes the run with what the hook reported. False: it was closed already.
    bool close(error_code ec, std::exception_ptr exception = nullptr) noexcept;

    /// A call of `done`: closes the run, or counts a late call.
    void complete(error_code ec) noexcept;

    /// The callback threw: closes the run; reports what comes later than that.
    void fail(std::exception_ptr exception) noexcept;

    /// Closes the run and cancels what the hook awaits; called by the exchange.
    void cancel() noexcept;

    /// The execution context ends: nothing may be given to it any more.
    void detach() noexcept;

    bool closed() const noexcept { return state_.closed(); }

    /// What went wrong; both clear when nothing did. Valid once it is closed.
    error_code error() const noexcept { return error_; }
    std::exception_ptr const& exception() const noexcept { return exception_; }

    /// What the hook left behind when the run was closed; out of its reach.
    run_outcome& settled() noexcept { return settled_; }

    /// Emits when the run is cancelled or exceeds its time limit.
    asio::cancellation_slot slot() noexcept final { return signal_.slot(); }

    /// Where a coroutine runs, so that no two threads ever resume and cancel it at once.
    asio::any_io_executor const& coroutine_executor();

    /// The exchange's executor, or a strand of it if that may run two things at once.
    static asio::any_io_executor serial_executor(httphooks::exchange const& ex);

    /// The run's place among the parts of the reply.
    std::size_t part = 0;

    friend void intrusive_ptr_add_ref(async_run* run) noexcept;
    friend void intrusive_ptr_release(async_run* run) noexcept;

private:
    enum : std::uint8_t { starting, returned, completed, detached };

    class handler;

    async_run(httphooks::exchange& ex, hook_entry const& hook, std::size_t match);
    ~async_run();

    /// Calls the user's callback.
    void call();
    void destroy() noexcept;

    void arm();
    void expired() noexcept;
    inline void wake() noexcept;
    void report(error_code ec, std::exception_ptr exception) const noexcept;
    inline void trace_begin() noexcept;
    inline void trace_end() const noexcept;

    exchange_ptr kept_exchange_;
    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint8_t> phase_{starting};
    run_gate state_;
    error_code error_;
    std::exception_ptr exception_;
    run_outcome settled_;
    asio::cancellation_signal signal_;
    asio::any_io_executor executor_;
    std::optional<timer> timer_;
    /// When it was started; only while it is traced.
    hook_span::clock::time_point began_{};

    std::shared_ptr<httphooks::request const> kept_request_;
    std::shared_ptr<std::vector<response> const> kept_responses_;
    std::shared_ptr<response const> kept_reply_;
    /// What the callback sees, when it has the callback form.
    context_memory context_;
};

using async_run_ptr = boost::intrusive_ptr<async_run>;

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/async_run.ipp>
#endif
