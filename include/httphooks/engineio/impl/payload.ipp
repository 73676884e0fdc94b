// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/payload.hpp>

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/packet.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace httphooks::engineio {

namespace detail {

/// The code units of UTF-16 that a UTF-8 text has.
inline std::size_t utf16_size(std::string_view s) noexcept {
    std::size_t n = 0;
    for (char const c : s) {
        auto const b = static_cast<unsigned char>(c);
        n += (b & 0xc0u) == 0x80u ? 0u : b >= 0xf0 ? 2u : 1u;
    }
    return n;
}

/// The bytes of a UTF-8 text that make so many code units of UTF-16; npos when none do.
inline std::size_t utf8_size_of(std::string_view s, std::size_t units) noexcept {
    std::size_t at = 0;
    while (units > 0) {
        if (at == s.size()) return s.npos;
        std::size_t const n = httphooks::detail::utf8_sequence(s.substr(at));
        std::size_t const here = n == 4 ? 2 : 1;
        if (n == 0 || here > units) return s.npos;
        at += n;
        units -= here;
    }
    return at;
}

/// Takes `12:` off the front of a text.
inline bool take_length(std::string_view& from, std::size_t& length) {
    std::size_t const colon = from.find(':');
    if (colon == from.npos || colon > 10) return false;
    char const* const end = from.data() + colon;
    auto const [rest, ec] = std::from_chars(from.data(), end, length);
    if (ec != std::errc() || rest != end) return false;
    from.remove_prefix(colon + 1);
    return true;
}

/// Takes the digits of a length, each a byte of its value, and the byte 255 behind them.
inline bool take_binary_length(std::string_view& from, std::size_t& length) {
    length = 0;
    for (std::size_t i = 0; i < from.size() && i <= 10; ++i) {
        auto const b = static_cast<unsigned char>(from[i]);
        if (b == 255) {
            from.remove_prefix(i + 1);
            return i > 0;
        }
        if (b > 9) return false;
        length = length * 10 + b;
    }
    return false;
}

inline void append_binary_length(std::string& to, std::size_t length) {
    for (char const c : std::to_string(length)) to.push_back(static_cast<char>(c - '0'));
    to.push_back('\xff');
}

}  // namespace detail

HTTPHOOKS_DECL encoded_payload encode_payload(std::vector<packet> const& packets, revision r,
                                              bool bytes_allowed) {
    encoded_payload out;
    auto const is_binary = [](packet const& p) { return p.binary; };
    out.binary = r == revision::v3 && bytes_allowed && std::ranges::any_of(packets, is_binary);
    std::string text;
    for (packet const& p : packets) {
        if (r == revision::v4) {
            if (!out.body.empty()) out.body.push_back(detail::packet_separator);
            append_text(out.body, p.view(), r);
            continue;
        }
        text.clear();
        if (out.binary) {
            append_frame(text, p.view(), r);
            out.body.push_back(p.binary ? '\1' : '\0');
            detail::append_binary_length(out.body, text.size());
        } else {
            append_text(text, p.view(), r);
            out.body.append(std::to_string(detail::utf16_size(text))).push_back(':');
        }
        out.body.append(text);
    }
    return out;
}

HTTPHOOKS_DECL payload_reader::payload_reader(std::string_view body, revision r, bool binary)
    : rest_(body), revision_(r), binary_(r == revision::v3 && binary) {
    if (body.empty())
        failure_ = error::empty;
    else if (!binary_ && !httphooks::detail::is_utf8(body))
        failure_ = error::bad_utf8;
}

HTTPHOOKS_DECL bool payload_reader::next(packet_view& to) {
    if (failure_ || ended_) return false;
    if (revision_ == revision::v4)
        failure_ = read_separated(to);
    else
        failure_ = binary_ ? read_bytes_behind_length(to) : read_text_behind_length(to);
    return !failure_;
}

inline error_code payload_reader::read_separated(packet_view& to) {
    std::size_t const end = std::min(rest_.find(detail::packet_separator), rest_.size());
    std::string_view const text = rest_.substr(0, end);
    ended_ = end == rest_.size();
    rest_.remove_prefix(ended_ ? end : end + 1);
    return read_text(to, text, scratch_, revision::v4);
}

inline error_code payload_reader::read_text_behind_length(packet_view& to) {
    std::size_t units = 0;
    if (!detail::take_length(rest_, units)) return error::bad_length;
    std::size_t const n = detail::utf8_size_of(rest_, units);
    if (n == rest_.npos) return error::bad_length;
    std::string_view const text = rest_.substr(0, n);
    rest_.remove_prefix(n);
    ended_ = rest_.empty();
    return read_text(to, text, scratch_, revision::v3);
}

inline error_code payload_reader::read_bytes_behind_length(packet_view& to) {
    auto const kind = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    std::size_t n = 0;
    if (kind > 1 || !detail::take_binary_length(rest_, n) || n > rest_.size())
        return error::bad_length;
    std::string_view const frame = rest_.substr(0, n);
    rest_.remove_prefix(n);
    ended_ = rest_.empty();
    bool const binary = kind == 1;
    if (!binary && !httphooks::detail::is_utf8(frame)) return error::bad_utf8;
    return read_frame(to, frame, binary, revision::v3);
}

}  // namespace httphooks::engineio
