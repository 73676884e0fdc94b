// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Compressed replies to polls, by zlib; programs link it, or httphooks::zlib.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/content_coding.hpp>

#include <zlib.h>

#include <cstddef>

namespace httphooks::engineio {

/** Has replies to polls compressed by zlib: `options o; o.compression = zlib_compression();`

    What would not become smaller is left as it is.
    @param threshold bytes of a body, below which it is left as it is
    @param level 1, fast, to 9, small
    @par Source
    RFC 1950, RFC 1952; engine.io 6.6, httpCompression */
compression zlib_compression(std::size_t threshold = 1024, int level = Z_DEFAULT_COMPRESSION);

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/zlib_compression.ipp>
#endif
