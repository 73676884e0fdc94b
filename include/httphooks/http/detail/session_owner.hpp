// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Who has the sessions of a protocol that outlive their connections.
*/

#include <httphooks/server_counters.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace httphooks::http::detail {

/// Who has sessions: told what becomes of them. Thread-safe.
template <class Session>
class session_owner {
public:
    session_owner(session_owner const&) = delete;
    session_owner& operator=(session_owner const&) = delete;

    /// The session is open: the application is to get it. On the session's home.
    virtual void opened(std::shared_ptr<Session> s) = 0;
    /// The session is over: its place is free. Once.
    virtual void forget(Session& s) noexcept = 0;
    /// What the server counts.
    virtual server_counters& counters() noexcept = 0;
    /// A handler of the application threw.
    virtual void failed(std::exception_ptr e) noexcept = 0;

protected:
    session_owner() = default;
    ~session_owner() = default;
};

/// Tells of an exception by a handler that may be empty, and may throw itself.
template <class Handler>
void tell_error(Handler const& on_error, std::exception_ptr e) noexcept {
    if (!on_error) return;
    try {
        on_error(std::move(e));
    } catch (...) {
        return;
    }
}

}  // namespace httphooks::http::detail
