// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/absolute_url.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::http {

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

HTTPHOOKS_DECL result<absolute_url> absolute_url::parse(std::string_view text) {
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

HTTPHOOKS_DECL std::string absolute_url::host_field() const {
    std::string text = host.find(':') == host.npos ? host : '[' + host + ']';
    if (port != (tls ? 443 : 80)) text.append(":").append(std::to_string(port));
    return text;
}

}  // namespace httphooks::http
