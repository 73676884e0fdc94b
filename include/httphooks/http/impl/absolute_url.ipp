// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/absolute_url.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
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

namespace detail {

/// Whether a reference begins with a scheme.
inline bool has_scheme(std::string_view reference) noexcept {
    std::size_t const end = reference.find_first_of(":/?#");
    return end != reference.npos && reference[end] == ':';
}

/// A path whose dot segments are resolved; it begins with '/'.
inline std::string without_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        std::size_t const end = std::min(path.find('/', 1), path.size());
        std::string_view const segment = path.substr(1, end - 1);
        bool const last = end == path.size();
        if (segment == "..") {
            out.resize(std::min(out.rfind('/'), out.size()));
            if (last) out += '/';
        } else if (segment != ".") {
            out += path.substr(0, end);
        } else if (last) {
            out += '/';
        }
        path.remove_prefix(end);
    }
    return out.empty() ? "/" : out;
}

}  // namespace detail

HTTPHOOKS_DECL result<absolute_url> absolute_url::resolve(std::string_view reference) const {
    if (detail::has_scheme(reference)) return parse(reference);
    if (reference.starts_with("//"))
        return parse(std::string(tls ? "https:" : "http:").append(reference));
    if (!reference.empty() && !httphooks::detail::is_target_text(reference))
        return make_error_code(error::invalid_target);
    reference = reference.substr(0, reference.find('#'));
    absolute_url to = *this;
    if (reference.empty()) return to;
    std::size_t const query = std::min(reference.find('?'), reference.size());
    std::string path(reference.substr(0, query));
    std::string_view const own = std::string_view(target).substr(0, target.find('?'));
    if (path.empty())
        path = own;
    else if (!path.starts_with('/'))
        path = std::string(own.substr(0, own.rfind('/') + 1)).append(path);
    to.target = detail::without_dot_segments(path).append(reference.substr(query));
    return to;
}

HTTPHOOKS_DECL std::string absolute_url::host_field() const {
    std::string text = host.find(':') == host.npos ? host : '[' + host + ']';
    if (port != (tls ? 443 : 80)) text.append(":").append(std::to_string(port));
    return text;
}

}  // namespace httphooks::http
