// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/zlib_compression.hpp>

#include <httphooks/engineio/content_coding.hpp>

#include <zlib.h>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace httphooks::engineio {

namespace detail {

inline bool compress_by_zlib(content_coding c, int level, std::string& body) {
    if (c == content_coding::identity || body.size() > std::numeric_limits<uInt>::max())
        return false;
    constexpr int with_gzip_header = 16;
    int const window = MAX_WBITS + (c == content_coding::gzip ? with_gzip_header : 0);
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, window, MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return false;
    // one byte less, and it ends in time or is of no use
    std::string out(body.size() - (body.empty() ? 0 : 1), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(body.data());
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    int const result = deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) return false;
    body = std::move(out);
    return true;
}

}  // namespace detail

HTTPHOOKS_DECL compression zlib_compression(std::size_t threshold, int level) {
    return {threshold, [level](content_coding c, std::string& body) {
                return detail::compress_by_zlib(c, level, body);
            }};
}

}  // namespace httphooks::engineio
