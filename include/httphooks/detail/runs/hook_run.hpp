// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One run of one hook: what it sees, and what it decided.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/run_outcome.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

class exchange;

}  // namespace httphooks

namespace httphooks::detail {

class body_channel;
struct hook_entry;

/** Whether a run may still be changed: an open gate is closed once, and then lets nobody in.

    @par Thread safety
    All members may be called from all threads.
*/
class run_gate {
public:
    /// Begins a change. False: it is closed, or about to be.
    bool enter() noexcept;
    /// Ends the change.
    void leave() noexcept { state_.store(open, std::memory_order_release); }

    /// Keeps everybody out, once the change that is under way has ended. False: somebody else did.
    bool shut() noexcept;
    /// Makes what was written since shut() visible to those for whom closed() is true.
    void publish() noexcept { state_.store(published, std::memory_order_release); }

    bool closed() const noexcept { return state_.load(std::memory_order_acquire) == published; }

private:
    enum : std::uint8_t { open, changing, closing, published };
    std::atomic<std::uint8_t> state_{open};
};

/// One run of one hook, in place for a callback that completes when it returns.
class hook_run {
public:
    hook_run(httphooks::exchange& ex, hook_entry const& hook, std::size_t match,
             run_gate* gate = nullptr) noexcept;

    hook_run(hook_run const&) = delete;
    hook_run& operator=(hook_run const&) = delete;

    httphooks::exchange& exchange() const noexcept { return *exchange_; }
    hook_entry const& hook() const noexcept { return *hook_; }
    /// What is known of the hook.
    hook_info const& info() const noexcept;
    /// The exchange's path, origin, number, executor and state.
    std::string_view path() const noexcept;
    httphooks::origin const& origin() const noexcept;
    std::uint64_t id() const noexcept;
    std::string_view request_id() const noexcept;
    std::chrono::nanoseconds elapsed() const noexcept;
    asio::any_io_executor const& get_executor() const noexcept;
    void* state() const noexcept;
    /// Whether the body is read by a responder while it comes.
    bool body_is_stream() const noexcept;
    /// What reads the body: as it comes, or as it is in the request.
    std::shared_ptr<body_channel> body() const;

    httphooks::request const& request() const noexcept { return *request_; }
    std::span<response const> responses() const noexcept { return responses_; }
    response const& reply() const noexcept { return *reply_; }

    /// The decoded value of a parameter, which stays as long as the run.
    std::optional<std::string_view> param(std::string_view name) const;

    /// The decoded values of a query key, at most `most` of them, which stay as long as the run.
    std::vector<std::string_view> query(std::string_view name, std::size_t most) const;
    std::optional<std::string_view> query(std::string_view name) const;

    /// Sets the run's response; see the contexts for what that means for each type.
    void respond(response&& message, decision kind);

    /// What a pre- or post-responder has returned: content is a decision, a bare 2xx passes.
    void answer(response&& message);

    void pass() noexcept;
    void replace_request(fields headers, std::optional<std::string> content);
    fields& reply_headers() noexcept;

    /// What the hook asks for to cancel its own operations; not connected for a run in place.
    virtual asio::cancellation_slot slot() noexcept { return {}; }

    run_outcome& outcome() noexcept { return outcome_; }

protected:
    ~hook_run() = default;

    std::string_view keep(std::string text) const {
        return decoded_.emplace_front(std::move(text));
    }

    httphooks::exchange* exchange_;
    hook_entry const* hook_;
    std::size_t match_;
    run_gate* gate_;
    httphooks::request const* request_;
    response const* reply_;
    std::span<response const> responses_;

private:
    class change;

    /// Passes by a response of a 2xx, whose content is dropped; the error handler is told once.
    void pass_by(response const& message);

    run_outcome outcome_;
    mutable std::forward_list<std::string> decoded_;
};

/// The run of a callback that completes when it returns; lives on the stack.
class hook_run_in_place final : public hook_run {
public:
    hook_run_in_place(httphooks::exchange& ex, hook_entry const& hook, std::size_t match) noexcept
        : hook_run(ex, hook, match) {}
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/hook_run.ipp>
#endif
