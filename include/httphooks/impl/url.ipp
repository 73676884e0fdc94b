// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/url.hpp>

#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks {

inline void url::clear() noexcept {
    path_ = query_ = fragment_ = host_ = {};
    has_query_ = has_fragment_ = escapes_ = false;
}

HTTPHOOKS_DECL error_code url::parse(std::string_view target, bool fragment_allowed) {
    clear();
    if (detail::is_plain_path(target)) {
        path_ = target;
        return {};
    }
    if (std::size_t const question = target.find('?'); question != std::string_view::npos) {
        std::string_view const path = target.substr(0, question);
        std::string_view const query = target.substr(question + 1);
        unsigned const refused = detail::url_invalid | detail::url_hash;
        if (detail::is_plain_path(path) && !detail::has_byte(query, refused)) {
            path_ = path;
            query_ = query;
            has_query_ = true;
            return {};
        }
    }
    error_code ec;
    if (target == "*")
        path_ = target;
    else if (detail::has_byte(target, detail::url_invalid))
        ec = target.find('\0') == std::string_view::npos ? error::invalid_target : error::null_byte;
    else if (!target.empty() && target.front() == '/')
        ec = parse_parts(target, fragment_allowed);
    else
        ec = parse_absolute(target, fragment_allowed);
    if (ec) clear();
    return ec;
}

inline error_code url::parse_absolute(std::string_view target, bool fragment_allowed) {
    auto const has_scheme = [&](std::string_view scheme) {
        if (target.size() <= scheme.size()) return false;
        for (std::size_t i = 0; i < scheme.size(); ++i) {
            char const c = target[i];
            char const lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
            if (lower != scheme[i]) return false;
        }
        return true;
    };
    if (has_scheme("http://"))
        target.remove_prefix(7);
    else if (has_scheme("https://"))
        target.remove_prefix(8);
    else
        return error::invalid_target;

    std::size_t const end = std::min(target.find_first_of("/?#"), target.size());
    std::string_view const authority = target.substr(0, end);
    if (authority.empty() || authority.front() == ':' ||
        authority.find('@') != std::string_view::npos)
        return error::invalid_target;
    std::string_view const rest = target.substr(end);
    error_code ec;
    if (!rest.empty() && rest.front() == '/') {
        ec = parse_parts(rest, fragment_allowed);
    } else {
        ec = parse_parts(rest, fragment_allowed);
        path_ = "/";
    }
    host_ = authority;
    return ec;
}

inline error_code url::parse_parts(std::string_view target, bool fragment_allowed) {
    if (std::size_t const hash = target.find('#'); hash != std::string_view::npos) {
        if (!fragment_allowed) return error::invalid_target;
        if (error_code ec = parse_fragment(target.substr(hash + 1))) return ec;
        target = target.substr(0, hash);
    }
    if (std::size_t const question = target.find('?'); question != std::string_view::npos) {
        query_ = target.substr(question + 1);
        has_query_ = true;
        target = target.substr(0, question);
    }
    return parse_path(target);
}

inline error_code url::parse_fragment(std::string_view fragment) {
    if (fragment.find('#') != std::string_view::npos) return error::invalid_target;
    has_fragment_ = true;
    fragment_ = fragment;
    if (fragment.find_first_of("%[]") == std::string_view::npos) return {};
    fragment_buffer_.clear();
    if (error_code ec = detail::append_canonical_escapes(fragment_buffer_, fragment)) return ec;
    fragment_ = fragment_buffer_;
    return {};
}

inline error_code url::parse_path(std::string_view path) {
    path_ = path;
    if (path.empty() || detail::is_plain_path(path) || detail::is_plain_path_bytewise(path))
        return {};

    escapes_ = true;
    std::string& out = path_buffer_;
    out.clear();
    out.push_back('/');
    std::size_t at = 0;
    while (at < path.size()) {
        if (path[at] == '/') {
            ++at;
            continue;
        }
        std::size_t const end = std::min(path.find('/', at), path.size());
        std::size_t const begin = out.size();
        if (error_code ec = detail::append_canonical_escapes(out, path.substr(at, end - at)))
            return ec;
        std::string_view const segment = std::string_view(out).substr(begin);
        if (segment == ".") {
            out.resize(begin);
        } else if (segment == "..") {
            if (begin == 1) return error::path_above_root;
            out.resize(out.rfind('/', begin - 2) + 1);
        } else if (end < path.size()) {
            out.push_back('/');
        }
        at = end;
    }
    path_ = out;
    return {};
}

HTTPHOOKS_DECL query_view::iterator& query_view::iterator::operator++() noexcept {
    while (next_ != end_) {
        char const* const begin = next_;
        std::string_view const rest(begin, static_cast<std::size_t>(end_ - begin));
        std::size_t const size = std::min(rest.find('&'), rest.size());
        next_ = begin + size + (size < rest.size() ? 1 : 0);
        if (size == 0) continue;
        std::string_view const piece = rest.substr(0, size);
        std::size_t const equals = piece.find('=');
        begin_ = begin;
        pair_.key = piece.substr(0, equals);
        pair_.value =
            equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
        return *this;
    }
    *this = iterator();
    return *this;
}

namespace detail {

HTTPHOOKS_DECL void append_decoded(std::string& out, std::string_view text, bool plus_is_space) {
    if (!needs_decoding(text, plus_is_space)) {
        out.append(text);
        return;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (int const byte = escaped_byte(text, i); byte >= 0) {
                c = static_cast<char>(byte);
                i += 2;
            }
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out.push_back(c);
    }
}

HTTPHOOKS_DECL error_code append_canonical_escapes(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '%') {
            int const byte = escaped_byte(text, i);
            if (byte < 0) return error::invalid_escape;
            if (byte == 0) return error::null_byte;
            append_canonical(out, static_cast<unsigned char>(byte));
            i += 2;
        } else if (url_class_of(c) & url_bracket) {
            append_escape(out, static_cast<unsigned char>(c));
        } else {
            out.push_back(c);
        }
    }
    return {};
}

inline std::string encode(std::string_view text, bool space_is_plus) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (is_unreserved(byte))
            out.push_back(c);
        else if (c == ' ' && space_is_plus)
            out.push_back('+');
        else
            append_escape(out, byte);
    }
    return out;
}

}  // namespace detail

HTTPHOOKS_DECL std::string percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    detail::append_decoded(out, text, false);
    return out;
}

HTTPHOOKS_DECL std::string form_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    detail::append_decoded(out, text, true);
    return out;
}

HTTPHOOKS_DECL std::string percent_encode(std::string_view text) {
    return detail::encode(text, false);
}

HTTPHOOKS_DECL std::string form_encode(std::string_view text) {
    return detail::encode(text, true);
}

}  // namespace httphooks
