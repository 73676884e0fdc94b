// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/redirection.hpp>

#include <string>
#include <string_view>

namespace httphooks::http::detail {

HTTPHOOKS_DECL bool is_redirection(response const& r) {
    switch (r.result_int()) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308:
            return r.find(field::location) != r.end();
        default:
            return false;
    }
}

HTTPHOOKS_DECL result<absolute_url> redirect_target(absolute_url const& asked, response const& r) {
    auto const value = r[field::location];
    // bytes that have no place in a URL are escaped, as browsers do
    std::string location;
    for (char const c : std::string_view(value.data(), value.size())) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte > ' ' && byte < 0x7f) {
            location += c;
            continue;
        }
        constexpr char const* digits = "0123456789ABCDEF";
        location.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return asked.resolve(location);
}

HTTPHOOKS_DECL bool becomes_get(request const& r, unsigned status_code) noexcept {
    bool const post = r.method() == verb::post;
    bool const head = r.method() == verb::head;
    return (status_code == 303 && r.method() != verb::get && !head) ||
           (post && (status_code == 301 || status_code == 302));
}

HTTPHOOKS_DECL void redirect_request(request& r, absolute_url const& asked,
                                     absolute_url const& next, unsigned status_code) {
    if (becomes_get(r, status_code)) {
        r.method(verb::get);
        r.body() = std::string();
        for (field const name :
             {field::content_encoding, field::content_language, field::content_location,
              field::content_length, field::content_type, field::expect})
            r.erase(name);
    }
    bool const same = asked.tls == next.tls && asked.host == next.host && asked.port == next.port;
    if (same) return;
    for (field const name :
         {field::host, field::authorization, field::cookie, field::proxy_authorization})
        r.erase(name);
}

}  // namespace httphooks::http::detail
