// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/packet.hpp>

#include <httphooks/socketio/error.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::socketio {

namespace detail {

/// The number of decimal digits at the beginning of a text.
inline std::size_t leading_digits(std::string_view s) noexcept {
    std::size_t n = 0;
    while (n < s.size() && s[n] >= '0' && s[n] <= '9') ++n;
    return n;
}

/// Reads a number of at most 19 digits, not counting zeros in front. @return whether it is one
inline bool read_number(std::uint64_t& to, std::string_view digits) noexcept {
    std::size_t const zeros = digits.find_first_not_of('0');
    to = 0;
    if (zeros == digits.npos) return !digits.empty();
    digits.remove_prefix(zeros);
    if (digits.size() > 19) return false;
    for (char const c : digits) to = to * 10 + static_cast<std::uint64_t>(c - '0');
    return true;
}

}  // namespace detail

HTTPHOOKS_DECL error_code read_packet(packet_header& to, std::string_view text,
                                      std::size_t most_attachments) {
    to = {};
    if (text.empty() || text[0] < '0' || text[0] > '6') return error::unknown_type;
    to.type = static_cast<packet_type>(text[0] - '0');
    text.remove_prefix(1);
    if (is_binary(to.type)) {
        std::size_t const n = detail::leading_digits(text);
        if (n == text.size() || text[n] != '-') return error::bad_attachments;
        std::uint64_t count = 0;
        if (n == 0) return error::bad_attachments;
        if (!detail::read_number(count, text.substr(0, n)) || count > most_attachments)
            return error::too_many_attachments;
        to.attachments = static_cast<std::size_t>(count);
        text.remove_prefix(n + 1);
    }
    if (!text.empty() && text[0] == '/') {
        std::size_t const comma = text.find(',');
        to.nsp = text.substr(0, comma);
        text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    }
    if (std::size_t const n = detail::leading_digits(text); n != 0) {
        std::uint64_t id = 0;
        if (!detail::read_number(id, text.substr(0, n))) return error::bad_id;
        to.id = id;
        text.remove_prefix(n);
    }
    if (to.type == packet_type::disconnect && !text.empty()) return error::bad_payload;
    to.payload = text;
    return {};
}

HTTPHOOKS_DECL void append_packet(std::string& to, packet_header const& p) {
    std::array<char, 48> head;
    char* at = head.data();
    char* const end = at + head.size();
    auto const flush = [&] {
        to.append(head.data(), at);
        at = head.data();
    };
    *at++ = static_cast<char>('0' + static_cast<int>(p.type));
    if (is_binary(p.type)) {
        at = std::to_chars(at, end, p.attachments).ptr;
        *at++ = '-';
    }
    if (p.nsp != "/") {
        flush();
        to.append(p.nsp);
        *at++ = ',';
    }
    if (p.id) at = std::to_chars(at, end, *p.id).ptr;
    flush();
    to.append(p.payload);
}

}  // namespace httphooks::socketio
