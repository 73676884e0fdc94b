// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What middlewares answer with: go on, or an error that the client is told.
*/

#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace httphooks::socketio {

/// Why a client may not join a namespace, or an event is not handled.
struct middleware_error {
    /// What the client is told.
    std::string message{};
    /// What the client is told besides.
    std::optional<nlohmann::json> data{};
};

/** What a middleware calls when it is done. Copies are handles of the same one; the first call
    counts. If nobody ever calls it, the client waits for ever, or until options::connect_timeout.

    @par Thread safety
    All threads. */
class next {
public:
    /// What is called with the answer; nothing: go on.
    using function = std::function<void(std::optional<middleware_error>)>;

    /// For servers.
    explicit next(function f) : state_(std::make_shared<state>(std::move(f))) {}

    /// Goes on.
    void operator()() const { tell(std::nullopt); }
    /// Refuses.
    void operator()(middleware_error why) const { tell(std::move(why)); }

private:
    struct state {
        explicit state(function g) : f(std::move(g)) {}
        function f;
        std::atomic<bool> called = false;
    };

    void tell(std::optional<middleware_error> why) const {
        if (state_->called.exchange(true)) return;
        auto const f = std::exchange(state_->f, nullptr);
        f(std::move(why));
    }

    std::shared_ptr<state> state_;
};

}  // namespace httphooks::socketio
