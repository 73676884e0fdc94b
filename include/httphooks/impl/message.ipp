// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/message.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>

#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/type_traits.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL response make_response(status code, std::string body,
                                      std::string_view content_type) {
    response r(code, 11);
    r.body() = std::move(body);
    if (!content_type.empty()) r.insert(field::content_type, content_type);
    return r;
}

HTTPHOOKS_DECL response error_response(status code) {
    switch (code) {
        case status::internal_server_error:
            return make_response(code, R"({"error":"Internal server error"})", "application/json");
        case status::bad_gateway:
            return make_response(code, R"({"error":"Bad gateway"})", "application/json");
        case status::gateway_timeout:
            return make_response(code, R"({"error":"Gateway timeout"})", "application/json");
        default:
            return make_response(code, std::string(beast::http::obsolete_reason(code)),
                                 "text/html");
    }
}

namespace detail {

HTTPHOOKS_DECL std::string reason_phrase(status code) {
    auto const phrase = beast::http::obsolete_reason(code);
    return phrase.starts_with('<') ? "Error" : std::string(phrase);
}

HTTPHOOKS_DECL void take_start_line(request& to, verb method, std::string_view method_text,
                                    std::string_view target, unsigned version) {
    if (method != verb::unknown)
        to.method(method);
    else if (is_token(method_text))
        to.method_string(method_text);
    try {
        to.target(target);
    } catch (system_error const&) {  // it stays empty
    }
    to.version(version);
}

}  // namespace detail

}  // namespace httphooks
