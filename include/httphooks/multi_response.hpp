// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Several responses as one: a 202 of multipart/mixed, and back again.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/fields/framing_fields.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>
#include <httphooks/multipart.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace httphooks {

/** Makes one response of several.

    Each part is of `application/http` and holds a response as HTTP/1.1 text, with a Content-Length
    of its own and without Transfer-Encoding and Connection; a 204 or 304 has neither length nor
    body.
    @param responses In the order of the parts.
    @param source Where the boundary's bits come from.
    @return A 202 of `multipart/mixed`.
    @par Source
    RFC 2046 5.1.3, RFC 9112 10.2
*/
response collapse(std::span<response const> responses, boundary_source const& source = {});

/** Takes apart what collapse() has made, here or in another process.
    @return The responses in order, without framing fields. error::not_a_multi_response: the
    response is not multipart/mixed, or a part is not `application/http`; error::invalid_multipart:
    a part does not hold exactly one final response; error::multipart_limit: a limit is exceeded, or
    a response's header is larger than 32 KiB.
*/
result<std::vector<response>> parse_multi_response(response const& r,
                                                   multipart_limits const& limits = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

bool has_body(unsigned code) noexcept;

/// Writes a response to anything that has append(string_view).
template <class Out>
void write_part(Out& out, response const& r) {
    char digits[24];
    auto const number = [&digits](std::uint64_t n) -> std::string_view {
        auto const done = std::to_chars(digits, digits + sizeof digits, n);
        return {digits, static_cast<std::size_t>(done.ptr - digits)};
    };
    out.append(
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 ");
    out.append(number(r.result_int()));
    out.append(" ");
    out.append(r.reason());
    out.append("\r\n");
    for (auto const& f : r) {
        if (is_framing_field(f.name())) continue;
        out.append(f.name_string());
        out.append(": ");
        out.append(f.value());
        out.append("\r\n");
    }
    if (has_body(r.result_int())) {
        out.append("Content-Length: ");
        out.append(number(r.body().size()));
        out.append("\r\n\r\n");
        out.append(r.body());
    } else {
        out.append("\r\n");
    }
}

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/multi_response.ipp>
#endif
