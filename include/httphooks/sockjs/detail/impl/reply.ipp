// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/reply.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/iframe.hpp>
#include <httphooks/sockjs/options.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL std::string_view value_of(request const& r, field name) {
    auto const at = r.find(name);
    if (at == r.end()) return {};
    auto const value = at->value();
    return {value.data(), value.size()};
}

HTTPHOOKS_DECL bool restricted(options const& o) {
    return !o.origins.empty() || o.allow_origin;
}

HTTPHOOKS_DECL bool origin_allowed(options const& o, request const& r) {
    std::string_view const origin = value_of(r, field::origin);
    if (origin.empty()) return true;
    if (origin.size() > most_echoed) return false;
    if (o.allow_origin) return o.allow_origin(origin);
    if (o.origins.empty()) return true;
    return std::any_of(o.origins.begin(), o.origins.end(), [&](std::string const& allowed) {
        return allowed == "*" || httphooks::detail::ascii_iequals(allowed, origin);
    });
}

HTTPHOOKS_DECL void add_no_cache(response& to) {
    to.set(field::cache_control, "no-store, no-cache, no-transform, must-revalidate, max-age=0");
}

HTTPHOOKS_DECL void add_unbuffered(response& to) {
    to.set("X-Accel-Buffering", "no");
}

HTTPHOOKS_DECL void add_cors(response& to, options const& o, request const& r, bool null_is_any) {
    if (!o.cors) return;
    std::string_view const origin = value_of(r, field::origin);
    to.set(field::vary, "Origin");
    if (!origin_allowed(o, r)) return;
    if (origin.empty() || (null_is_any && origin == "null" && !restricted(o))) {
        if (!restricted(o)) to.set(field::access_control_allow_origin, "*");
    } else {
        to.set(field::access_control_allow_origin, origin);
        to.set(field::access_control_allow_credentials, "true");
    }
    std::string_view const wanted = value_of(r, field::access_control_request_headers);
    if (!wanted.empty() && wanted.size() <= most_echoed)
        to.set(field::access_control_allow_headers, wanted);
}

HTTPHOOKS_DECL std::string_view cookie_of(request const& r, std::string_view name) {
    auto const [first, last] = r.equal_range(field::cookie);
    for (auto it = first; it != last; ++it) {
        std::string_view rest(it->value().data(), it->value().size());
        while (!rest.empty()) {
            std::size_t const end = std::min(rest.find(';'), rest.size());
            std::string_view const pair = httphooks::detail::trim_ows(rest.substr(0, end));
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
                return pair.substr(name.size() + 1);
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return {};
}

HTTPHOOKS_DECL void add_cookie(response& to, options const& o, request const& r) {
    if (!o.jsessionid) return;
    std::string value(cookie_of(r, "JSESSIONID"));
    bool const good = !value.empty() && value.size() <= most_echoed &&
                      value.find_first_of(" \t\",;\\") == value.npos;
    if (!good) value = o.jsessionid_value ? o.jsessionid_value(r) : "dummy";
    std::string cookie = "JSESSIONID=" + value + "; path=/";
    if (!o.jsessionid_attributes.empty()) cookie += "; " + o.jsessionid_attributes;
    to.set(field::set_cookie, cookie);
}

HTTPHOOKS_DECL response not_found() {
    return make_response(status::not_found, "404 Error: Page not found\n", plain_text);
}

HTTPHOOKS_DECL response method_not_allowed(std::string_view allow) {
    response r = make_response(status::method_not_allowed);
    r.set(field::allow, allow);
    return r;
}

HTTPHOOKS_DECL response refusal(options const& o, request const& r, status why, bool cors) {
    response reply =
        why == status::not_found
            ? not_found()
            : make_response(why, std::string(beast::http::obsolete_reason(why)), plain_text);
    add_no_cache(reply);
    if (cors) add_cors(reply, o, r);
    return reply;
}

HTTPHOOKS_DECL response preflight(options const& o, request const& r, std::string_view methods) {
    response reply = make_response(status::no_content);
    add_cache_fields(reply);
    add_cors(reply, o, r);
    add_cookie(reply, o, r);
    if (o.cors && origin_allowed(o, r)) {
        reply.set(field::access_control_allow_methods, methods);
        reply.set(field::access_control_max_age, cache_seconds);
    }
    return reply;
}

}  // namespace httphooks::sockjs::detail
