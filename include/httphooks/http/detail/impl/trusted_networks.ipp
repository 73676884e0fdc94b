// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/trusted_networks.hpp>

#include <httphooks/detail/system/unmapped.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::http::detail {

HTTPHOOKS_DECL trusted_networks::trusted_networks(std::vector<std::string> const& list) {
    for (std::string const& item : list) {
        error_code ec;
        bool const network = item.find('/') != item.npos;
        if (item.find(':') == item.npos) {
            auto const net = asio::ip::make_network_v4(network ? item : item + "/32", ec);
            if (!ec) v4_.push_back(net.canonical());
        } else {
            auto const net = asio::ip::make_network_v6(network ? item : item + "/128", ec);
            if (!ec) v6_.push_back(net.canonical());
        }
        if (ec) throw std::invalid_argument("trusted proxy is not an address or network: " + item);
    }
}

HTTPHOOKS_DECL bool trusted_networks::contains(asio::ip::address a) const noexcept {
    a = httphooks::detail::unmapped(a);
    if (a.is_v4())
        return std::any_of(v4_.begin(), v4_.end(), [ip = a.to_v4()](auto const& net) {
            return asio::ip::network_v4(ip, net.prefix_length()).network() == net.network();
        });
    return std::any_of(v6_.begin(), v6_.end(), [ip = a.to_v6()](auto const& net) {
        return asio::ip::network_v6(ip, net.prefix_length()).network() == net.network();
    });
}

/// An address as proxies write it: with brackets, quotes and a port, or without.
inline std::optional<asio::ip::address> parse_node(std::string_view s) {
    s = httphooks::detail::trim_ows(s);
    if (s.size() >= 2 && s.front() == '"' && s.back() == '"') s = s.substr(1, s.size() - 2);
    std::string_view port;
    if (s.starts_with('[')) {
        std::size_t const end = s.find(']');
        if (end == s.npos) return {};
        port = s.substr(end + 1);
        s = s.substr(1, end - 1);
        if (s.find(':') == s.npos) return {};
    } else if (std::count(s.begin(), s.end(), ':') == 1) {
        port = s.substr(s.find(':'));
        s = s.substr(0, s.find(':'));
    }
    if (!port.empty() && (port.size() < 2 || port.size() > 6 || port.front() != ':' ||
                          port.find_first_not_of("0123456789", 1) != port.npos))
        return {};
    if (s.size() > 45 || s.find('%') != s.npos) return {};
    error_code ec;
    auto const a = asio::ip::make_address(std::string(s), ec);
    if (ec) return {};
    return httphooks::detail::unmapped(a);
}

/// A parameter of an element of Forwarded, without quotes; empty when it has none of that name.
inline std::string_view forwarded_parameter(std::string_view element, std::string_view name) {
    while (!element.empty()) {
        std::size_t const end = std::min(element.find(';'), element.size());
        std::string_view const pair = httphooks::detail::trim_ows(element.substr(0, end));
        std::size_t const equals = std::min(pair.find('='), pair.size());
        if (equals < pair.size() &&
            httphooks::detail::ascii_iequals(pair.substr(0, equals), name)) {
            std::string_view value = pair.substr(equals + 1);
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
                value = value.substr(1, value.size() - 2);
            return value;
        }
        element.remove_prefix(std::min(end + 1, element.size()));
    }
    return {};
}

/// Whether a scheme is one over TLS; some proxies name that of WebSocket.
inline std::optional<bool> scheme_has_tls(std::string_view scheme) {
    using httphooks::detail::ascii_iequals;
    if (ascii_iequals(scheme, "https") || ascii_iequals(scheme, "wss")) return true;
    if (ascii_iequals(scheme, "http") || ascii_iequals(scheme, "ws")) return false;
    return {};
}

HTTPHOOKS_DECL forwarded trusted_networks::client(request const& r, proxy_field by) const {
    forwarded found;
    if (by == proxy_field::forwarded) {
        auto const [first, last] = r.equal_range(field::forwarded);
        for_each_from_last(first, last, [&](std::string_view element) {
            found.address = parse_node(forwarded_parameter(element, "for"));
            found.tls = scheme_has_tls(forwarded_parameter(element, "proto"));
            return found.address && contains(*found.address);
        });
        return found;
    }
    auto const [first, last] = r.equal_range("X-Forwarded-For");
    for_each_from_last(first, last, [&](std::string_view node) {
        found.address = parse_node(node);
        return found.address && contains(*found.address);
    });
    auto const [first_scheme, last_scheme] = r.equal_range("X-Forwarded-Proto");
    for_each_from_last(first_scheme, last_scheme, [&](std::string_view scheme) {
        found.tls = scheme_has_tls(scheme);
        return false;
    });
    return found;
}

}  // namespace httphooks::http::detail
