// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/packet.hpp>

#include <httphooks/detail/text/base64.hpp>
#include <httphooks/engineio/error.hpp>

#include <string>
#include <string_view>

namespace httphooks::engineio {

namespace detail {

/// Appends bytes from base64, whose padding may be missing. @return whether it was base64
inline bool append_from_loose_base64(std::string& to, std::string_view text) {
    if (text.size() % 4 == 0) return httphooks::detail::append_from_base64(to, text);
    std::size_t const whole = text.size() / 4 * 4;
    std::string rest(text.substr(whole));
    rest.resize(4, '=');
    return text.find('=') == text.npos &&
           httphooks::detail::append_from_base64(to, text.substr(0, whole)) &&
           httphooks::detail::append_from_base64(to, rest);
}

}  // namespace detail

HTTPHOOKS_DECL void append_frame(std::string& to, packet_view p, revision r) {
    if (!p.binary)
        to.push_back(digit_of(p.type));
    else if (r == revision::v3)
        to.push_back(static_cast<char>(p.type));
    to.append(p.data);
}

HTTPHOOKS_DECL error_code read_frame(packet_view& to, std::string_view frame, bool binary,
                                     revision r) {
    to = {packet_type::message, binary, frame};
    if (binary && r == revision::v4) return {};
    if (frame.empty()) return error::empty;
    char const first = binary ? static_cast<char>(frame[0] + '0') : frame[0];
    if (!detail::read_type(to.type, first)) return error::unknown_type;
    to.data.remove_prefix(1);
    return {};
}

HTTPHOOKS_DECL error_code read_text(packet_view& to, std::string_view text, std::string& scratch,
                                    revision r) {
    if (text.empty()) return error::empty;
    if (text.front() != 'b') return read_frame(to, text, false, r);
    text.remove_prefix(1);
    to = {packet_type::message, true, {}};
    if (r == revision::v3) {
        if (text.empty() || !detail::read_type(to.type, text.front())) return error::unknown_type;
        text.remove_prefix(1);
    }
    scratch.clear();
    if (!detail::append_from_loose_base64(scratch, text)) return error::bad_base64;
    to.data = scratch;
    return {};
}

HTTPHOOKS_DECL error_code read_message(packet_view& to, std::string_view message, bool binary,
                                       std::string& scratch, revision r) {
    return binary ? read_frame(to, message, true, r) : read_text(to, message, scratch, r);
}

HTTPHOOKS_DECL void append_text(std::string& to, packet_view p, revision r) {
    if (!p.binary) return append_frame(to, p, r);
    to.push_back('b');
    if (r == revision::v3) to.push_back(digit_of(p.type));
    httphooks::detail::append_base64(to, p.data);
}

}  // namespace httphooks::engineio
