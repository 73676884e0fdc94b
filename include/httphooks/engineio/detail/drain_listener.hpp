// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Who waits until a client has taken what was sent.
*/

namespace httphooks::engineio::detail {

/// Told when what waits for a client has left.
struct drain_listener {
    virtual void on_drained() noexcept = 0;

protected:
    ~drain_listener() = default;
};

}  // namespace httphooks::engineio::detail
