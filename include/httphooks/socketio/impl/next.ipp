// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/next.hpp>

#include <httphooks/socketio/middleware_error.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::socketio {

struct next::state {
    explicit state(function g) : f(std::move(g)) {}
    function f;
    std::atomic<bool> called = false;
};

HTTPHOOKS_DECL next::next(function f) : state_(std::make_shared<state>(std::move(f))) {}

HTTPHOOKS_DECL void next::operator()() const {
    tell(std::nullopt);
}

HTTPHOOKS_DECL void next::operator()(middleware_error why) const {
    tell(std::move(why));
}

HTTPHOOKS_DECL void next::tell(std::optional<middleware_error> why) const {
    if (state_->called.exchange(true)) return;
    auto const f = std::exchange(state_->f, nullptr);
    f(std::move(why));
}

}  // namespace httphooks::socketio
