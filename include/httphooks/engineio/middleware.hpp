// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the application does with each request of an Engine.IO server before that looks at it.
*/

#include <httphooks/message.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace httphooks::engineio {

namespace detail {

/// What a middleware has decided.
struct middleware_outcome {
    bool failed = false;
    /// Ends the request.
    std::optional<response> reply{};
};

/// A decision that is still to be made; one that is never made is a failure.
class decision {
public:
    explicit decision(std::function<void(middleware_outcome)> f) : then_(std::move(f)) {}
    decision(decision const&) = delete;
    decision& operator=(decision const&) = delete;
    ~decision() { make({true, {}}); }

    void make(middleware_outcome o) {
        if (!made_.exchange(true)) then_(std::move(o));
    }

private:
    std::function<void(middleware_outcome)> then_;
    std::atomic<bool> made_{false};
};

}  // namespace detail

/** What a middleware calls once, then or later, from any thread. When the last copy is gone and
    nobody has called it, the request is refused. */
class next {
public:
    /// The next middleware follows; behind the last one the request is served.
    void operator()() const { decision_->make({}); }
    /// Ends the request with a response, of a WebSocket too.
    void operator()(response r) const { decision_->make({false, std::move(r)}); }
    /// Refuses the request: 400, code 3.
    void fail() const { decision_->make({true, {}}); }

    /// For servers.
    explicit next(std::shared_ptr<detail::decision> d) : decision_(std::move(d)) {}

private:
    std::shared_ptr<detail::decision> decision_;
};

/** A middleware: gets the request and the fields of its reply, both good until it calls `next`. */
using middleware = std::function<void(request const&, fields& reply, next)>;

}  // namespace httphooks::engineio
