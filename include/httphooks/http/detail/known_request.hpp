// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can be told of a request whose header is refused.
*/

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::http::detail {

/** Reads what there is of a header, for whoever dresses its refusal: method and target as far as
    they came, and the fields that are whole and well-formed. Everything else is left out.
    @param header from the request's first byte on; what is behind the header is not looked at
    @param most_fields further fields are left out */
inline request known_request(std::string_view header, std::size_t most_fields) {
    namespace text = httphooks::detail;
    constexpr std::size_t most_name = 1024;
    request r;
    std::size_t const line_end = header.find("\r\n");
    std::string_view const line = header.substr(0, line_end);
    std::size_t const space = line.find(' ');
    if (std::string_view const method = line.substr(0, space); text::is_token(method)) {
        verb const known = beast::http::string_to_verb({method.data(), method.size()});
        if (known != verb::unknown) r.method(known);
    }
    if (space != line.npos) {
        std::string_view const rest = line.substr(space + 1);
        std::string_view const target = rest.substr(0, rest.find(' '));
        if (text::is_target_text(target)) r.set_parsed_target(target);
    }
    if (line_end == header.npos) return r;
    header.remove_prefix(line_end + 2);
    for (std::size_t n = 0; n < most_fields; ++n) {
        std::size_t const end = header.find("\r\n");
        if (end == header.npos || end == 0) break;
        std::string_view const field_line = header.substr(0, end);
        header.remove_prefix(end + 2);
        std::size_t const colon = field_line.find(':');
        if (colon == field_line.npos) continue;
        std::string_view const name = field_line.substr(0, colon);
        std::string_view const value = text::trim_ows(field_line.substr(colon + 1));
        if (name.size() <= most_name && text::is_token(name) && text::is_field_text(value))
            r.append_parsed(beast::http::string_to_field({name.data(), name.size()}), name, value);
    }
    return r;
}

}  // namespace httphooks::http::detail
