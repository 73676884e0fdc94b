// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One form for an address that IP has two for.
*/

#include <httphooks/config.hpp>

#include <boost/asio/ip/address.hpp>

namespace httphooks::detail {

/// An IPv4 address that came as an IPv6 one, as IPv4.
inline asio::ip::address unmapped(asio::ip::address const& a) {
    if (a.is_v6() && a.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6());
    return a;
}

}  // namespace httphooks::detail
