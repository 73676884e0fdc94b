// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/form_data.hpp>

#include <httphooks/detail/text/header_parameter.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/multipart.hpp>
#include <httphooks/url.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

inline std::string_view form_data::keep(std::string text) {
    return kept_.emplace_front(std::move(text));
}

inline std::string_view form_data::decoded(std::string_view text) {
    return detail::needs_decoding(text, true) ? keep(form_decode(text)) : text;
}

inline error_code form_data::read_pairs(std::string_view body, form_limits const& limits) {
    for (auto const& [name, value] : query_view(body)) {
        if (fields_.size() == limits.fields) return error::form_limit;
        form_field& f = fields_.emplace_back();
        f.name = decoded(name);
        f.value = decoded(value);
        if (f.name.size() > limits.name_bytes || f.value.size() > limits.value_bytes)
            return error::form_limit;
    }
    return {};
}

inline error_code form_data::read_parts(std::string_view content_type, std::string_view body,
                                        form_limits const& limits) {
    auto const parts = parse_multipart(content_type, body, {.parts = limits.fields});
    if (!parts) return parts.error();
    for (multipart_part const& part : *parts) {
        auto name = part.name();
        if (!name) return error::invalid_form;
        auto file = part.filename();
        if (name->size() > limits.name_bytes || (file && file->size() > limits.name_bytes) ||
            part.body.size() > limits.value_bytes)
            return error::form_limit;
        form_field& f = fields_.emplace_back();
        f.name = keep(std::move(*name));
        f.value = part.body;
        if (file) f.filename = keep(std::move(*file));
        if (std::string_view const type = part.header[field::content_type]; !type.empty())
            f.content_type = keep(std::string(type));
    }
    return {};
}

HTTPHOOKS_DECL result<form_data> form_data::parse(std::string_view content_type,
                                                  std::string_view body,
                                                  form_limits const& limits) {
    form_data read;
    std::string_view const type = detail::media_type(content_type);
    error_code ec = error::not_a_form;
    if (detail::ascii_iequals(type, "application/x-www-form-urlencoded"))
        ec = read.read_pairs(body, limits);
    else if (detail::ascii_iequals(type, "multipart/form-data"))
        ec = read.read_parts(content_type, body, limits);
    if (ec) return ec;
    return read;
}

HTTPHOOKS_DECL form_data form_data::of(request const& r, form_limits const& limits) {
    auto read = parse(r[field::content_type], r.body(), limits);
    if (!read) throw form_error(read.error());
    return std::move(*read);
}

HTTPHOOKS_DECL form_field const* form_data::find(std::string_view name, bool file) const noexcept {
    for (form_field const& f : fields_)
        if (f.filename.has_value() == file && f.name == name) return &f;
    return nullptr;
}

HTTPHOOKS_DECL std::string_view form_data::operator[](std::string_view name) const noexcept {
    form_field const* const f = find(name, false);
    return f ? f->value : std::string_view();
}

HTTPHOOKS_DECL std::vector<std::string_view> form_data::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (form_field const& f : fields_)
        if (!f.filename && f.name == name) values.push_back(f.value);
    return values;
}

HTTPHOOKS_DECL form_error::form_error(error_code why)
    : http_error(why == error::not_a_form   ? status::unsupported_media_type
                 : why == error::form_limit ? status::payload_too_large
                                            : status::bad_request,
                 why == error::not_a_form   ? "Not a form"
                 : why == error::form_limit ? "Form too large"
                                            : "Malformed form"),
      code_(why) {}

}  // namespace httphooks
