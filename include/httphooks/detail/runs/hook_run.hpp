// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One run of one hook: what it sees, and what it decided.
*/

#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/run_outcome.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
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

namespace httphooks::detail {

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
             run_gate* gate = nullptr) noexcept
        : exchange_(&ex),
          hook_(&hook),
          match_(match),
          gate_(gate),
          request_(ex.request_.get()),
          reply_(ex.responses_.data()),
          responses_(hook.info.type == hook_type::response_listener ? ex.made_of()
                                                                    : ex.responses_) {}

    hook_run(hook_run const&) = delete;
    hook_run& operator=(hook_run const&) = delete;

    httphooks::exchange& exchange() const noexcept { return *exchange_; }
    hook_entry const& hook() const noexcept { return *hook_; }
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
    /// A change of the outcome; false, and a late call, when the run is over.
    class change {
    public:
        explicit change(hook_run& run) noexcept
            : gate_(run.gate_), open_(!gate_ || gate_->enter()) {
            if (!open_) counters::add(run.exchange_->counters_->late_calls);
        }
        change(change const&) = delete;
        change& operator=(change const&) = delete;
        ~change() {
            if (gate_ && open_) gate_->leave();
        }
        explicit operator bool() const noexcept { return open_; }

    private:
        run_gate* gate_;
        bool open_;
    };

    run_outcome outcome_;
    mutable std::forward_list<std::string> decoded_;
};

/// The run of a callback that completes when it returns; lives on the stack.
class hook_run_in_place final : public hook_run {
public:
    hook_run_in_place(httphooks::exchange& ex, hook_entry const& hook, std::size_t match) noexcept
        : hook_run(ex, hook, match) {}
};

// ---------------------------------------------------------------------------------------------

inline bool run_gate::enter() noexcept {
    for (;;) {
        std::uint8_t expected = open;
        if (state_.compare_exchange_weak(expected, changing, std::memory_order_acq_rel))
            return true;
        if (expected == closing || expected == published) return false;
    }
}

inline bool run_gate::shut() noexcept {
    for (;;) {
        std::uint8_t expected = open;
        if (state_.compare_exchange_weak(expected, closing, std::memory_order_acq_rel)) return true;
        if (expected == closing || expected == published) return false;
    }
}

inline std::optional<std::string_view> hook_run::param(std::string_view name) const {
    if (match_ == no_match_index) return std::nullopt;
    std::string text;
    auto const value = exchange_->matches_.decoded(match_, name, text);
    if (!value || value->data() != text.data()) return value;
    return keep(std::move(text));
}

inline std::vector<std::string_view> hook_run::query(std::string_view name,
                                                     std::size_t most) const {
    std::vector<std::string_view> values;
    for (auto const& [key, value] : query_view(exchange_->url_.query())) {
        if (values.size() == most) break;
        bool const plain_key = key.find_first_of("%+") == std::string_view::npos;
        if (plain_key ? key != name : form_decode(key) != name) continue;
        bool const plain = value.find_first_of("%+") == std::string_view::npos;
        values.push_back(plain ? value : keep(form_decode(value)));
    }
    return values;
}

inline std::optional<std::string_view> hook_run::query(std::string_view name) const {
    if (!exchange_->url_.has_query()) return std::nullopt;
    auto const values = query(name, 1);
    if (values.empty()) return std::nullopt;
    return values.front();
}

inline void hook_run::respond(response&& message, decision kind) {
    unsigned const code = message.result_int();
    if (code < 200 || code > 599) throw system_error(make_error_code(error::invalid_status));
    change const c(*this);
    if (!c) return;
    bool const success = code < 300;
    bool const decides = kind == decision::respond && hook_->info.type != hook_type::responder;
    if (decides && success) {
        if (outcome_.decided == decision::none) outcome_.decided = decision::pass;
        return;
    }
    outcome_.decided = decides ? decision::end : kind;
    if (outcome_.message) give_string(std::move(outcome_.message->body()));
    outcome_.message.emplace(std::move(message));
}

inline void hook_run::replace_request(fields headers, std::optional<std::string> content) {
    change const c(*this);
    if (!c) return;
    outcome_.patch.emplace(request_patch{std::move(headers), std::move(content)});
    if (outcome_.decided == decision::none) outcome_.decided = decision::pass;
}

inline void hook_run::pass() noexcept {
    if (change const c(*this); c && outcome_.decided == decision::none)
        outcome_.decided = decision::pass;
}

inline fields& hook_run::reply_headers() noexcept {
    change const counted(*this);
    return outcome_.reply_headers;
}

}  // namespace httphooks::detail
