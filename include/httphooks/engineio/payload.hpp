// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Engine.IO payloads: several packets in the body of a request or a response. No I/O.
*/

#include <httphooks/detail/utf8.hpp>
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

/// How many packets a client may put into a payload.
inline constexpr std::size_t payload_packets = 1024;

/// A payload.
struct encoded_payload {
    /// What is sent, or was received.
    std::string body{};
    /// Whether it is bytes and not UTF-8.
    bool binary = false;
};

/** Encodes packets.
    @param r revision 4 puts 0x1e between packets; revision 3 puts lengths in front of them
    @param bytes_allowed whether the client takes a payload of bytes; revision 3 then makes one when
        a packet is binary, everything else is text with base64 in it
    @par Source
    Engine.IO protocol 4, "HTTP long-polling"; engine.io-parser 2.2 for revision 3, whose lengths
    of texts are those of JavaScript: UTF-16 code units */
encoded_payload encode_payload(std::vector<packet> const& packets, revision r = revision::v4,
                               bool bytes_allowed = false);

/** Decodes a payload, packet by packet.
    @param binary whether it came as bytes; revision 3 only
    @param visit called with each packet_view, good until it returns; gives whether to go on
    @param most how many packets it may have
    @return what is wrong with the packet behind those that were visited; nothing else is: the end
        of the payload, or that `visit` gave false */
template <class Visit>
error_code decode_payload(std::string_view body, revision r, bool binary, Visit visit,
                          std::size_t most = payload_packets);

// ---------------------------------------------------------------------------------------------

namespace detail {

inline constexpr char packet_separator = '\x1e';

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

/// Visits a packet. @return whether to go on
template <class Visit>
bool visit_text(std::string_view text, std::string& scratch, revision r, error_code& ec,
                Visit& visit) {
    packet_view p;
    ec = read_text(p, text, scratch, r);
    return !ec && visit(p);
}

template <class Visit>
error_code decode_separated(std::string_view body, std::size_t most, Visit& visit) {
    std::string scratch;
    error_code ec;
    for (std::size_t count = 0;; ++count) {
        if (count == most) return error::too_many_packets;
        std::size_t const end = std::min(body.find(packet_separator), body.size());
        if (!visit_text(body.substr(0, end), scratch, revision::v4, ec, visit)) return ec;
        if (end == body.size()) return {};
        body.remove_prefix(end + 1);
    }
}

template <class Visit>
error_code decode_lengths(std::string_view body, std::size_t most, Visit& visit) {
    std::string scratch;
    error_code ec;
    for (std::size_t count = 0; !body.empty(); ++count) {
        if (count == most) return error::too_many_packets;
        std::size_t units = 0;
        if (!take_length(body, units)) return error::bad_length;
        std::size_t const n = utf8_size_of(body, units);
        if (n == body.npos) return error::bad_length;
        if (!visit_text(body.substr(0, n), scratch, revision::v3, ec, visit)) return ec;
        body.remove_prefix(n);
    }
    return {};
}

template <class Visit>
error_code decode_bytes(std::string_view body, std::size_t most, Visit& visit) {
    for (std::size_t count = 0; !body.empty(); ++count) {
        if (count == most) return error::too_many_packets;
        auto const kind = static_cast<unsigned char>(body.front());
        body.remove_prefix(1);
        std::size_t n = 0;
        if (kind > 1 || !take_binary_length(body, n) || n > body.size()) return error::bad_length;
        std::string_view const frame = body.substr(0, n);
        bool const binary = kind == 1;
        packet_view p;
        if (!binary && !httphooks::detail::is_utf8(frame)) return error::bad_utf8;
        if (auto const ec = read_frame(p, frame, binary, revision::v3)) return ec;
        if (!visit(p)) return {};
        body.remove_prefix(n);
    }
    return {};
}

}  // namespace detail

inline encoded_payload encode_payload(std::vector<packet> const& packets, revision r,
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

template <class Visit>
error_code decode_payload(std::string_view body, revision r, bool binary, Visit visit,
                          std::size_t most) {
    if (body.empty()) return error::empty;
    if (r == revision::v3 && binary) return detail::decode_bytes(body, most, visit);
    if (!httphooks::detail::is_utf8(body)) return error::bad_utf8;
    if (r == revision::v3) return detail::decode_lengths(body, most, visit);
    return detail::decode_separated(body, most, visit);
}

}  // namespace httphooks::engineio
