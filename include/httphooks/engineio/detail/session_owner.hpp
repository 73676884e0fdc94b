// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Who has Engine.IO sessions.
*/

#include <exception>
#include <memory>

namespace httphooks::engineio::detail {

class live_session;

/// Who has sessions: told what becomes of them. Thread-safe.
class session_owner {
public:
    session_owner(session_owner const&) = delete;
    session_owner& operator=(session_owner const&) = delete;

    /// The session is open: the application is to get it. On the session's home.
    virtual void opened(std::shared_ptr<live_session> s) = 0;
    /// The session is over: its place is free. Once.
    virtual void forget(live_session& s) noexcept = 0;
    /// A handler of the application threw.
    virtual void failed(std::exception_ptr e) noexcept = 0;

protected:
    session_owner() = default;
    ~session_owner() = default;
};

}  // namespace httphooks::engineio::detail
