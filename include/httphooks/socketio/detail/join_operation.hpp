// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A socket on its way through the middlewares of a namespace.
*/

#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/middleware.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::socketio::detail {

/// A socket on its way through middlewares; each is called when the one before says so.
class join_operation final : public std::enable_shared_from_this<join_operation> {
public:
    using completion = std::function<void(std::optional<middleware_error> const&)>;

    join_operation(socket_ptr s, std::shared_ptr<nsp_handlers const> h, server_settings& settings,
                   completion done)
        : socket_(std::move(s)),
          handlers_(std::move(h)),
          settings_(settings),
          done_(std::move(done)) {}

    void step() {
        if (socket_->where() != live_socket::phase::joining) return;
        if (at_ == handlers_->middlewares.size()) return done_(std::nullopt);
        auto const& f = handlers_->middlewares[at_++];
        auto const answer = [self = shared_from_this()](std::optional<middleware_error> why) {
            self->socket_->place().dispatch([self, why = std::move(why)] {
                if (why)
                    self->done_(why);
                else
                    self->step();
            });
        };
        next const go(answer);
        if (!settings_.guarded([&] { f(socket_, go); })) go({"Internal server error", {}});
    }

private:
    socket_ptr socket_;
    std::shared_ptr<nsp_handlers const> handlers_;
    server_settings& settings_;
    completion done_;
    std::size_t at_ = 0;
};

/// Has a socket pass the middlewares of its namespace; calls `done` on its home.
inline void run_middlewares(socket_ptr const& s, std::shared_ptr<nsp_handlers const> h,
                            server_settings& settings, join_operation::completion done) {
    std::make_shared<join_operation>(s, std::move(h), settings, std::move(done))->step();
}

}  // namespace httphooks::socketio::detail
