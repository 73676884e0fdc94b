// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/cors_policy.hpp>

#include <httphooks/message.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http {

namespace detail {

/// The names of a list, separated by commas.
inline std::string join_names(std::vector<std::string> const& names) {
    std::string text;
    for (std::string const& name : names) {
        if (!text.empty()) text += ',';
        text += name;
    }
    return text;
}

/// Whether a text is an origin as browsers write it: "null", or scheme://host[:port].
inline bool is_serialized_origin(std::string_view s) {
    if (s == "null") return true;
    auto const colon = s.find("://");
    if (colon == 0 || colon == s.npos || colon + 3 == s.size()) return false;
    return std::ranges::none_of(s,
                                [](char c) {
                                    return c <= ' ' || c == '\x7f' || c == '?' || c == '#' ||
                                           c == '@' || c == ',' || c == '*' ||
                                           (c >= 'A' && c <= 'Z');
                                }) &&
           s.find('/', colon + 3) == s.npos;
}

}  // namespace detail

HTTPHOOKS_DECL cors_policy::cors_policy(cors_options options) : options_(std::move(options)) {
    std::erase_if(options_.origins, [this](std::string const& origin) {
        bool const is_any = origin == "*";
        any_ = any_ || is_any;
        if (!is_any && !detail::is_serialized_origin(origin))
            throw std::invalid_argument("cors: \"" + origin +
                                        "\" is no origin; write \"https://host:port\" in lower "
                                        "case, without a path");
        return is_any;
    });
    if (any_ && options_.credentials)
        throw std::invalid_argument("cors: every origin and credentials are not allowed together");
    methods_ = detail::join_names(options_.methods);
    if (options_.headers) headers_ = detail::join_names(*options_.headers);
    exposed_ = detail::join_names(options_.exposed_headers);
    fields checked;
    for (auto const* text : {&methods_, &headers_, &exposed_})
        checked.set(field::access_control_allow_headers, *text);
}

inline bool cors_policy::allowed(std::string_view origin) const {
    return any_ || std::ranges::find(options_.origins, origin) != options_.origins.end() ||
           (options_.allow && options_.allow(origin));
}

HTTPHOOKS_DECL bool cors_policy::lets_in(request const& r) const {
    std::size_t const origins = r.count(field::origin);
    std::string_view const origin = r[field::origin];
    return origins == 0 || (origins == 1 && !origin.empty() && allowed(origin));
}

HTTPHOOKS_DECL auto cors_policy::apply(request const& r, fields& reply) const -> decision {
    reply.insert(field::vary, "Origin");
    std::string_view const origin = r[field::origin];
    bool const let_in = r.contains(field::origin) && lets_in(r);
    if (r.contains(field::origin) && !let_in)
        return options_.refuse ? decision::refuse : decision::pass;

    if (any_)
        reply.set(field::access_control_allow_origin, "*");
    else if (let_in)
        reply.set(field::access_control_allow_origin, origin);
    else
        return decision::pass;
    if (options_.credentials) reply.set(field::access_control_allow_credentials, "true");

    if (let_in && r.method() == verb::options && r.contains(field::access_control_request_method)) {
        add_preflight_fields(r, reply);
        return decision::preflight;
    }
    if (!exposed_.empty()) reply.set(field::access_control_expose_headers, exposed_);
    return decision::pass;
}

inline void cors_policy::add_preflight_fields(request const& r, fields& reply) const {
    if (!methods_.empty()) reply.set(field::access_control_allow_methods, methods_);
    if (options_.headers) {
        if (!headers_.empty()) reply.set(field::access_control_allow_headers, headers_);
    } else {
        reply.insert(field::vary, "Access-Control-Request-Headers");
        if (std::string_view const asked = r[field::access_control_request_headers]; !asked.empty())
            reply.set(field::access_control_allow_headers, asked);
    }
    if (options_.private_network) {
        reply.insert(field::vary, "Access-Control-Request-Private-Network");
        if (r["Access-Control-Request-Private-Network"] == "true")
            reply.set("Access-Control-Allow-Private-Network", "true");
    }
    if (options_.max_age)
        reply.set(field::access_control_max_age, std::to_string(options_.max_age->count()));
}

}  // namespace httphooks::http
