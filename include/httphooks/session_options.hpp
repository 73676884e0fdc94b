// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How sessions live, and what their cookie is like.
*/

#include <httphooks/cookie.hpp>
#include <httphooks/session_store.hpp>

#include <chrono>
#include <cstddef>
#include <functional>

namespace httphooks {

/// How sessions live, and what their cookie is like.
struct session_options {
    /// The cookie: its name and attributes. A name that begins with `__Host-` keeps other hosts of
    /// the domain from setting it, and wants TLS.
    httphooks::cookie cookie{.name = "sid"};
    /// How long a session lives without being used.
    std::chrono::seconds idle = std::chrono::minutes(30);
    /// How long it lives at most.
    std::chrono::seconds absolute = std::chrono::hours(24);
    /// Whether the cookie outlives the browser: it is then sent with each reply to a request that
    /// used the session, with a Max-Age.
    bool persistent = false;
    /// Bytes of the names and values of one session.
    std::size_t bytes = 16 * 1024;
    /// How long a store that waits may take to save what a request has changed; then the reply is a
    /// 504. Also for loading, unless the registration of sessions as a pre-responder says
    /// otherwise. 0: without limit.
    std::chrono::milliseconds time_limit = std::chrono::seconds(5);
    /// What gives the time; empty: the system's clock.
    std::function<session_time()> now{};
};

}  // namespace httphooks
