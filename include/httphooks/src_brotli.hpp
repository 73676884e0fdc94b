// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bodies of what needs brotli; see src.hpp.
*/

#ifndef HTTPHOOKS_SEPARATE_COMPILATION
#error "define HTTPHOOKS_SEPARATE_COMPILATION for the whole program, or do not include this"
#endif
#include <httphooks/http/impl/brotli_coding.ipp>
