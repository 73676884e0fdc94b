// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks and plain HTTP: all that a first program needs.
*/

#include <httphooks/http.hpp>
#include <httphooks/registry.hpp>
