// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a form may hold.
*/

#include <cstddef>

namespace httphooks {

/// What a form may hold; the limit of the whole body is the server's, or the hook's.
struct form_limits {
    /// Fields, files included.
    std::size_t fields = 128;
    /// Bytes of the name of a field, and of a file, decoded.
    std::size_t name_bytes = 1024;
    /// Bytes of one value or file, decoded.
    std::size_t value_bytes = 1024 * 1024;
};

}  // namespace httphooks
