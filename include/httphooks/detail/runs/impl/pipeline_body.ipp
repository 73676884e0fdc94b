// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How an exchange begins while the body of its request is still to come.
*/

#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// The length that a well-formed header tells of.
inline std::optional<std::uint64_t> length_in(request const& header) {
    std::string_view const text = header[field::content_length];
    std::uint64_t length = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.empty() || ec != std::errc()) return std::nullopt;
    return length;
}

inline bool pipeline::choose_body(exchange& ex) {
    hook_entry const* stream = nullptr;
    auto const add = [&](hook_entry const& entry) {
        if (entry.info.options.body != body::stream) return true;
        return !std::exchange(stream, &entry);
    };
    bool single = true;
    if (ex.processing_ == processing::responders) {
        while (auto const* const entry = next(ex, hook_type::responder))
            if (!add(*entry)) single = false;
        ex.cursor_ = 0;
    } else if (ex.processing_ == processing::default_responder) {
        add(*ex.table_->default_responder);
    } else if (ex.processing_ == processing::no_match) {
        add(*ex.table_->no_match);
    }
    if (!single) {
        report(ex, *stream, {make_error_code(error::several_streams)});
    } else if (stream && ex.body_state_ == exchange::body_state::unread) {
        ex.body_ = std::make_shared<body_channel>(ex.executor_, length_in(*ex.incoming_));
        ex.body_reader_ = stream;
        ex.body_state_ = exchange::body_state::whole;
    }
    return single;
}

inline bool pipeline::run_first_guards(exchange& ex) {
    if (!finish_waiting(ex, apply_pre)) return false;
    while (!ex.chain_ended_) {
        auto const* const entry = next(ex, hook_type::pre_responder);
        if (!entry) return true;
        if (entry->info.options.needs_body) {
            --ex.cursor_;
            return true;
        }
        if (!run_one(ex, *entry, apply_pre)) return false;
    }
    return true;
}

HTTPHOOKS_DECL bool pipeline::run_before_body(exchange& ex) {
    using state = exchange::body_state;
    if (ex.body_state_ == state::unread) {
        if (!run_first_guards(ex)) return false;
        if (!ex.chain_ended_) {
            ex.body_state_ = state::wanted;
            if (reply_sink* const sink = ex.sink_.load(std::memory_order_acquire))
                sink->on_body_wanted(ex);
        }
    }
    if (ex.body_state_ == state::wanted) return false;
    // the listeners read the request as it came, if it did
    std::size_t const at = std::exchange(ex.cursor_, 0);
    auto const changed = std::exchange(ex.request_, ex.incoming_);
    run_listeners(ex, hook_type::request_listener);
    ex.cursor_ = std::max(ex.cursor_, at);
    ex.body_state_ = state::whole;
    if (changed != ex.incoming_) join_body(ex, *changed);
    return true;
}

inline void pipeline::join_body(exchange& ex, request const& changed) {
    auto whole = std::make_shared<request>(changed);
    if (!ex.content_replaced_) {
        std::string& body = ex.incoming_->body();
        if (matched(ex, hook_type::request_listener))
            whole->body() = body;
        else
            whole->body() = std::move(body);
        // what was decompressed meanwhile is another one than the header told of
        if (whole->contains(field::content_encoding) &&
            !ex.incoming_->contains(field::content_encoding)) {
            whole->erase(field::content_encoding);
            whole->erase(field::transfer_encoding);
            whole->set(field::content_length, std::to_string(whole->body().size()));
        }
    }
    ex.request_ = std::move(whole);
}

HTTPHOOKS_DECL void pipeline::drop_body(exchange& ex) noexcept {
    ex.body_->fail(asio::error::operation_aborted);
    ex.body_.reset();
    ex.body_reader_ = nullptr;
}

}  // namespace httphooks::detail
