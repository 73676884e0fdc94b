// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client of PostgreSQL tells others.
*/

#include <string_view>

namespace httphooks::postgres {

/** What NOTIFY or pg_notify() was called with.
    @par Source
    PostgreSQL manual, NOTIFY */
struct notification {
    /// The channel.
    std::string_view channel{};
    /// The text, at most 7,999 bytes; may be empty.
    std::string_view payload{};
    /// The server's process that serves who has sent it.
    int process = 0;
};

}  // namespace httphooks::postgres
