// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Cookies: what a reply sets, and what a request has.
*/

#include <httphooks/config.hpp>
#include <httphooks/fields.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

/// With which requests that other sites cause a cookie is sent.
enum class same_site : std::uint8_t {
    /// Nothing is said: the browser's default.
    unset,
    /// With links to the site, and not with forms, images and scripts of other sites.
    lax,
    /// With none.
    strict,
    /// With all of them; such a cookie is Secure.
    none,
};

/** A cookie that a reply sets.

    Secure follows from how the client came when nothing is said, except that a cookie whose name
    begins with `__Secure-` or `__Host-`, that is partitioned, or that has same_site::none is always
    Secure: browsers drop it otherwise.
    @par Source
    RFC 6265 4.1; draft-ietf-httpbis-rfc6265bis-20 4.1.3 and 5.6 (prefixes, sizes); CHIPS
    (Partitioned)
    @par Example
    examples/cookies.cpp
*/
struct cookie {
    /// The name: a token.
    std::string name{};
    /// The value: ASCII but for controls, blanks, `"`, `,`, `;` and a backslash.
    std::string value{};
    /// The path below which the cookie is sent; empty: that of the request's directory.
    std::string path = "/";
    /// A domain with all that are below it; empty: the host alone that sets it.
    std::string domain{};
    /// How long it lives; 0 or less: it is deleted; nothing: until the browser is closed.
    std::optional<std::chrono::seconds> max_age{};
    /// When it ends; browsers prefer max_age.
    std::optional<std::chrono::system_clock::time_point> expires{};
    /// With which requests of other sites it is sent.
    httphooks::same_site same_site = httphooks::same_site::lax;
    /// Whether it is sent by TLS only; nothing: when the client that it is set for came by TLS.
    std::optional<bool> secure{};
    /// Whether scripts are kept from it.
    bool http_only = true;
    /// Whether each top-level site that embeds this one has a cookie of its own.
    bool partitioned = false;

    /** The value of a Set-Cookie field.
        @param tls whether the client came by TLS, as origin::tls() says
        @throws std::invalid_argument the name or value is not one, name and value have more than
        4096 bytes or an attribute more than 1024; a prefix of the name does not go with the
        attributes (`__Secure-`: Secure; `__Host-`: Secure, path "/" and no domain); same_site::none
        or a partitioned cookie that is said not to be Secure
    */
    std::string to_string(bool tls) const;
};

/// One pair of a Cookie field: views of it.
struct cookie_pair {
    /// What precedes the first '='.
    std::string_view name;
    /// What follows it, without the quotes around it.
    std::string_view value;
};

/** The value of a request's cookie: the first one of that name.

    The pairs of a Cookie field are read as servers do: a piece without `=` or without a name is
    skipped, blanks around names and values and one pair of quotes around a value are dropped;
    nothing is decoded. Names are compared with their case. Nothing is allocated.
    @par Source
    RFC 6265 5.4, read leniently
*/
std::optional<std::string_view> cookie_value(fields const& headers, std::string_view name) noexcept;

/// All cookies of a request, in their order.
std::vector<cookie_pair> cookies(fields const& headers);

/** Adds a cookie to the header of a reply: a Set-Cookie field of its own, in place of one that set
    a cookie of the same name, path and domain.
    @param tls whether the client came by TLS
    @throws what cookie::to_string does
*/
void set_cookie(fields& reply, cookie const& value, bool tls);

/// The cookie that deletes one: with its name, path, domain and the rest, no value, and an end that
/// is past.
cookie expired(cookie like);

namespace detail {

/// Takes the next pair of a Cookie field's value; false: there is none.
bool next_cookie(std::string_view& rest, cookie_pair& pair) noexcept;

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/cookie.ipp>
#endif
