// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How replies to polls may be compressed, and which way a client takes. No I/O.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace httphooks::engineio {

/// How a body is compressed.
enum class content_coding : std::uint8_t {
    /// Not at all.
    identity,
    gzip,
    /// That of HTTP: zlib's format, RFC 1950.
    deflate,
};

/// The name of a coding in header fields.
constexpr std::string_view to_string(content_coding c) noexcept {
    return c == content_coding::gzip      ? "gzip"
           : c == content_coding::deflate ? "deflate"
                                          : "identity";
}

/// When replies to polls are compressed, and by whom.
struct compression {
    /// Bytes of a body, below which it is left as it is.
    std::size_t threshold = 1024;
    /// Compresses a body in place, or leaves it alone and gives false; called on several threads at
    /// once. Null: nothing is compressed. See zlib_compression().
    std::function<bool(content_coding, std::string& body)> compress{};
};

/** The coding that a client prefers among gzip and deflate.
    @param accept_encoding the values of the field, separated by commas
    @return identity: it takes neither
    @par Source
    RFC 9110 12.5.3; the preference among equals is that of node's accepts */
content_coding preferred_coding(std::string_view accept_encoding) noexcept;

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/content_coding.ipp>
#endif
