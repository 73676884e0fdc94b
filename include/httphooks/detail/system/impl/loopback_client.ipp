// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/loopback_client.hpp>

#include <httphooks/detail/system/unmapped.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL bool is_loopback(asio::ip::address const& a) {
    return unmapped(a).is_loopback();
}

HTTPHOOKS_DECL bool is_loopback_host(std::string_view host) {
    if (host.starts_with('[')) {
        host = host.substr(1, host.find(']') - 1);
    } else {
        host = host.substr(0, host.find(':'));
    }
    constexpr std::string_view name = "localhost";
    if (host.size() == name.size() && ascii_istarts_with(host, name)) return true;
    error_code ec;
    auto const address = asio::ip::make_address(std::string(host), ec);
    return !ec && is_loopback(address);
}

HTTPHOOKS_DECL bool is_forwarded(request const& r) {
    for (auto const& f : r) {
        std::string_view const name(f.name_string().data(), f.name_string().size());
        if (f.name() == field::forwarded || f.name() == field::via ||
            ascii_istarts_with(name, "x-forwarded-"))
            return true;
    }
    return false;
}

HTTPHOOKS_DECL bool is_loopback_client(request const& r, origin const& from) {
    if (!is_loopback(from.peer().address())) return false;
    request const& opened = from.handshake() ? *from.handshake() : r;
    if (is_forwarded(opened)) return false;
    auto const host = opened[field::host];
    return is_loopback_host({host.data(), host.size()});
}

}  // namespace httphooks::detail
