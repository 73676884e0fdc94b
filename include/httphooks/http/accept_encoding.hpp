// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which compressed bodies a client takes: the field Accept-Encoding. No I/O, and no compressor.
*/

#include <httphooks/config.hpp>
#include <httphooks/fields.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace httphooks::http {

/** What a client says of content codings.

    Names are compared without regard to case, and "x-gzip" and "x-compress" are "gzip" and
    "compress". Of an element that is there twice the higher value counts; a malformed value is 0.
    @par Source
    RFC 9110 12.5.3, 12.4.2, 8.4.1 */
class accept_encoding {
public:
    /// That of a request; the fields must outlive it.
    explicit accept_encoding(fields const& header) noexcept : header_(&header) {}

    /// Whether the request has the field.
    bool given() const noexcept;

    /// How gladly a coding is taken, in thousandths; 0: not at all. Of what is not named, and not
    /// meant by `*`, "identity" has 1 and others have 0.
    int quality(std::string_view coding) const noexcept;

    /// Whether a body that is not compressed is refused.
    bool refuses_identity() const noexcept { return quality("identity") == 0; }

    /** Which of some codings to use: the one that the client wants most, of several the first.

        @param codings without "identity"
        @return its index; `npos`: none of them, since they are refused or a body that is not
            compressed is wanted more */
    std::size_t preferred(std::span<std::string_view const> codings) const noexcept;

    /// No index.
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

private:
    fields const* header_;
};

/// Whether two names are of the same coding.
bool same_coding(std::string_view a, std::string_view b) noexcept;

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/accept_encoding.ipp>
#endif
