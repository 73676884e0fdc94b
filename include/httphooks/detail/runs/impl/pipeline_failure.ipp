// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What becomes of failures: who is told, what the client is told, and what was ignored.
*/

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/json/malformed_json.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/failure.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// What stands for registry_options::on_failure where the error handler is told of a hook.
inline hook_info const& failure_handler_info() {
    static hook_info const info{{},           hook_type::responder,   any_verb,
                                "on_failure", {.name = "on_failure"}, {}};
    return info;
}

HTTPHOOKS_DECL status body_failure(error_code code, std::exception_ptr const& exception) noexcept {
    if (exception) {
        try {
            std::rethrow_exception(exception);
        } catch (system_error const& e) {
            code = e.code();
        } catch (...) {
            return status::unknown;
        }
    }
    if (code == error::body_limit || code == error::form_limit) return status::payload_too_large;
    if (code == error::not_a_form) return status::unsupported_media_type;
    if (code == error::invalid_form) return status::bad_request;
    if (code == error::body_timeout) return status::request_timeout;
    if (code == error::body_incomplete || code == error::malformed_body) return status::bad_request;
    return status::unknown;
}

inline failure_reason reason_of(error_code const& code, std::exception_ptr const& exception) {
    if (code == error::time_limit) return failure_reason::time_limit;
    if (code == error::undecided) return failure_reason::undecided;
    if (body_failure(code, exception) != status::unknown) return failure_reason::refused;
    if (!exception) return failure_reason::error;
    try {
        std::rethrow_exception(exception);
    } catch (system_error const& e) {
        if (e.code() == error::invalid_status) return failure_reason::invalid_replacement;
    } catch (...) {
        return failure_reason::exception;
    }
    return failure_reason::exception;
}

/// Whether a reply's Content-Length is what it would be anyway.
inline bool is_true_length(response const& reply, fields::const_iterator f) {
    return f->name() == field::content_length &&
           f->value() == std::to_string(response_body::size(reply.body()));
}

/** Gives a reply the fields of the first one that have nothing to do with its content: `Allow` as
    it was, the others where it has none of that name, or not that value of several. */
inline void keep_fields(fields const& first, fields& reply) {
    for (auto const& f : first) {
        if (f.name() == field::content_type) continue;
        auto const [begin, end] = reply.equal_range(f.name_string());
        bool const same =
            std::any_of(begin, end, [&f](auto const& own) { return own.value() == f.value(); });
        if (f.name() == field::allow)
            reply.set(field::allow, f.value());
        else if (begin == end || (is_repeatable_field(f.name()) && !same))
            reply.insert(f.name(), f.name_string(), f.value());
    }
}

HTTPHOOKS_DECL void pipeline::report(exchange& ex, hook_entry const& entry, failure failed) {
    if (is_responder(entry.info.type) &&
        (is_clients_error(failed.exception) ||
         body_failure(failed.code, failed.exception) != status::unknown))
        return;
    ex.table_->services->report(
        {entry.info, ex.id(), failed.code, std::move(failed.exception), {}, ex.request_id()});
}

HTTPHOOKS_DECL void pipeline::tell_once(exchange& ex, hook_entry const& entry, error what,
                                        std::string_view detail) {
    if (entry.told.first(what))
        ex.table_->services->report({entry.info, ex.id(), make_error_code(what), nullptr,
                                     std::string(detail), ex.request_id()});
}

HTTPHOOKS_DECL response pipeline::reply_to(failure const& failed) {
    if (failed.code == error::time_limit) return error_response(status::gateway_timeout);
    if (status const s = body_failure(failed.code, failed.exception); s != status::unknown)
        return error_response(s);
    if (!failed.exception) return error_response(status::internal_server_error);
    try {
        std::rethrow_exception(failed.exception);
    } catch (http_error const& e) {
        return reply_of(e);
    } catch (malformed_json const&) {
        return make_response(status::bad_request, R"({"error":"Malformed JSON"})",
                             "application/json");
    } catch (...) {
        return error_response(status::internal_server_error);
    }
}

HTTPHOOKS_DECL void pipeline::fail(exchange& ex, hook_entry const& entry, run_outcome& outcome,
                                   failure const& failed) {
    outcome.message.emplace(reply_to(failed));
    ex.author_ = nullptr;
    note(ex, reason_of(failed.code, failed.exception), &entry.info, failed);
}

HTTPHOOKS_DECL void pipeline::fail_chain(exchange& ex, hook_entry const& entry,
                                         failure const& failed) {
    end_chain(ex, reply_to(failed), nullptr);
    note(ex, reason_of(failed.code, failed.exception), &entry.info, failed);
}

HTTPHOOKS_DECL void pipeline::note(exchange& ex, failure_reason reason, hook_info const* whose,
                                   failure failed) {
    if (!options(ex).on_failure) return;
    ex.failed_ = std::make_unique<failure_record>(
        failure_record{reason, failed.code, std::move(failed.exception), whose});
}

