// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Several responses as one: a 202 of multipart/mixed, and back again.
*/

#include <httphooks/detail/fields/framing_fields.hpp>
#include <httphooks/message.hpp>
#include <httphooks/multipart.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

inline bool has_body(unsigned code) noexcept {
    return code >= 200 && code != 204 && code != 304;
}

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

struct size_counter {
    std::size_t size = 0;
    void append(std::string_view s) noexcept { size += s.size(); }
};

inline error_code read_response(std::string_view text, std::vector<response>& to) {
    beast::http::response_parser<beast::http::string_body> parser;
    parser.eager(true);
    parser.header_limit(32 * 1024);
    parser.body_limit(text.size());
    beast::error_code ec;
    std::size_t used = 0;
    while (used < text.size() && !parser.is_done()) {
        std::size_t const n = parser.put(asio::buffer(text.substr(used)), ec);
        used += n;
        if (ec || n == 0) break;
    }
    if (ec == beast::http::error::header_limit) return error::multipart_limit;
    if (ec && ec != beast::http::error::need_more) return error::invalid_multipart;
    ec.clear();
    if (!parser.got_some()) return error::invalid_multipart;
    if (!parser.is_done()) parser.put_eof(ec);
    if (ec || !parser.is_done() || used != text.size() || parser.get().chunked())
        return error::invalid_multipart;
    response r = convert(parser.release());
    if (r.result_int() < 200 || r.result_int() > 599) return error::invalid_multipart;
    for (auto it = r.begin(); it != r.end();)
        it = is_framing_field(it->name()) ? r.erase(it) : it + 1;
    to.push_back(std::move(r));
    return {};
}

}  // namespace detail

inline response collapse(std::span<response const> responses, boundary_source const& source) {
    std::vector<std::string_view> texts;
    texts.reserve(responses.size() * 2);
    for (response const& r : responses) {
        texts.push_back(r.wire());
        texts.push_back(r.body());
    }
    std::string const boundary = random_boundary(texts, source);
    detail::size_counter counter;
    for (response const& r : responses) detail::write_part(counter, r);

    std::string body;
    body.reserve(counter.size + responses.size() * (boundary.size() + 6) + boundary.size() + 6);
    for (response const& r : responses) {
        body.append("--").append(boundary).append("\r\n");
        detail::write_part(body, r);
        body.append("\r\n");
    }
    body.append("--").append(boundary).append("--\r\n");
    return make_response(status::accepted, std::move(body),
                         "multipart/mixed; boundary=" + boundary);
}

inline result<std::vector<response>> parse_multi_response(response const& r,
                                                          multipart_limits const& limits) {
    std::string_view const type = r[field::content_type];
    auto const is_type = [](std::string_view value, std::string_view wanted) {
        return detail::ascii_iequals(detail::trim_ows(value.substr(0, value.find(';'))), wanted);
    };
    if (!is_type(type, "multipart/mixed")) return make_error_code(error::not_a_multi_response);
    auto const parts = parse_multipart(type, r.body(), limits);
    if (!parts) return parts.error();
    std::vector<response> responses;
    responses.reserve(parts->size());
    for (multipart_part const& part : *parts) {
        if (!is_type(part.header[field::content_type], "application/http"))
            return make_error_code(error::not_a_multi_response);
        if (auto const ec = detail::read_response(part.body, responses)) return ec;
    }
    return responses;
}

}  // namespace httphooks
