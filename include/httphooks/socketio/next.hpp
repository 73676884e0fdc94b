// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a middleware calls when it is done.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/middleware_error.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace httphooks::socketio {

/** What a middleware calls when it is done. Copies are handles of the same one; the first call
    counts. If nobody ever calls it, the client waits for ever, or until options::connect_timeout.

    @par Thread safety
    All threads. */
class next {
public:
    /// What is called with the answer; nothing: go on.
    using function = std::function<void(std::optional<middleware_error>)>;

    /// For servers.
    explicit next(function f);

    /// Goes on.
    void operator()() const;
    /// Refuses.
    void operator()(middleware_error why) const;

private:
    struct state;

    void tell(std::optional<middleware_error> why) const;

    std::shared_ptr<state> state_;
};

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/next.ipp>
#endif
