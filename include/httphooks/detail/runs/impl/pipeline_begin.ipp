// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How an exchange begins: what it is refused for, which hooks match, and what answers it.
*/

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/pipeline.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL error_code pipeline::open(exchange& ex) {
    ex.table_ = ex.source_->table();
    counters::add(ex.counters_->exchanges);
    ex.counted_ = true;
    ex.id_ = next_exchange_id();
    ex.make_state();
    ex.request_ = ex.incoming_;
    ex.stage_ = stage::input;
    remove_control_headers(ex);
    if (ex.table_->ids) [[unlikely]]
        ex.table_->ids->assign(ex.request_id_, *ex.incoming_, ex.origin_);
    error_code const invalid =
        ex.url_.parse(ex.incoming_->target(), ex.origin_.transport() != transport::http);
    if (ex.table_->timed) [[unlikely]]
        trace_begin(ex);
    return invalid;
}

HTTPHOOKS_DECL void pipeline::begin(exchange& ex) {
    if (error_code const invalid = open(ex)) return refuse(ex, status::bad_request, invalid);
    if (ex.incoming_->method() == verb::unknown)
        return refuse(ex, status::not_implemented, error::unknown_method);
    look_up(ex);
    if (body_too_long(ex)) return refuse(ex, status::payload_too_large, {});
    if (ex.processing_ != processing::authorize) [[likely]]
        choose_processing(ex);
    else
        return prepare_to_authorize(ex);
    if (ex.table_->before_bodies && !choose_body(ex)) [[unlikely]]
        refuse(ex, status::internal_server_error, error::several_streams);
}

HTTPHOOKS_DECL void pipeline::prepare_to_authorize(exchange& ex) {
    ex.matched_types_ &= static_cast<std::uint8_t>(
        type_bit(hook_type::request_listener) | type_bit(hook_type::pre_responder) |
        type_bit(hook_type::pre_listener) | type_bit(hook_type::response_listener));
    ex.made_ = make_response(status::continue_);
}

inline void pipeline::remove_control_headers(exchange& ex) {
    fields& headers = *ex.incoming_;
    auto const find = [&headers] {
        return std::find_if(headers.begin(), headers.end(), [](auto const& f) {
            return f.name() == field::unknown && is_control_header(f.name_string());
        });
    };
    auto at = find();
    if (at == headers.end()) [[likely]]
        return;
    counters::add(ex.counters_->spoofed_control_headers);
    for (; at != headers.end(); at = find()) headers.erase(std::string(at->name_string()));
}

HTTPHOOKS_DECL void pipeline::look_up(exchange& ex) {
    ex.table_->routes.lookup(ex.incoming_->method(), ex.url_, ex.matches_);
    if (ex.table_->picks_responders) [[unlikely]]
        pick_responders(*ex.table_, ex.incoming_->method(), ex.url_, ex.matches_);
    for (std::size_t i = 0; i < ex.matches_.size(); ++i) {
        hook_info const& info = ex.matches_[i].value->info;
        ex.matched_types_ |= type_bit(info.type);
        if (info.type == hook_type::responder && info.method == verb::head)
            ex.skip_get_responders_ = true;
    }
}

inline bool pipeline::body_too_long(exchange const& ex) {
    if (!ex.table_->has_body_limits) return false;
    for (std::size_t i = 0; i < ex.matches_.size(); ++i)
        if (auto const limit = body_limit_of(ex.matches_[i].value->info))
            if (ex.incoming_->body().size() > *limit) return true;
    return false;
}

inline void pipeline::choose_processing(exchange& ex) {
    bool const asterisk = ex.url_.path() == "*";  // the server itself, which no responder serves
    if (!asterisk && matched(ex, hook_type::responder)) {
        ex.processing_ = processing::responders;
        return;
    }
    if (ex.table_->default_responder) {
        ex.processing_ = processing::default_responder;
        return;
    }
    std::string const allow = allowed_methods(ex);
    bool const options = ex.incoming_->method() == verb::options;
    if (!allow.empty() || (options && asterisk)) {
        ex.processing_ = processing::made;
        ex.made_ = options ? make_response(status::no_content)
                           : error_response(status::method_not_allowed);
        if (!allow.empty()) ex.made_->set(field::allow, allow);
    } else if (ex.table_->no_match) {
        ex.processing_ = processing::no_match;
    } else {
        ex.processing_ = processing::made;
        ex.made_ = error_response(status::not_found);
    }
}

inline std::string pipeline::allowed_methods(exchange const& ex) {
    std::string allow;
    if (ex.url_.path() == "*") return allow;
    exchange::match_list all;
    ex.table_->routes.lookup_any(ex.url_, all);
    // fallbacks say what is allowed only where no other responder serves the path
    bool fallbacks = ex.table_->picks_responders;
    for (std::size_t i = 0; fallbacks && i < all.size(); ++i) {
        hook_info const& info = all[i].value->info;
        fallbacks = info.type != hook_type::responder || info.options.fallback;
    }
    auto const add = [&allow](verb method) {
        std::string_view const name = beast::http::to_string(method);
        if ((", " + allow + ",").find(", " + std::string(name) + ",") != std::string::npos) return;
        if (!allow.empty()) allow += ", ";
        allow += name;
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
        hook_info const& info = all[i].value->info;
        if (info.type != hook_type::responder || info.options.fallback != fallbacks) continue;
        add(info.method);
        if (info.method == verb::get) add(verb::head);
    }
    if (!allow.empty()) add(verb::options);
    return allow;
}

}  // namespace httphooks::detail
