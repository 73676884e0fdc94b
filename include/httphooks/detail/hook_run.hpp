// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One run of one hook: what it sees, and what it decided.
*/

#include <httphooks/detail/hook_entry.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// What a hook decided so far. An end is never undone by a later pass.
enum class decision : std::uint8_t { none, pass, respond, replace, end };

/// The change that a pre-responder makes to the request.
struct request_patch {
    fields headers{};
    std::optional<std::string> content{};
};

/// What a run left behind.
struct run_outcome {
    decision decided = decision::none;
    std::optional<response> message{};
    std::shared_ptr<file_body> file{};
    std::optional<request_patch> patch{};
    fields reply_headers{};
};

/// One run of one hook, in place for a callback that completes when it returns.
class hook_run {
public:
    hook_run(httphooks::exchange& ex, hook_entry const& hook, std::size_t match) noexcept
        : exchange_(&ex),
          hook_(&hook),
          match_(match),
          request_(ex.request_.get()),
          responses_(&ex.responses_),
          reply_(&ex.reply_) {}

    hook_run(hook_run const&) = delete;
    hook_run& operator=(hook_run const&) = delete;

    httphooks::exchange& exchange() const noexcept { return *exchange_; }
    hook_entry const& hook() const noexcept { return *hook_; }
    httphooks::request const& request() const noexcept { return *request_; }
    std::vector<response> const& responses() const noexcept { return *responses_; }
    response const& reply() const noexcept { return *reply_; }

    /// The decoded value of a parameter, which stays as long as the run.
    std::optional<std::string_view> param(std::string_view name) const;

    /// The decoded values of a query key, at most `most` of them, which stay as long as the run.
    std::vector<std::string_view> query(std::string_view name, std::size_t most) const;
    std::optional<std::string_view> query(std::string_view name) const;

    /// Whether the hook may still change its outcome; counts a late call when it may not.
    bool open() noexcept {
        if (!closed()) return true;
        counters::add(exchange_->counters_->late_calls);
        return false;
    }

    /// Sets the run's response; see the contexts for what that means for each type.
    void respond(response message, decision kind);

    /// Sets a response whose body is a file's.
    void respond(response message, std::shared_ptr<file_body> file);

    void pass() noexcept {
        if (open() && outcome_.decided == decision::none) outcome_.decided = decision::pass;
    }

    void replace_request(fields headers, std::optional<std::string> content);

    run_outcome& outcome() noexcept { return outcome_; }

protected:
    ~hook_run() = default;

    /// Makes what the run sees independent of what the exchange does next.
    void keep_snapshots();

    exchange_ptr kept_exchange_;

private:
    friend class hook_run_in_place;

    virtual bool closed() const noexcept { return false; }

    std::string_view keep(std::string text) const {
        return decoded_.emplace_front(std::move(text));
    }

    httphooks::exchange* exchange_;
    hook_entry const* hook_;
    std::size_t match_;
    httphooks::request const* request_;
    std::vector<response> const* responses_;
    response const* reply_;

    std::shared_ptr<httphooks::request const> kept_request_;
    std::shared_ptr<std::vector<response> const> kept_responses_;
    std::shared_ptr<response const> kept_reply_;

    run_outcome outcome_;
    mutable std::forward_list<std::string> decoded_;
};

/// The run of a callback that completes when it returns; lives on the stack.
class hook_run_in_place final : public hook_run {
public:
    using hook_run::hook_run;
};

// ---------------------------------------------------------------------------------------------

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

inline void hook_run::respond(response message, decision kind) {
    unsigned const code = message.result_int();
    if (code < 200 || code > 599) throw system_error(make_error_code(error::invalid_status));
    if (!open()) return;
    bool const success = code < 300;
    bool const decides = kind == decision::respond && hook_->info.type != hook_type::responder;
    if (decides && success) {
        if (outcome_.decided == decision::none) outcome_.decided = decision::pass;
        return;
    }
    outcome_.decided = decides ? decision::end : kind;
    if (outcome_.message) give_string(std::move(outcome_.message->body()));
    outcome_.message.emplace(std::move(message));
    outcome_.file.reset();
}

inline void hook_run::respond(response message, std::shared_ptr<file_body> file) {
    bool const has_body = file && message.result_int() != 304 && message.result_int() != 204;
    respond(std::move(message), decision::respond);
    if (has_body && outcome_.decided == decision::respond) outcome_.file = std::move(file);
}

inline void hook_run::replace_request(fields headers, std::optional<std::string> content) {
    if (!open()) return;
    outcome_.patch.emplace(request_patch{std::move(headers), std::move(content)});
    if (outcome_.decided == decision::none) outcome_.decided = decision::pass;
}

inline void hook_run::keep_snapshots() {
    kept_exchange_ = exchange_;
    kept_request_ = exchange_->request_;
    hook_type const type = hook_->info.type;
    if (type == hook_type::post_listener) {
        if (!exchange_->responses_snapshot_)
            exchange_->responses_snapshot_ =
                std::make_shared<std::vector<response> const>(exchange_->responses_);
        kept_responses_ = exchange_->responses_snapshot_;
        responses_ = kept_responses_.get();
    } else if (type == hook_type::response_listener) {
        if (!exchange_->reply_snapshot_)
            exchange_->reply_snapshot_ = std::make_shared<response const>(exchange_->reply_);
        kept_reply_ = exchange_->reply_snapshot_;
        reply_ = kept_reply_.get();
    }
}

}  // namespace httphooks::detail
