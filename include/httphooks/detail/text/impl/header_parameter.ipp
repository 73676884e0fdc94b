// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/header_parameter.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/detail/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// Takes a quoted string off the front of `rest`; its first byte is the quote.
inline std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string text;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return text;
        }
        if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\'))
            ++i;
        text.push_back(rest[i]);
    }
    return std::nullopt;
}

HTTPHOOKS_DECL std::optional<std::string> header_parameter(std::string_view value,
                                                           std::string_view name) {
    std::optional<std::string> found;
    std::size_t const first = value.find(';');
    std::string_view rest = first == value.npos ? std::string_view() : value.substr(first);
    while (!rest.empty()) {
        if (rest.front() != ';') return std::nullopt;
        rest = trim_ows(rest.substr(1));
        if (rest.empty()) break;
        if (rest.front() == ';') continue;
        std::size_t const equals = rest.find_first_of("=;\"");
        if (equals == rest.npos || rest[equals] != '=') return std::nullopt;
        std::string_view const key = rest.substr(0, equals);
        if (!is_token(key)) return std::nullopt;
        rest.remove_prefix(equals + 1);
        std::optional<std::string> text;
        if (!rest.empty() && rest.front() == '"') {
            text = take_quoted(rest);
            if (!text) return std::nullopt;
        } else {
            std::size_t const end = rest.find(';');
            text = trim_ows(rest.substr(0, end));
            rest.remove_prefix(end == rest.npos ? rest.size() : end);
        }
        rest = trim_ows(rest);
        if (!ascii_iequals(key, name)) continue;
        if (found) return std::nullopt;
        found = std::move(text);
    }
    return found;
}

HTTPHOOKS_DECL std::optional<std::string> extended_parameter(std::string_view value,
                                                             std::string_view name) {
    auto const encoded = header_parameter(value, name);
    if (!encoded) return std::nullopt;
    std::size_t const quote = encoded->find('\'');
    std::size_t const text_at = encoded->find('\'', quote == encoded->npos ? quote : quote + 1);
    if (text_at == encoded->npos) return std::nullopt;
    std::string_view const charset = std::string_view(*encoded).substr(0, quote);
    bool const latin1 = ascii_iequals(charset, "ISO-8859-1");
    if (!latin1 && !ascii_iequals(charset, "UTF-8")) return std::nullopt;
    std::string text;
    for (std::size_t i = text_at + 1; i < encoded->size(); ++i) {
        int byte = static_cast<unsigned char>((*encoded)[i]);
        if (byte == '%') {
            byte = escaped_byte(*encoded, i);
            if (byte < 0) return std::nullopt;
            i += 2;
        }
        if (latin1)
            append_utf8(text, static_cast<std::uint32_t>(byte));
        else
            text.push_back(static_cast<char>(byte));
    }
    if (!is_utf8(text) || !is_field_text(text)) return std::nullopt;
    return text;
}

}  // namespace httphooks::detail
