// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/hook_run.hpp>

#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/run_outcome.hpp>
#include <httphooks/message.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
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

HTTPHOOKS_DECL void hook_run::respond(response&& message, decision kind) {
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
