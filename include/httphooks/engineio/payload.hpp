// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Engine.IO payloads: several packets in the body of a request or a response. No I/O.
*/

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

/** Reads a payload packet by packet, of which there may be any number; takes time in proportion to
    its bytes. */
class payload_reader {
public:
    /// @param body outlives the reader
    /// @param binary whether it came as bytes; revision 3 only
    payload_reader(std::string_view body, revision r, bool binary);

    /** Reads the next packet, which is good until the next call.
        @return whether there is one; see failure() */
    bool next(packet_view& to);
    /// Whether the packets that were read are all.
    bool at_end() const noexcept { return ended_; }
    /// What is wrong with the packet behind those that were read; nothing at the end.
    error_code failure() const noexcept { return failure_; }

private:
    error_code read_separated(packet_view& to);
    error_code read_text_behind_length(packet_view& to);
    error_code read_bytes_behind_length(packet_view& to);

    std::string_view rest_;
    std::string scratch_{};
    error_code failure_{};
    revision revision_;
    bool binary_;
    bool ended_ = false;
};

/** Decodes a payload, packet by packet; see payload_reader.
    @param visit called with each packet_view, good until it returns; gives whether to go on
    @return what is wrong with the packet behind those that were visited; nothing else is: the end
        of the payload, or that `visit` gave false */
template <class Visit>
error_code decode_payload(std::string_view body, revision r, bool binary, Visit visit);

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

inline payload_reader::payload_reader(std::string_view body, revision r, bool binary)
    : rest_(body), revision_(r), binary_(r == revision::v3 && binary) {
    if (body.empty())
        failure_ = error::empty;
    else if (!binary_ && !httphooks::detail::is_utf8(body))
        failure_ = error::bad_utf8;
}

inline bool payload_reader::next(packet_view& to) {
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

template <class Visit>
error_code decode_payload(std::string_view body, revision r, bool binary, Visit visit) {
    payload_reader reader(body, r, binary);
    packet_view p;
    while (reader.next(p))
        if (!visit(p)) return {};
    return reader.failure();
}

}  // namespace httphooks::engineio
