// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/server_event.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace httphooks {

namespace detail {

/// Appends a field of an event for each line of a text.
inline void append_event_lines(std::string& out, std::string_view name, std::string_view text) {
    for (;;) {
        std::size_t const end = text.find_first_of("\r\n");
        out.append(name).append(": ").append(text.substr(0, end)).append("\n");
        if (end == text.npos) return;
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

inline void append_event_line(std::string& out, std::string_view name, std::string_view text) {
    using namespace std::string_view_literals;
    if (text.empty()) return;
    if (text.find_first_of("\r\n\0"sv) != text.npos)
        throw std::invalid_argument("a line break in the " + std::string(name) + " of an event");
    out.append(name).append(": ").append(text).append("\n");
}

HTTPHOOKS_DECL response event_stream_header() {
    response r = make_response(status::ok, {}, "text/event-stream");
    r.set(field::cache_control, "no-store");
    r.set("X-Accel-Buffering", "no");
    return r;
}

}  // namespace detail

HTTPHOOKS_DECL std::string to_string(server_event const& e) {
    std::string text;
    text.reserve(e.data.size() + e.name.size() + e.id.size() + 40);
    detail::append_event_line(text, "event", e.name);
    detail::append_event_line(text, "id", e.id);
    if (e.retry) detail::append_event_line(text, "retry", std::to_string(e.retry->count()));
    detail::append_event_lines(text, "data", e.data);
    text += '\n';
    return text;
}

HTTPHOOKS_DECL std::string_view last_event_id(request const& r) {
    auto const f = r.find("Last-Event-ID");
    return f == r.end() ? std::string_view() : std::string_view(f->value());
}

}  // namespace httphooks