HTTPHOOKS_DECL void pipeline::ask(exchange& ex) noexcept {
    auto const record = std::move(ex.failed_);
    auto const& services = *ex.table_->services;
    response& first = ex.reply();
    auto const tell_once = [&](error what, std::string_view detail) {
        if (services.told_of_handler.first(what))
            services.report({failure_handler_info(), ex.id(), make_error_code(what), nullptr,
                             std::string(detail), ex.request_id()});
    };
    try {
        httphooks::failure const f{
            record->reason, first.result(), record->code, record->exception, record->hook,
            *ex.request_,   ex.url_.path(), ex.origin_,   ex.id(),           first};
        response reply = services.options.on_failure(f);
        if (reply.result_int() < 300 || reply.result_int() > 599) {
            tell_once(error::status_ignored, std::to_string(reply.result_int()));
            reply.result(first.result());
            reply.reason({});
        }
        for (auto it = find_writers_field(reply); it != reply.end();
             it = find_writers_field(reply)) {
            if (!is_true_length(reply, it)) tell_once(error::field_ignored, it->name_string());
            reply.erase(it);
        }
        keep_fields(first, reply);
        first = std::move(reply);
        ex.author_ = nullptr;
    } catch (...) {  // the first reply stands
        services.report({failure_handler_info(),
                         ex.id(),
                         error_code(),
                         std::current_exception(),
                         {},
                         ex.request_id()});
    }
}

HTTPHOOKS_DECL void pipeline::queue_made(exchange& ex) {
    if (ex.made_->result() == status::not_found)
        note(ex, failure_reason::no_match, nullptr, {});
    else if (ex.made_->result() == status::method_not_allowed)
        note(ex, failure_reason::method_not_allowed, nullptr, {});
    ex.responses_.push_back(std::move(*ex.made_));
}

HTTPHOOKS_DECL response pipeline::empty_reply(exchange& ex) {
    if (ex.processing_ == processing::default_responder) {
        tell_once(ex, *ex.table_->default_responder, error::nothing_set, {});
    } else if (ex.processing_ == processing::no_match) {
        tell_once(ex, *ex.table_->no_match, error::nothing_set, {});
    } else {
        std::size_t const at = std::exchange(ex.cursor_, 0);
        while (auto const* const entry = next(ex, hook_type::responder))
            tell_once(ex, *entry, error::nothing_set, {});
        ex.cursor_ = at;
    }
    if (options(ex).empty_is_no_content) return make_response(status::no_content);
    return make_response(status::ok, {}, "application/json");
}

HTTPHOOKS_DECL void pipeline::ignore_fields(exchange& ex, fields& headers, hook_entry const* whose,
                                            response const* reply) {
    for (auto it = find_writers_field(headers); it != headers.end();
         it = find_writers_field(headers)) {
        if (whose && !(reply && is_true_length(*reply, it)))
            tell_once(ex, *whose, error::field_ignored, it->name_string());
        headers.erase(it);
    }
}

HTTPHOOKS_DECL void pipeline::dress(exchange& ex, response& reply) noexcept {
    if (reply_sink* const sink = ex.sink_.load(std::memory_order_acquire)) sink->dress(ex, reply);
}

HTTPHOOKS_DECL void pipeline::refuse(exchange& ex, status code, error_code why) {
    if (ex.url_.path().empty()) ex.url_.parse("/");
    look_up(ex);
    ex.matched_types_ &= type_bit(hook_type::response_listener);
    response reply = error_response(code);
    dress(ex, reply);
    ex.responses_.push_back(std::move(reply));
    unsigned const value = static_cast<unsigned>(code);
    note(ex, value == 500 ? failure_reason::exception : failure_reason::refused, nullptr, {why});
    ex.processing_ = processing::made;
    ex.stage_ = stage::reply;
}

HTTPHOOKS_DECL void pipeline::refuse_request(exchange& ex, status code, error_code why) {
    kept_exchange const keep(ex);
    ex.signals_.store(1, std::memory_order_relaxed);
    open(ex);
    refuse(ex, code, why);
    step(ex);
}

inline void pipeline::reply_instead(exchange& ex, status code) {
    cancel_runs(ex);
    ex.parts_.clear();
    response reply = error_response(code);
    dress(ex, reply);
    end_chain(ex, std::move(reply), nullptr);
    ex.stage_ = stage::reply;
}

HTTPHOOKS_DECL void pipeline::expire(exchange& ex) {
    auto wanted = exchange::ending::time_out;
    ex.ending_.compare_exchange_strong(wanted, exchange::ending::none, std::memory_order_relaxed);
    reply_instead(ex, status::gateway_timeout);
    note(ex, failure_reason::time_limit, nullptr, {make_error_code(error::time_limit)});
}

HTTPHOOKS_DECL void pipeline::refuse_begun(exchange& ex) {
    reply_instead(ex, ex.refused_with_);
    note(ex, failure_reason::refused, nullptr, {});
}

}  // namespace httphooks::detail
