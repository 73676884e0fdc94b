// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/cookie.hpp>

#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

/// Whether a byte may stand in a cookie's value (RFC 6265 4.1.1, cookie-octet).
inline constexpr bool is_cookie_octet(char c) noexcept {
    return c > ' ' && c < '\x7f' && c != '"' && c != ',' && c != ';' && c != '\\';
}

/// Whether a text may be the value of an attribute.
inline bool is_cookie_attribute(std::string_view s) noexcept {
    return s.size() <= 1024 &&
           std::ranges::all_of(s, [](char c) { return c >= ' ' && c < '\x7f' && c != ';'; });
}

[[noreturn]] inline void refuse_cookie(cookie const& c, char const* why) {
    throw std::invalid_argument("cookie \"" + c.name.substr(0, 64) + "\": " + why);
}

/// What tells a cookie from others of its name, as to_string writes it behind the value.
inline std::string cookie_scope(cookie const& c) {
    std::string s;
    if (!c.path.empty()) s.append("; Path=").append(c.path);
    if (!c.domain.empty()) s.append("; Domain=").append(c.domain);
    return s;
}

/// Whether a Set-Cookie field is one that to_string made for a cookie of this name and scope.
inline bool sets_cookie(std::string_view set_cookie, std::string_view name,
                        std::string_view scope) noexcept {
    if (!set_cookie.starts_with(name) || set_cookie.substr(name.size(), 1) != "=") return false;
    std::size_t const end = set_cookie.find(';');
    std::string_view const rest = end == set_cookie.npos ? "" : set_cookie.substr(end);
    if (!rest.starts_with(scope)) return false;
    std::string_view const behind = rest.substr(scope.size());
    return (behind.empty() || behind.front() == ';') && !behind.starts_with("; Path=") &&
           !behind.starts_with("; Domain=");
}

HTTPHOOKS_DECL bool next_cookie(std::string_view& rest, cookie_pair& pair) noexcept {
    while (!rest.empty()) {
        std::size_t const end = rest.find(';');
        std::string_view const piece = rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        std::size_t const equals = piece.find('=');
        if (equals == piece.npos) continue;
        pair.name = trim_ows(piece.substr(0, equals));
        if (pair.name.empty()) continue;
        pair.value = trim_ows(piece.substr(equals + 1));
        if (pair.value.size() >= 2 && pair.value.front() == '"' && pair.value.back() == '"')
            pair.value = pair.value.substr(1, pair.value.size() - 2);
        return true;
    }
    return false;
}

}  // namespace detail

HTTPHOOKS_DECL std::string cookie::to_string(bool tls) const {
    bool const host_only = detail::ascii_istarts_with(name, "__Host-");
    bool const always_secure = host_only || detail::ascii_istarts_with(name, "__Secure-") ||
                               same_site == httphooks::same_site::none || partitioned;
    if (!detail::is_token(name)) detail::refuse_cookie(*this, "its name is not a token");
    if (!std::ranges::all_of(value, detail::is_cookie_octet))
        detail::refuse_cookie(*this, "its value has a byte that no cookie may have");
    if (name.size() + value.size() > 4096)
        detail::refuse_cookie(*this, "name and value have more than 4096 bytes");
    if (!path.empty() && (path.front() != '/' || !detail::is_cookie_attribute(path)))
        detail::refuse_cookie(*this, "its path is not one");
    if (!detail::is_cookie_attribute(domain) ||
        domain.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789-.") != domain.npos)
        detail::refuse_cookie(*this, "its domain is not one");
    if (always_secure && secure == false)
        detail::refuse_cookie(*this, "it has to be Secure, and is said not to be");
    if (host_only && (path != "/" || !domain.empty()))
        detail::refuse_cookie(*this, "__Host- takes the path \"/\" and no domain");

    std::string s;
    s.reserve(name.size() + value.size() + path.size() + domain.size() + 96);
    s.append(name).append("=").append(value).append(detail::cookie_scope(*this));
    if (max_age) s.append("; Max-Age=").append(std::to_string(max_age->count()));
    if (expires) {
        std::array<char, detail::http_date_size> date{};
        detail::format_http_date(std::chrono::system_clock::to_time_t(*expires), date);
        s.append("; Expires=").append(date.data(), date.size());
    }
    if (always_secure || secure.value_or(tls)) s.append("; Secure");
    if (http_only) s.append("; HttpOnly");
    switch (same_site) {
        case httphooks::same_site::unset:
            break;
        case httphooks::same_site::lax:
            s.append("; SameSite=Lax");
            break;
        case httphooks::same_site::strict:
            s.append("; SameSite=Strict");
            break;
        case httphooks::same_site::none:
            s.append("; SameSite=None");
            break;
    }
    if (partitioned) s.append("; Partitioned");
    return s;
}

HTTPHOOKS_DECL std::optional<std::string_view> cookie_value(fields const& headers,
                                                            std::string_view name) noexcept {
    auto const [first, last] = headers.equal_range(field::cookie);
    for (auto f = first; f != last; ++f) {
        std::string_view rest = f->value();
        for (cookie_pair pair; detail::next_cookie(rest, pair);)
            if (pair.name == name) return pair.value;
    }
    return std::nullopt;
}

HTTPHOOKS_DECL std::vector<cookie_pair> cookies(fields const& headers) {
    std::vector<cookie_pair> all;
    auto const [first, last] = headers.equal_range(field::cookie);
    for (auto f = first; f != last; ++f) {
        std::string_view rest = f->value();
        for (cookie_pair pair; detail::next_cookie(rest, pair);) all.push_back(pair);
    }
    return all;
}

HTTPHOOKS_DECL void set_cookie(fields& reply, cookie const& value, bool tls) {
    std::string const text = value.to_string(tls);
    std::string const scope = detail::cookie_scope(value);
    for (auto f = reply.find(field::set_cookie);
         f != reply.end() && f->name() == field::set_cookie;)
        f = detail::sets_cookie(f->value(), value.name, scope) ? reply.erase(f) : f + 1;
    reply.insert(field::set_cookie, text);
}

HTTPHOOKS_DECL cookie expired(cookie like) {
    like.value.clear();
    like.max_age = std::chrono::seconds(0);
    like.expires = std::chrono::system_clock::time_point();
    return like;
}

}  // namespace httphooks
