// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The short way for the headers that most requests have: nothing special in them, no body.
*/

#include <httphooks/detail/http_text.hpp>
#include <httphooks/http/framing_guard.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace httphooks::http::detail {

/// A header that was taken the short way.
struct plain_header {
    bool keep_alive;
};

/** Parses a header if it is one of HTTP/1.1, of a known method, and without any field that has to
   do with a body or with more of the connection than `close` and `keep-alive`. Whatever else there
   is, mistakes included, is left to Beast's parser: then the request and the guard are as before.
    @param block as framing_guard::scan() delimited it: every line ends with CR LF, none is folded
 */
std::optional<plain_header> parse_plain_header(std::string_view block, request& into,
                                               framing_guard& guard);

// ---------------------------------------------------------------------------------------------

inline bool parse_plain_fields(std::string_view lines, request& into, framing_guard& guard,
                               plain_header& header) {
    using httphooks::detail::token_table;
    while (lines.size() > 2) {
        char const* const begin = lines.data();
        auto const* const end =
            static_cast<char const*>(std::memchr(begin, '\n', lines.size())) - 1;
        char const* p = begin;
        while (token_table[static_cast<unsigned char>(*p)]) ++p;
        if (*p != ':' || p == begin) return false;
        std::string_view const name(begin, static_cast<std::size_t>(p - begin));
        ++p;
        std::string_view const value =
            trim_ows(std::string_view(p, static_cast<std::size_t>(end - p)));
        if (!httphooks::detail::is_field_text(value)) return false;
        field const id = beast::http::string_to_field(name);
        switch (id) {
            case field::content_length:
            case field::transfer_encoding:
            case field::expect:
            case field::proxy_connection:
                return false;
            case field::connection:
                if (ascii_iequals(value, "close"))
                    header.keep_alive = false;
                else if (!ascii_iequals(value, "keep-alive"))
                    return false;
                break;
            default:
                break;
        }
        if (!guard.on_field(id, value)) return false;
        into.append_parsed(id, name, value);
        lines.remove_prefix(static_cast<std::size_t>(end + 2 - begin));
    }
    return true;
}

inline std::optional<plain_header> parse_plain_header(std::string_view block, request& into,
                                                      framing_guard& guard) {
    std::size_t const line = block.find('\n');
    constexpr std::string_view version = " HTTP/1.1\r";
    std::string_view start = block.substr(0, line);
    if (!start.ends_with(version)) return {};
    start.remove_suffix(version.size());
    std::size_t const space = start.find(' ');
    if (space == start.npos) return {};
    std::string_view const target = start.substr(space + 1);
    verb const method =
        start.starts_with("GET ") ? verb::get : beast::http::string_to_verb(start.substr(0, space));
    if (method == verb::unknown || target.empty() || !httphooks::detail::is_target_text(target))
        return {};
    into.method(method);
    into.target(target);
    into.version(11);
    plain_header header{true};
    if (parse_plain_fields(block.substr(line + 1), into, guard, header) &&
        guard.on_header(method, target, 11))
        return header;
    into.clear();
    guard.rewind();
    return {};
}

}  // namespace httphooks::http::detail
