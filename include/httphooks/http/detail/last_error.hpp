// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a call of the operating system left in errno.
*/

#include <httphooks/error.hpp>

#include <cerrno>

namespace httphooks::http::detail {

/// The error of the call before.
inline error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

}  // namespace httphooks::http::detail
