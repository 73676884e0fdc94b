// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/into_response.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/message.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL response text_response(std::string&& body) {
    response r(status::ok, 11);
    constexpr std::string_view name = "Content-Type";
    constexpr std::string_view line = "Content-Type: text/plain; charset=utf-8\r\n";
    r.append_parsed_line(field::content_type, line, name.size());
    r.body() = std::move(body);
    return r;
}

HTTPHOOKS_DECL void append_texts(std::string& to, std::initializer_list<std::string_view> parts) {
    std::size_t const before = to.size();
    std::size_t size = before;
    for (std::string_view part : parts) size += part.size();
    to.resize(size);
    char* at = to.data() + before;
    for (std::string_view part : parts) at = copy_text(at, part);
}

}  // namespace detail

HTTPHOOKS_DECL response into_response(status code) {
    return response(code, 11);
}

HTTPHOOKS_DECL response into_response(response value) {
    return value;
}

HTTPHOOKS_DECL void recycle(response&& r) noexcept {
    response ended(std::move(r));
    detail::give_string(std::move(ended.body()));
}

}  // namespace httphooks
