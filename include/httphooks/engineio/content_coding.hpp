// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How replies to polls may be compressed, and which way a client takes. No I/O.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
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

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A quality value in thousandths; 0 for what is none.
constexpr int quality_of(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || text[0] < '0' || text[0] > '1') return 0;
    int value = (text[0] - '0') * 1000;
    if (text.size() > 1 && text[1] != '.') return 0;
    int unit = 100;
    for (char const c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') return 0;
        value += (c - '0') * unit;
        unit /= 10;
    }
    return value > 1000 ? 0 : value;
}

/// An element of an Accept-Encoding field.
struct accepted {
    std::string_view name{};
    int quality = 1000;
};

constexpr accepted read_accepted(std::string_view element) noexcept {
    using httphooks::detail::trim_ows;
    std::size_t semicolon = std::min(element.find(';'), element.size());
    accepted a{trim_ows(element.substr(0, semicolon))};
    while (semicolon < element.size()) {
        element.remove_prefix(semicolon + 1);
        semicolon = std::min(element.find(';'), element.size());
        std::string_view const parameter = trim_ows(element.substr(0, semicolon));
        if (parameter.starts_with("q=") || parameter.starts_with("Q="))
            a.quality = quality_of(parameter.substr(2));
    }
    return a;
}

}  // namespace detail

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/content_coding.ipp>
#endif
