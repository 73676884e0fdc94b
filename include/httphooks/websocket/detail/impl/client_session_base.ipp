// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/client_session_base.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace httphooks::websocket::detail {

HTTPHOOKS_DECL client_session_base::client_session_base(asio::any_io_executor const& executor)
    : executor_(executor), timer_(executor), closing_timer_(executor) {}

HTTPHOOKS_DECL void client_session_base::try_next(std::chrono::milliseconds limit,
                                                  error_code late) {
    if (!make_next()) {
        // not from within the function that asked for the connection
        asio::post(executor_, [self = shared_from_this()] { self->refuse(self->failure_); });
        return;
    }
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this(), n = ++tried_, limit, late](error_code ec) {
        if (ec || self->tried_ != n || self->current() != state::connecting) return;
        self->failure_ = late;
        self->give_up();
        self->try_next(limit, late);
    });
    start_link();
}

HTTPHOOKS_DECL void client_session_base::refuse(error_code ec) {
    if (current() != state::connecting) return;
    enter(state::closed);
    timer_.cancel();
    give_up();
    complete(ec);
}

HTTPHOOKS_DECL void client_session_base::run_soon() {
    asio::post(executor_, [self = shared_from_this()] { self->run(); });
}

HTTPHOOKS_DECL bool client_session_base::close_within(std::chrono::milliseconds limit,
                                                      std::function<void()> first) {
    state expected = state::open;
    if (!state_.compare_exchange_strong(expected, state::closing)) return false;
    asio::post(executor_, [self = shared_from_this(), limit, first = std::move(first)] {
        if (self->current() == state::closed) return;
        if (first) first();
        self->closing_timer_.expires_after(limit);
        self->closing_timer_.async_wait([self](error_code ec) {
            if (!ec) self->end_now();
        });
        self->run();
    });
    return true;
}

HTTPHOOKS_DECL bool client_session_base::finish() {
    if (current() == state::closed) return false;
    enter(state::closed);
    timer_.cancel();
    closing_timer_.cancel();
    return true;
}

}  // namespace httphooks::websocket::detail
