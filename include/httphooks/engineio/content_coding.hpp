// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How replies to polls may be compressed, and which way a client takes. No I/O.
*/

#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>

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

inline content_coding preferred_coding(std::string_view accept_encoding) noexcept {
    // quality, whether the coding is named, and how early
    using preference = std::tuple<int, bool, std::ptrdiff_t>;
    auto const none = preference{0, false, 0};
    auto best = content_coding::identity;
    auto best_of = none;
    for (auto const coding : {content_coding::gzip, content_coding::deflate}) {
        auto here = none;
        bool named = false;
        std::ptrdiff_t place = 0;
        for (std::string_view rest = accept_encoding; !rest.empty(); --place) {
            std::size_t const comma = std::min(rest.find(','), rest.size());
            auto const a = detail::read_accepted(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            bool const exact = httphooks::detail::ascii_iequals(a.name, to_string(coding));
            if (!exact && (named || a.name != "*")) continue;
            preference const p{a.quality, exact, place};
            here = exact && !named ? p : std::max(here, p);
            named = named || exact;
        }
        if (std::get<0>(here) > 0 && here > best_of) {
            best = coding;
            best_of = here;
        }
    }
    return best;
}

}  // namespace httphooks::engineio
