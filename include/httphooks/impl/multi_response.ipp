// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/multi_response.hpp>

#include <httphooks/detail/fields/framing_fields.hpp>
#include <httphooks/message.hpp>
#include <httphooks/multipart.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL bool has_body(unsigned code) noexcept {
    return code >= 200 && code != 204 && code != 304;
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

HTTPHOOKS_DECL response collapse(std::span<response const> responses,
                                 boundary_source const& source) {
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

HTTPHOOKS_DECL result<std::vector<response>> parse_multi_response(response const& r,
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
