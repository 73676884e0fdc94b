// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which proxies are believed when they say for whom they ask.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/http_text.hpp>
#include <httphooks/detail/unmapped.hpp>
#include <httphooks/error.hpp>
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

/// A set of addresses and networks.
class trusted_networks {
public:
    trusted_networks() = default;

    /// @throws std::invalid_argument for what is neither an address nor a network
    explicit trusted_networks(std::vector<std::string> const& list);

    bool empty() const noexcept { return v4_.empty() && v6_.empty(); }
    bool contains(asio::ip::address a) const noexcept;

    /** The client's address, from the fields of a request that a trusted proxy has sent.

        Read from the right, the first address that is not itself trusted. Forwarded goes before
        X-Forwarded-For. Nothing when the fields hold anything that is not an address.
        @par Source
        RFC 7239 5.2, 6, 7.4 */
    std::optional<asio::ip::address> client(request const& r) const;

private:
    std::vector<asio::ip::network_v4> v4_;
    std::vector<asio::ip::network_v6> v6_;
};

// ---------------------------------------------------------------------------------------------

inline trusted_networks::trusted_networks(std::vector<std::string> const& list) {
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

inline bool trusted_networks::contains(asio::ip::address a) const noexcept {
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

/// The node of one element of Forwarded; empty when it names none.
inline std::string_view forwarded_for(std::string_view element) {
    while (!element.empty()) {
        std::size_t const end = std::min(element.find(';'), element.size());
        std::string_view const pair = httphooks::detail::trim_ows(element.substr(0, end));
        if (httphooks::detail::ascii_istarts_with(pair, "for=")) return pair.substr(4);
        element.remove_prefix(std::min(end + 1, element.size()));
    }
    return {};
}

inline std::optional<asio::ip::address> trusted_networks::client(request const& r) const {
    bool const forwarded = r.contains(field::forwarded);
    auto const [first, last] =
        forwarded ? r.equal_range(field::forwarded) : r.equal_range("X-Forwarded-For");
    std::optional<asio::ip::address> found;
    for (auto it = last; it != first;) {
        --it;
        std::string_view list(it->value().data(), it->value().size());
        for (bool more = true; more;) {
            std::size_t const comma = list.rfind(',');
            std::string_view const item = list.substr(comma == list.npos ? 0 : comma + 1);
            found = parse_node(forwarded ? forwarded_for(item) : item);
            if (!found || !contains(*found)) return found;
            more = comma != list.npos;
            if (more) list = list.substr(0, comma);
        }
    }
    return found;
}

}  // namespace httphooks::http::detail
