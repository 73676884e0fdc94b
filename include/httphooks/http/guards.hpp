// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks of a registry as guards of a mount.
*/

#include <httphooks/config.hpp>

#include <chrono>
#include <memory>

namespace httphooks {

template <class State>
class basic_registry;

namespace detail {

class exchange_factory;

}  // namespace detail

namespace http {

/** The hooks that the requests of a mount pass before the mount sees them; by default none.

    The request-listeners, pre-responders and pre-listeners that match the normalised path run, in
    their order, as for a request that hooks answer; what they see has no body. When all pass, the
    mount serves the request: with the headers that replace_request() has set, but with the client's
    content; its replies get what is in reply_headers(), where they have no such field of their own.
    When one ends the chain, fails or takes too long, its response is the reply, with the fields
    that the mount gives to refusals; response-listeners see it. No other hook runs.

    A target that hooks refuse is 400; a path that is the mount's only as long as its dot segments
    are not resolved is 404. While a hook takes its time the connection waits, and with it what is
    pipelined behind the request; when the client goes the hook is cancelled, unless over TLS more
    than 64 KiB are behind the request. FIN counts as going for an upgrade, and as half-close else.

    @par Thread safety
    As a value.
*/
class guards {
public:
    guards() = default;
    /// The hooks of a registry, which may be changed at any time.
    template <class State>
    guards(basic_registry<State> const& hooks) : hooks_(hooks.shared_loop()) {}

    /// Whether there are any.
    explicit operator bool() const noexcept { return hooks_ != nullptr; }

    /// Whether they are of the same registry.
    friend bool operator==(guards const&, guards const&) = default;

    /// Where their exchanges come from. For the library's own parts.
    std::shared_ptr<httphooks::detail::exchange_factory> const& source() const noexcept {
        return hooks_;
    }

private:
    std::shared_ptr<httphooks::detail::exchange_factory> hooks_{};
};

/// How a mount is served.
struct mount_options {
    /// What its requests pass first: `{.guards = hooks}`.
    http::guards guards{};
    /// How long that may take before the reply is 504; 0: as long as the hooks' own limits say.
    std::chrono::milliseconds guard_timeout = std::chrono::seconds(30);
};

}  // namespace http
}  // namespace httphooks
