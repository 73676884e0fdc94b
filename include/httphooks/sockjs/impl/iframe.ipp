// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/iframe.hpp>

#include <httphooks/detail/text/html_text.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/options.hpp>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace httphooks::sockjs {

namespace detail {

HTTPHOOKS_DECL void add_cache_fields(response& r) {
    r.set(field::cache_control, "public, max-age=31536000");
    r.set(field::expires, httphooks::detail::http_date(std::time(nullptr) + 31'536'000));
}

/// A number that depends on every byte of a text (FNV-1a), in hexadecimal digits.
inline std::string fingerprint(std::string_view s) {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (char const c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    std::string to;
    for (int shift = 60; shift >= 0; shift -= 4) to += "0123456789abcdef"[h >> shift & 15];
    return to;
}

/// Whether an If-None-Match field names the tag; weak comparison (RFC 9110 8.8.3.2).
inline bool names_tag(std::string_view value, std::string_view tag) {
    while (!value.empty()) {
        value = httphooks::detail::trim_ows(value);
        if (value == "*") return true;
        if (value.starts_with("W/")) value.remove_prefix(2);
        if (!value.starts_with('"')) return false;
        std::size_t const end = value.find('"', 1);
        if (end == value.npos) return false;
        if (value.substr(0, end + 1) == tag) return true;
        value.remove_prefix(end + 1);
        std::size_t const comma = value.find(',');
        if (comma == value.npos) return false;
        value.remove_prefix(comma + 1);
    }
    return false;
}

}  // namespace detail

HTTPHOOKS_DECL bool is_iframe_name(std::string_view name) noexcept {
    if (!name.starts_with("iframe") || !name.ends_with(".html") || name.size() < 11) return false;
    for (char const c : name.substr(6, name.size() - 11))
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_'))
            return false;
    return true;
}

HTTPHOOKS_DECL iframe_page::iframe_page(options const& o) {
    text_ =
        "<!DOCTYPE html>\n<html>\n<head>\n"
        "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
        "  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n"
        "  <script src=\"";
    httphooks::detail::append_html(text_, o.sockjs_url);
    text_ +=
        "\"></script>\n"
        "  <script>\n    document.domain = document.domain;\n    SockJS.bootstrap_iframe();\n"
        "  </script>\n</head>\n<body>\n  <h2>Don't panic!</h2>\n"
        "  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>\n"
        "</body>\n</html>";
    etag_ = '"' + detail::fingerprint(text_) + '"';
    if (!o.frame_ancestors.empty()) ancestors_ = "frame-ancestors " + o.frame_ancestors;
}

HTTPHOOKS_DECL response iframe_page::answer(request const& r) const {
    bool known = false;
    auto const [first, last] = r.equal_range(field::if_none_match);
    for (auto it = first; it != last; ++it) known = known || detail::names_tag(it->value(), etag_);
    response reply = known ? make_response(status::not_modified)
                           : make_response(status::ok, text_, "text/html; charset=UTF-8");
    reply.set(field::etag, etag_);
    detail::add_cache_fields(reply);
    if (!ancestors_.empty()) reply.set("Content-Security-Policy", ancestors_);
    return reply;
}

}  // namespace httphooks::sockjs
