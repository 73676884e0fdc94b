// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/stream.hpp>

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

/// Whether a field may not stand behind the content; RFC 9110 6.5.1.
inline bool is_no_trailer(field name) noexcept {
    switch (name) {
        case field::age:
        case field::authorization:
        case field::cache_control:
        case field::content_encoding:
        case field::content_range:
        case field::content_type:
        case field::expires:
        case field::host:
        case field::location:
        case field::proxy_authenticate:
        case field::retry_after:
        case field::set_cookie:
        case field::vary:
        case field::www_authenticate:
            return true;
        default:
            return is_writers_field(name);
    }
}

}  // namespace detail

HTTPHOOKS_DECL stream_writer::stream_writer(std::shared_ptr<detail::written_stream> stream)
    : end_(std::make_shared<detail::writer_end>(std::move(stream))) {}

HTTPHOOKS_DECL stream_writer::executor_type stream_writer::get_executor() const {
    return end_->stream()->executor();
}

HTTPHOOKS_DECL void stream_writer::trailer(std::string_view name, std::string_view value) const {
    fields checked;
    checked.insert(name, value);
    if (detail::is_no_trailer(checked.begin()->name()))
        throw system_error(make_error_code(error::field_ignored), std::string(name));
    detail::written_stream::trailer(end_->stream(), std::string(name), std::string(value));
}

HTTPHOOKS_DECL void stream_writer::end() const {
    detail::written_stream::end(end_->stream());
}

HTTPHOOKS_DECL void stream_writer::fail(error_code why) const {
    detail::written_stream::fail(end_->stream(), why);
}

HTTPHOOKS_DECL bool stream_writer::closed() const noexcept {
    return end_->stream()->closed();
}

namespace detail {

HTTPHOOKS_DECL response streamed_response(std::string_view content_type,
                                          stream_options const& options,
                                          std::unique_ptr<producer> writer) {
    response r = make_response(options.code, {}, content_type);
    r.body().stream(std::make_shared<written_stream>(options.length, std::move(writer)));
    return r;
}

}  // namespace detail

}  // namespace httphooks
