// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/problem_details.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/failure.hpp>
#include <httphooks/message.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

/// Appends `,"name":"text"`.
inline void append_member(std::string& to, std::string_view name, std::string_view text) {
    to.append(",\"").append(name).append("\":\"");
    append_json_text(to, text);
    to += '"';
}

inline response problem_of(failure const& f, problem_options const& o) {
    std::string const status = std::to_string(static_cast<unsigned>(f.status));
    std::string body = R"({"type":")";
    append_json_text(body, o.type_base.empty() ? "about:blank" : o.type_base + status);
    body += '"';
    append_member(body, "title", reason_phrase(f.status));
    body.append(R"(,"status":)").append(status);
    if (std::string const text = f.detail(); !text.empty()) append_member(body, "detail", text);
    if (o.instance) append_member(body, "instance", f.path);
    body += '}';
    return make_response(f.status, std::move(body), "application/problem+json");
}

}  // namespace detail

HTTPHOOKS_DECL failure_handler problem_details(problem_options options) {
    return [o = std::move(options)](failure const& f) { return detail::problem_of(f, o); };
}

}  // namespace httphooks
