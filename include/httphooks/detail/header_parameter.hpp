// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The parameters of a header field's value: `; name=token` and `; name="quoted"`.
*/

#include <httphooks/detail/http_text.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/** The value of a parameter, without its quotes.

    A backslash before a quote or a backslash is dropped, any other stays: user agents send file
    names with plain backslashes.
    @param value The field's value, such as `form-data; name="x"`.
    @param name The parameter's name, in any case.
    @return Nothing if the parameter is absent, occurs twice, or the parameters are malformed.
    @par Source
    RFC 9110 5.6.6, RFC 7578 4.2
*/
std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

// ---------------------------------------------------------------------------------------------

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

inline std::optional<std::string> header_parameter(std::string_view value, std::string_view name) {
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

}  // namespace httphooks::detail
