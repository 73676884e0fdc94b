// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The address of something on another server.
*/

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

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

    /// The value of the Host field: the port only when it is not the scheme's.
    std::string host_field() const;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

inline bool is_host_name(std::string_view host) noexcept {
    return !host.empty() && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '~';
    });
}

inline bool is_ipv6_text(std::string_view host) noexcept {
    return host.find(':') != host.npos && std::ranges::all_of(host, [](char c) {
               return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':';
           });
}

}  // namespace detail

inline result<absolute_url> absolute_url::parse(std::string_view text) {
    using httphooks::detail::ascii_istarts_with;
    absolute_url url;
    auto const invalid = make_error_code(error::invalid_target);
    if (!httphooks::detail::is_target_text(text)) return invalid;
    if (ascii_istarts_with(text, "https://")) {
        url.tls = true;
        url.port = 443;
        text.remove_prefix(8);
    } else if (ascii_istarts_with(text, "http://")) {
        text.remove_prefix(7);
    } else {
        return invalid;
    }

    std::string_view authority = text.substr(0, text.find_first_of("/?#"));
    text.remove_prefix(authority.size());
    text = text.substr(0, text.find('#'));
    url.target.assign(text.starts_with('/') ? "" : "/").append(text);

    bool const bracket = authority.starts_with('[');
    std::size_t const end = bracket ? authority.find(']') : authority.find(':');
    if (bracket && end == authority.npos) return invalid;
    std::string_view port;
    if (end != authority.npos) {
        port = authority.substr(bracket ? end + 1 : end);
        authority = authority.substr(bracket, end - bracket);
    }
    url.host.resize(authority.size());
    std::ranges::transform(authority, url.host.begin(), httphooks::detail::ascii_lower);
    if (bracket ? !detail::is_ipv6_text(url.host) : !detail::is_host_name(url.host)) return invalid;

    if (!port.empty() && port != ":") {
        if (port.front() != ':') return invalid;
        port.remove_prefix(1);
        auto const [stop, ec] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (ec != std::errc() || stop != port.data() + port.size() || url.port == 0) return invalid;
    }
    return url;
}

inline std::string absolute_url::host_field() const {
    std::string text = host.find(':') == host.npos ? host : '[' + host + ']';
    if (port != (tls ? 443 : 80)) text.append(":").append(std::to_string(port));
    return text;
}

}  // namespace httphooks::http
