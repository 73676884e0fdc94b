// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Reads the Range field of a request.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace httphooks::http::detail {

/// Some consecutive bytes of a representation; at least one.
struct byte_range {
    /// The first byte's position.
    std::uint64_t first;
    /// The last byte's position.
    std::uint64_t last;

    std::uint64_t size() const noexcept { return last - first + 1; }
};

/// The bytes that a request asks for.
struct byte_ranges {
    enum class verdict {
        whole,          ///< no range was asked for, or not in a way that is understood
        some,           ///< `ranges` holds what was asked for, at least one
        unsatisfiable,  ///< nothing to give: the reply is 416
    };

    verdict what = verdict::whole;
    /// In the order in which they were asked for; without those behind the end.
    std::vector<byte_range> ranges{};

    /// How many ranges a request may ask for; with more it is unsatisfiable.
    static constexpr std::size_t most = 16;
};

/** The bytes that a Range field asks for, of `size` bytes.

    Ranges that overlap, are reversed, or have numbers beyond 64 bits make the whole field
    unsatisfiable. Another unit than bytes, or a text that is no list of ranges, is as if there were
    no field.

    @par Source
    RFC 9110 14.1.2, 14.2
*/
byte_ranges parse_range(std::string_view field, std::uint64_t size);

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/byte_ranges.ipp>
#endif
