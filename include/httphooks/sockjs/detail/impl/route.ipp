// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/route.hpp>

#include <httphooks/sockjs/iframe.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL bool is_name(std::string_view part) noexcept {
    return !part.empty() && part.find('.') == part.npos;
}

HTTPHOOKS_DECL endpoint transport_named(std::string_view name) noexcept {
    if (name == "websocket") return endpoint::websocket;
    if (name == "xhr") return endpoint::xhr;
    if (name == "xhr_send") return endpoint::xhr_send;
    if (name == "xhr_streaming") return endpoint::xhr_streaming;
    if (name == "eventsource") return endpoint::eventsource;
    if (name == "htmlfile") return endpoint::htmlfile;
    if (name == "jsonp") return endpoint::jsonp;
    if (name == "jsonp_send") return endpoint::jsonp_send;
    return endpoint::none;
}

HTTPHOOKS_DECL route find_route(std::string_view path) noexcept {
    if (path.empty() || path == "/") return {endpoint::greeting, {}};
    if (path.front() != '/') return {};
    path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    std::size_t const first = path.find('/');
    if (first == path.npos) {
        if (path == "info") return {endpoint::info, {}};
        if (path == "websocket") return {endpoint::raw_websocket, {}};
        if (is_iframe_name(path)) return {endpoint::iframe, {}};
        return {};
    }
    std::size_t const second = path.find('/', first + 1);
    if (second == path.npos) return {};
    std::string_view const session = path.substr(first + 1, second - first - 1);
    if (!is_name(path.substr(0, first)) || !is_name(session)) return {};
    return {transport_named(path.substr(second + 1)), session};
}

}  // namespace httphooks::sockjs::detail
