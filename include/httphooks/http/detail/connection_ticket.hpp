// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A connection's place in its server.
*/

#include <memory>

namespace httphooks::http::detail {

/// What a server can cut when it has waited long enough.
struct severable {
    virtual ~severable() = default;
    /// Closes at once; on the home thread.
    virtual void sever() noexcept = 0;
};

/// What the owner of a connection's place in the server keeps; destroyed when the place is free.
struct connection_ticket {
    virtual ~connection_ticket() = default;
    /// Names who is cut now, when the connection has been taken over. On the home thread.
    virtual void watch(std::weak_ptr<severable>) {}
};

}  // namespace httphooks::http::detail
