// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Time that a program has worked, which other programs do not lengthen.
*/

#include <ctime>

namespace support {

/// Processor time of the program so far, in seconds.
inline double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace support
