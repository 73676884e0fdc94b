// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/zlib_compression.hpp>

#include <httphooks/engineio/content_coding.hpp>

#include <httphooks/http/zlib_codings.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace httphooks::engineio {

HTTPHOOKS_DECL compression zlib_compression(std::size_t threshold, int level) {
    auto const gzip = http::gzip(level < 0 ? 6 : level);
    auto const deflate = http::deflate(level < 0 ? 6 : level);
    return {threshold, [gzip, deflate](content_coding c, std::string& body) {
                if (c == content_coding::identity) return false;
                std::string out;
                (c == content_coding::gzip ? gzip : deflate)->encode(body, out);
                if (out.size() >= body.size()) return false;
                body = std::move(out);
                return true;
            }};
}

}  // namespace httphooks::engineio
