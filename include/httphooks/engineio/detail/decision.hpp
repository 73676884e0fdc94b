// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a middleware has decided, and has still to decide.
*/

#include <httphooks/message.hpp>

#include <atomic>
#include <functional>
#include <optional>
#include <utility>

namespace httphooks::engineio::detail {

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

}  // namespace httphooks::engineio::detail
