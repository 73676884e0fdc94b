// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which proxies are believed when they say for whom they ask.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::http::detail {

/// What a proxy says of the client for whom it asks; nothing: that it does not say.
struct forwarded {
    std::optional<asio::ip::address> address{};
    std::optional<bool> tls{};
};

/// A set of addresses and networks.
class trusted_networks {
public:
    trusted_networks() = default;

    /// @throws std::invalid_argument for what is neither an address nor a network
    explicit trusted_networks(std::vector<std::string> const& list);

    bool empty() const noexcept { return v4_.empty() && v6_.empty(); }
    bool contains(asio::ip::address a) const noexcept;

    /** Whom a request is for that a trusted proxy has sent.

        The address is the first from the right that is not itself trusted; nothing when there is
        anything before it that is not an address. Whether by https is told by the last
        X-Forwarded-Proto, or by the element of Forwarded that has the address.
        @param by the field that is looked at
        @par Source
        RFC 7239 5.2, 5.4, 6, 7.4 */
    forwarded client(request const& r, proxy_field by) const;

private:
    std::vector<asio::ip::network_v4> v4_;
    std::vector<asio::ip::network_v6> v6_;
};

// ---------------------------------------------------------------------------------------------

/// Calls `visit` with the elements of the lists in all fields of a range, from the last to the
/// first, until it gives false.
template <class Iterator, class Visit>
void for_each_from_last(Iterator first, Iterator last, Visit visit) {
    while (last != first) {
        --last;
        std::string_view list(last->value().data(), last->value().size());
        for (;;) {
            std::size_t const comma = list.rfind(',');
            std::size_t const begin = comma == list.npos ? 0 : comma + 1;
            if (!visit(httphooks::detail::trim_ows(list.substr(begin)))) return;
            if (comma == list.npos) break;
            list = list.substr(0, comma);
        }
    }
}

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/trusted_networks.ipp>
#endif
