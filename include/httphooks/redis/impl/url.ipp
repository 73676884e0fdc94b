// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/url.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/redis/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace httphooks::redis {

namespace detail {

/// A text whose percent escapes stand for bytes; nothing: one of them is none, or is the byte 0.
inline std::optional<std::string> unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned byte = 0;
        char const* const digits = text.data() + i + 1;
        if (text.size() - i < 3) return std::nullopt;
        auto const [stop, failed] = std::from_chars(digits, digits + 2, byte, 16);
        if (failed != std::errc() || stop != digits + 2 || byte == 0) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

/// Reads a number, all of a text.
template <class Number>
bool read_number(std::string_view text, Number& n) {
    char const* const end = text.data() + text.size();
    auto const [stop, failed] = std::from_chars(text.data(), end, n);
    return failed == std::errc() && stop == end;
}

/// Reads `[user]:password@`, or `password` without a user as some write it, and takes it away.
inline bool read_user(std::string_view& text, std::size_t end, url& u) {
    std::size_t const at = text.substr(0, end).rfind('@');
    if (at == text.npos) return true;
    std::string_view const info = text.substr(0, at);
    text.remove_prefix(at + 1);
    std::size_t const colon = info.find(':');
    if (colon == info.npos) return false;
    auto user = unescape(info.substr(0, colon));
    auto password = unescape(info.substr(colon + 1));
    if (!user || !password || (password->empty() && !user->empty())) return false;
    u.user = std::move(*user);
    u.password = std::move(*password);
    return true;
}

/// Reads what is behind the user: `host[:port]`.
inline bool read_host(std::string_view text, url& u) {
    bool const bracket = text.starts_with('[');
    std::size_t const end = bracket ? text.find(']') : text.find(':');
    if (bracket && end == text.npos) return false;
    std::string_view port;
    if (end != text.npos) {
        port = text.substr(bracket ? end + 1 : end);
        text = text.substr(bracket, end - bracket);
    }
    u.host = text;
    if (text.empty() || text.find_first_of("[]@") != text.npos) return false;
    if (!bracket && text.find(':') != text.npos) return false;
    if (port.empty()) return true;
    return port.front() == ':' && read_number(port.substr(1), u.port) && u.port != 0;
}

}  // namespace detail

HTTPHOOKS_DECL result<url> url::parse(std::string_view text) {
    using httphooks::detail::ascii_istarts_with;
    url u;
    error_code const invalid = error::invalid_url;
    if (std::ranges::any_of(text, [](char c) {
            return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#';
        }))
        return invalid;
    auto const take = [&](std::string_view scheme) {
        bool const is = ascii_istarts_with(text, scheme);
        if (is) text.remove_prefix(scheme.size());
        return is;
    };

    bool const local = take("unix://");
    if (!local) {
        u.tls = take("rediss://");
        if (!u.tls && !take("redis://")) return invalid;
    }
    std::size_t const slash = std::min(text.find('/'), text.size());
    std::size_t const before = text.size();
    if (!detail::read_user(text, slash, u)) return invalid;
    std::size_t const path = slash - (before - text.size());

    if (local) {
        std::size_t const query = std::min(text.find('?'), text.size());
        auto name = detail::unescape(text.substr(0, query));
        if (path != 0 || !name || name->size() < 2) return invalid;
        u.path = std::move(*name);
        text.remove_prefix(query);
        if (text.empty()) return u;
        if (!text.starts_with("?db=") || !detail::read_number(text.substr(4), u.database))
            return invalid;
        return u;
    }
    if (!detail::read_host(text.substr(0, path), u)) return invalid;
    std::string_view const number = text.substr(std::min(path + 1, text.size()));
    if (!number.empty() && !detail::read_number(number, u.database)) return invalid;
    return u;
}

}  // namespace httphooks::redis
