// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Owns the precompiled header that the test programs reuse.
*/

#include "support/precompiled.hpp"
