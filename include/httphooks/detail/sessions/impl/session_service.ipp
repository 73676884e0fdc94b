// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/sessions/session_service.hpp>

#include <httphooks/cookie.hpp>
#include <httphooks/detail/text/base64url.hpp>
#include <httphooks/error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL std::optional<std::string> session_cookie(session_service const& service,
                                                         request const& r) {
    auto const value = cookie_value(r, service.options.cookie.name);
    if (!value) return std::nullopt;
    bool const plausible = value->size() == (session_id_bytes * 8 + 5) / 6 && is_base64url(*value);
    return std::string(plausible ? *value : std::string_view());
}

HTTPHOOKS_DECL session_store_handler<> store_operation::completion(
    std::shared_ptr<store_operation> of) {
    struct guard {
        explicit guard(std::shared_ptr<store_operation> o) : operation(std::move(o)) {}
        guard(guard const&) = delete;
        guard& operator=(guard const&) = delete;
        ~guard() {
            operation->end(
                std::make_exception_ptr(system_error(make_error_code(error::dropped_done))));
        }
        std::shared_ptr<store_operation> operation;
    };
    return [g = std::make_shared<guard>(std::move(of))](std::exception_ptr error) {
        g->operation->end(std::move(error));
    };
}

HTTPHOOKS_DECL void store_operation::end(std::exception_ptr error) {
    session_store_handler<> next;
    {
        std::lock_guard const lock(mutex_);
        if (std::exchange(ended_, true)) return;
        error_ = error;
        next = std::move(then_);
    }
    if (next) next(std::move(error));
}

HTTPHOOKS_DECL void store_operation::then(session_store_handler<> f) {
    std::exception_ptr error;
    {
        std::lock_guard const lock(mutex_);
        if (!ended_) {
            then_ = std::move(f);
            return;
        }
        error = error_;
    }
    f(std::move(error));
}

/// Options that can be meant.
inline session_options checked(session_options o) {
    if (o.idle <= o.idle.zero() || o.absolute <= o.absolute.zero() ||
        o.time_limit < o.time_limit.zero())
        throw std::invalid_argument("sessions: a time is not positive");
    cookie const& c = o.cookie;
    if (!c.value.empty() || c.max_age || c.expires)
        throw std::invalid_argument(
            "sessions: value, Max-Age and Expires of the cookie are theirs");
    static_cast<void>(c.to_string(true));
    return o;
}

HTTPHOOKS_DECL session_service::session_service(session_options o, session_backends backend)
    : options(checked(std::move(o))),
      store(std::move(backend.now)),
      later(std::move(backend.later)) {}

HTTPHOOKS_DECL session_time session_service::now() const {
    return options.now ? options.now() : std::chrono::system_clock::now();
}

HTTPHOOKS_DECL session_time session_service::expires(session_time created,
                                                     session_time used) const {
    return std::min(used + options.idle, created + options.absolute);
}

HTTPHOOKS_DECL std::optional<session_record> session_service::use(std::string_view id) const {
    if (id.empty()) return std::nullopt;
    auto record = store->load(id);
    if (!record) return std::nullopt;
    session_time const time = now();
    if (has_expired(*record, time)) {
        store->remove(id);
        return std::nullopt;
    }
    if (!store->update(id, {}, time, expires(record->created, time))) return std::nullopt;
    return record;
}

HTTPHOOKS_DECL void session_service::use_later(
    std::string id, bool counts, session_store_handler<std::optional<session_record>> done) const {
    if (id.empty()) return done(nullptr, std::nullopt);
    auto loaded = [self = shared_from_this(), id, counts, done = std::move(done)](
                      std::exception_ptr error, std::optional<session_record> record) {
        if (error || !record) return done(std::move(error), std::nullopt);
        try {
            session_time const time = self->now();
            if (self->has_expired(*record, time)) {
                self->later->remove(
                    id, [done](std::exception_ptr e) { done(std::move(e), std::nullopt); });
            } else if (counts) {
                self->later->update(id, {}, time, self->expires(record->created, time),
                                    [done, record](std::exception_ptr e, bool there) {
                                        done(std::move(e), there ? record : std::nullopt);
                                    });
            } else {
                done(nullptr, std::move(record));
            }
        } catch (...) {  // the store has thrown
            done(std::current_exception(), std::nullopt);
        }
    };
    later->load(std::move(id), std::move(loaded));
}

}  // namespace httphooks::detail
