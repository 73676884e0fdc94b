// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An event that a handler could not take.
*/

#include <httphooks/error.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::socketio {

/// Why a handler was not called: what came is not what it takes.
struct bad_argument {
    /// The name of the event; good while the report is made.
    std::string_view event{};
    /// Which argument, from 0 on.
    std::size_t index = 0;
    /// error::missing_argument or error::bad_argument.
    error_code what{};
};

}  // namespace httphooks::socketio
