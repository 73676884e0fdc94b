// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The bodies of what needs zlib; see src.hpp.
*/

#ifndef HTTPHOOKS_SEPARATE_COMPILATION
#error "define HTTPHOOKS_SEPARATE_COMPILATION for the whole program, or do not include this"
#endif

#include <httphooks/engineio/impl/zlib_compression.ipp>
#include <httphooks/http/impl/zlib_codings.ipp>
#include <httphooks/websocket/impl/zlib_deflate.ipp>
