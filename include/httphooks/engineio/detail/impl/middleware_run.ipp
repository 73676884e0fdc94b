// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/middleware_run.hpp>

#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/middleware.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL void middleware_run::go_on() {
    auto const keep = shared_from_this();
    auto const& all = service_->middlewares;
    while (number_ < all.size()) {
        outcome_.reset();
        call(all[number_++]);
        if (!outcome_) {
            // goes on when nothing is under way on the connection any more
            waiting_ = true;
            auto const decided = [this] { return outcome_.has_value(); };
            auto const done = [self = keep](error_code ec) {
                self->waiting_ = false;
                if (!self->outcome_) return self->visit_.leave(ec);
                bool const ended = self->visit_.client.core()->input_ended;
                if (self->upgrade_ ? self->visit_.gave_up() : ended)
                    return self->visit_.leave(asio::error::eof);
                if (self->outcome_->failed || self->outcome_->reply)
                    return self->end(std::move(*self->outcome_));
                self->go_on();
            };
            return visit_.wait_gone(decided, done, !upgrade_);
        }
        if (outcome_->failed || outcome_->reply) return end(std::move(*outcome_));
    }
    visit_.added = std::move(added_);
    serve_(std::move(visit_));
}

inline void middleware_run::call(middleware const& f) {
    next const then(std::make_shared<decision>(
        [weak = weak_from_this(), place = place_, number = number_](middleware_outcome o) {
            place.dispatch([weak, number, o = std::move(o)]() mutable {
                if (auto const self = weak.lock()) self->told(number, std::move(o));
            });
        }));
    try {
        f(visit_.message, *added_, then);
    } catch (...) {
        service_->failed(std::current_exception());
        then.fail();
    }
}

inline void middleware_run::told(std::size_t number, middleware_outcome o) {
    if (number != number_ || outcome_) return;
    outcome_ = std::move(o);
    if (waiting_) visit_.client.cancel_wait();
}

inline void middleware_run::end(middleware_outcome o) {
    visit_.added = std::move(added_);
    if (o.failed)
        return refuse(*service_, std::move(visit_), {refusal::bad_request, "MIDDLEWARE_FAILURE"},
                      upgrade_);
    add_common_fields(*service_, *o.reply, visit_);
    if (upgrade_) visit_.client.close_after_reply();
    http::detail::reply(std::move(visit_), *o.reply);
}

}  // namespace httphooks::engineio::detail
