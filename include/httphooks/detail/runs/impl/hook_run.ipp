// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/hook_run.hpp>

#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/registry/services.hpp>
#include <httphooks/detail/runs/attachment.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/detail/runs/run_outcome.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/url.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL bool run_gate::enter() noexcept {
    for (;;) {
        std::uint8_t expected = open;
        if (state_.compare_exchange_weak(expected, changing, std::memory_order_acq_rel))
            return true;
        if (expected == closing || expected == published) return false;
    }
}

HTTPHOOKS_DECL bool run_gate::shut() noexcept {
    for (;;) {
        std::uint8_t expected = open;
        if (state_.compare_exchange_weak(expected, closing, std::memory_order_acq_rel)) return true;
        if (expected == closing || expected == published) return false;
    }
}

/// A change of the outcome; false, and a late call, when the run is over.
class hook_run::change {
public:
    explicit change(hook_run& run) noexcept : gate_(run.gate_), open_(!gate_ || gate_->enter()) {
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

HTTPHOOKS_DECL hook_run::hook_run(httphooks::exchange& ex, hook_entry const& hook,
                                  std::size_t match, run_gate* gate) noexcept
    : exchange_(&ex),
      hook_(&hook),
      match_(match),
      gate_(gate),
      request_(ex.request_.get()),
      reply_(ex.responses_.data()),
      responses_(hook.info.type == hook_type::response_listener ? ex.made_of() : ex.responses_) {}

HTTPHOOKS_DECL hook_info const& hook_run::info() const noexcept {
    return hook_->info;
}

HTTPHOOKS_DECL std::string_view hook_run::path() const noexcept {
    return exchange_->url().path();
}

HTTPHOOKS_DECL httphooks::origin const& hook_run::origin() const noexcept {
    return exchange_->origin();
}

HTTPHOOKS_DECL std::uint64_t hook_run::id() const noexcept {
    return exchange_->id();
}

HTTPHOOKS_DECL std::string_view hook_run::request_id() const noexcept {
    return exchange_->request_id();
}

HTTPHOOKS_DECL std::chrono::nanoseconds hook_run::elapsed() const noexcept {
    return exchange_->elapsed();
}

HTTPHOOKS_DECL asio::any_io_executor const& hook_run::get_executor() const noexcept {
    return exchange_->get_executor();
}

HTTPHOOKS_DECL void* hook_run::state() const noexcept {
    return exchange_->state();
}

HTTPHOOKS_DECL bool hook_run::body_is_stream() const noexcept {
    return exchange_->body_ != nullptr;
}

/// The channel over a body that is whole, for one hook.
class whole_body final : public attachment {
public:
    explicit whole_body(hook_entry const& reader, std::shared_ptr<body_channel> channel)
        : attachment(&reader, reader), channel_(std::move(channel)) {}

    void before_reply(fields&) override {}
    std::shared_ptr<body_channel> const& channel() const noexcept { return channel_; }

private:
    std::shared_ptr<body_channel> channel_;
};

HTTPHOOKS_DECL std::shared_ptr<body_channel> hook_run::body() const {
    if (exchange_->body_reader_ == hook_) return exchange_->body_;
    attachments& all = exchange_->attachments_;
    attachment* found = all.find(hook_);
    if (!found)
        found = &all.add(std::make_unique<whole_body>(
            *hook_,
            std::make_shared<body_channel>(exchange_->get_executor(), exchange_->request_)));
    return static_cast<whole_body*>(found)->channel();
}

HTTPHOOKS_DECL std::optional<std::string_view> hook_run::param(std::string_view name) const {
    if (match_ == no_match_index) return std::nullopt;
    std::string text;
    auto const value = exchange_->matches_.decoded(match_, name, text);
    if (!value || value->data() != text.data()) return value;
    return keep(std::move(text));
}

HTTPHOOKS_DECL std::vector<std::string_view> hook_run::query(std::string_view name,
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

HTTPHOOKS_DECL std::optional<std::string_view> hook_run::query(std::string_view name) const {
    if (!exchange_->url_.has_query()) return std::nullopt;
    auto const values = query(name, 1);
    if (values.empty()) return std::nullopt;
    return values.front();
}

/// Whether a response says nothing but its status.
inline bool is_bare(response const& r) noexcept {
    return r.body().empty() && r.body().is_text() && r.begin() == r.end();
}

HTTPHOOKS_DECL void hook_run::respond(response&& message, decision kind) {
    unsigned const code = message.result_int();
    if (code < 200 || code > 599) throw system_error(make_error_code(error::invalid_status));
    bool const decides = kind == decision::respond && hook_->info.type != hook_type::responder;
    if (decides && code < 300) return pass_by(message);
    change const c(*this);
    if (!c) return;
    outcome_.decided = decides ? decision::end : kind;
    if (outcome_.message) give_string(std::move(outcome_.message->body()));
    outcome_.message.emplace(std::move(message));
}

HTTPHOOKS_DECL void hook_run::pass_by(response const& message) {
    {
        change const c(*this);
        if (!c) return;
        if (outcome_.decided == decision::none) outcome_.decided = decision::pass;
    }
    if (!is_bare(message) && hook_->told.first(error::content_dropped))
        exchange_->table_->services->report(
            {hook_->info, exchange_->id(), make_error_code(error::content_dropped), nullptr});
}

HTTPHOOKS_DECL void hook_run::answer(response&& message) {
    bool const success = message.result_int() < 300;
    if (!success || is_bare(message)) return respond(std::move(message), decision::respond);
    bool const pre = hook_->info.type == hook_type::pre_responder;
    respond(std::move(message), pre ? decision::end : decision::replace);
}

HTTPHOOKS_DECL void hook_run::replace_request(fields headers, std::optional<std::string> content) {
    change const c(*this);
    if (!c) return;
    outcome_.patch.emplace(request_patch{std::move(headers), std::move(content)});
    if (outcome_.decided == decision::none) outcome_.decided = decision::pass;
}

HTTPHOOKS_DECL void hook_run::pass() noexcept {
    if (change const c(*this); c && outcome_.decided == decision::none)
        outcome_.decided = decision::pass;
}

HTTPHOOKS_DECL fields& hook_run::reply_headers() noexcept {
    change const counted(*this);
    return outcome_.reply_headers;
}

}  // namespace httphooks::detail
