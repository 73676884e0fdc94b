// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/frame.hpp>

#include <httphooks/error.hpp>
#include <httphooks/sockjs/detail/wtf8.hpp>
#include <httphooks/sockjs/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

namespace detail {

/// Writes what append_quoted() puts in place of a byte that ends a plain run.
inline char* write_quoted(char* to, char const*& at, char const* end) noexcept {
    if (static_cast<unsigned char>(*at) < 0x80) return httphooks::detail::write_escape(to, *at++);
    std::string_view const rest(at, static_cast<std::size_t>(end - at));
    std::size_t const n = wtf8_sequence(rest);
    std::uint32_t const c = n == 0 ? 0xfffd : code_point(rest.substr(0, n));
    char const* const from = std::exchange(at, at + (n == 0 ? 1 : n));
    if (!is_fragile(c)) return std::copy_n(from, n, to);
    if (c <= 0xffff) return write_unit(to, c);
    return write_unit(write_unit(to, 0xd800 + ((c - 0x10000) >> 10)), 0xdc00 + (c & 0x3ff));
}

HTTPHOOKS_DECL void append_quoted_text(std::string& to, std::string_view s) {
    httphooks::detail::append_replacing<httphooks::detail::text_stop::json_or_wide>(
        to, s, [](char* out, char const*& at, char const* end) {
            if (*at != '"') return write_quoted(out, at, end);
            ++at;
            out[0] = '\\';
            out[1] = '"';
            return out + 2;
        });
}

}  // namespace detail

HTTPHOOKS_DECL void append_quoted(std::string& to, std::string_view s) {
    to.push_back('"');
    detail::append_quoted_text(to, s);
    to.push_back('"');
}

HTTPHOOKS_DECL std::string close_frame(close_code code, std::string_view reason) {
    char digits[8];
    auto const end =
        std::to_chars(digits, digits + sizeof digits, static_cast<std::uint16_t>(code)).ptr;
    std::string frame = "c[";
    frame.append(digits, end).push_back(',');
    append_quoted(frame, reason);
    frame.push_back(']');
    return frame;
}

namespace detail {

/// Appends a frame as a JSON string that may stand in a script element.
inline void append_stringified(std::string& to, std::string_view frame, bool in_html) {
    to.reserve(to.size() + frame.size() + frame.size() / 8 + 2);
    to.push_back('"');
    char escape[8];
    for (char const c : frame) {
        bool const html = in_html && (c == '<' || c == '>' || c == '&');
        if (html)
            to.append(escape, write_unit(escape, static_cast<unsigned char>(c)));
        else if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
            to.append(escape, httphooks::detail::write_escape(escape, c));
        else
            to.push_back(c);
    }
    to.push_back('"');
}

/// Appends a frame such that decodeURI, which the client applies, gives it back.
inline void append_event_text(std::string& to, std::string_view frame) {
    for (;;) {
        std::size_t const n = frame.find_first_of(std::string_view("%\r\n\0", 4));
        to.append(frame.substr(0, n));
        if (n == frame.npos) return;
        switch (frame[n]) {
            case '%':
                to.append("%25");
                break;
            case '\r':
                to.append("%0D");
                break;
            case '\n':
                to.append("%0A");
                break;
            default:
                to.append("%00");
        }
        frame.remove_prefix(n + 1);
    }
}

HTTPHOOKS_DECL std::string_view only_message(std::string_view frame, char* room) noexcept {
    using httphooks::detail::text_stop;
    std::size_t const n = frame.size();
    if (n < 4 || frame[0] != '[' || frame[1] != '"' || frame[n - 2] != '"' || frame[n - 1] != ']')
        return {};
    std::string_view const text = frame.substr(2, n - 4);
    if (httphooks::detail::find_stop<text_stop::json>(text.data(), text.size()) == text.size())
        return text;
    char const* const end = httphooks::detail::write_plainly_unescaped(room, text);
    return end ? std::string_view(room, static_cast<std::size_t>(end - room)) : std::string_view();
}

inline error_code check(std::string_view json, bool single) {
    if (!httphooks::detail::is_utf8(json)) return error::broken_encoding;
    return walk_messages(json, single, [](httphooks::detail::json_slice const&) {});
}

}  // namespace detail

HTTPHOOKS_DECL void append_framed(std::string& to, framing as, std::string_view frame,
                                  std::string_view callback) {
    switch (as) {
        case framing::bare:
            to.append(frame);
            break;
        case framing::line:
            to.append(frame).push_back('\n');
            break;
        case framing::event:
            to.append("data: ");
            detail::append_event_text(to, frame);
            to.append("\r\n\r\n");
            break;
        case framing::script:
            to.append("<script>\np(");
            detail::append_stringified(to, frame, true);
            to.append(");\n</script>\r\n");
            break;
        case framing::callback:
            to.append("/**/").append(callback).push_back('(');
            detail::append_stringified(to, frame, false);
            to.append(");\r\n");
    }
}

HTTPHOOKS_DECL error_code check_messages(std::string_view json) {
    return detail::check(json, false);
}

HTTPHOOKS_DECL error_code check_message_frame(std::string_view json) {
    return detail::check(json, true);
}

HTTPHOOKS_DECL message_reader::message_reader(std::string_view json) noexcept
    : scanner_(json, detail::message_depth), array_(scanner_.accept('[')) {}

HTTPHOOKS_DECL bool message_reader::next(std::string_view& message, std::string& scratch) {
    if (first_) {
        first_ = false;
    } else if (!array_ || !scanner_.accept(',')) {
        return false;
    }
    httphooks::detail::json_slice slice;
    if (!scanner_.string(slice)) return false;
    if (!slice.escaped) {
        message = slice.text;
        return true;
    }
    scratch.clear();
    detail::append_unescaped(scratch, slice);
    message = scratch;
    return true;
}

}  // namespace httphooks::sockjs
