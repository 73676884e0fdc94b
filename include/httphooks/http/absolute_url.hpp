// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The address of something on another server.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::http {

/** An http or https URL, split.

    @par Source
    RFC 3986 3, RFC 9110 4.2
*/
struct absolute_url {
    /// Whether the scheme is https.
    bool tls = false;
    /// A name in lower case, or an address; IPv6 without brackets.
    std::string host{};
    /// The port; that of the scheme when the text has none.
    std::uint16_t port = 80;
    /// Path and query as they go into a request line; at least "/".
    std::string target = "/";

    /** Splits a text; its fragment is dropped.

        @return error::invalid_target: another scheme, no host, a user name, a port that is none, a
            blank or a control character
    */
    static result<absolute_url> parse(std::string_view text);

    /** What a reference means at this URL, as that of a Location field: a whole URL, or `//host/x`,
        `/x`, `x`, `../x`, `?x`.
        @return error::invalid_target: as parse(), and a scheme of another kind
        @par Source
        RFC 3986 5.2 */
    result<absolute_url> resolve(std::string_view reference) const;

    /// The value of the Host field: the port only when it is not the scheme's.
    std::string host_field() const;
};

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/absolute_url.ipp>
#endif
