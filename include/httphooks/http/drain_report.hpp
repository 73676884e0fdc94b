// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What became of a server's connections when it was shut down.
*/

#include <cstddef>

namespace httphooks::http {

/// What a server that was shut down did not finish.
struct drain_report {
    /// Connections that were cut.
    std::size_t connections = 0;
    /// Requests whose reply was not sent.
    std::size_t exchanges = 0;
};

}  // namespace httphooks::http
