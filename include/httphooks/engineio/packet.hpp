// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Engine.IO packets, one in each WebSocket message. No I/O.
*/

#include <httphooks/detail/text/base64.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/engineio/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio {

/// The revision of the protocol that a client speaks, as in the query's EIO.
enum class revision : std::uint8_t {
    /// That of Socket.IO 1 and 2.
    v3 = 3,
    /// That of Socket.IO 3 and 4.
    v4 = 4,
};

/// What a packet is for; the value is the digit on the wire.
enum class packet_type : std::uint8_t {
    open = 0,
    close = 1,
    ping = 2,
    pong = 3,
    message = 4,
    upgrade = 5,
    noop = 6,
};

/// A packet that somebody else keeps.
struct packet_view {
    /// What it is.
    packet_type type = packet_type::message;
    /// Whether data is bytes and not UTF-8; messages only.
    bool binary = false;
    /// What it carries: UTF-8, or bytes.
    std::string_view data{};
    /// Whether a poll's reply is worth compressing for it.
    bool compress = true;
};

/// A packet.
struct packet {
    /// What it is.
    packet_type type = packet_type::message;
    /// Whether data is bytes and not UTF-8; messages only.
    bool binary = false;
    /// What it carries: UTF-8, or bytes.
    std::string data{};
    /// Whether a poll's reply is worth compressing for it.
    bool compress = true;

    /// An empty message.
    packet() = default;
    /// A packet of all that there is to it.
    packet(packet_type t, bool b, std::string d, bool c = true)
        : type(t), binary(b), data(std::move(d)), compress(c) {}
    /// A copy.
    explicit packet(packet_view p) : packet(p.type, p.binary, std::string(p.data), p.compress) {}

    /// The packet, good as long as this one is not changed.
    packet_view view() const noexcept { return {type, binary, data, compress}; }
};

/// The digit of a type.
constexpr char digit_of(packet_type t) noexcept {
    return static_cast<char>('0' + static_cast<int>(t));
}

/** Appends what a WebSocket message carries; a binary packet goes into a binary message.
    @par Source
    Engine.IO protocol 4, "Packet encoding"; of revision 3 binary packets begin with the type as a
    byte */
void append_frame(std::string& to, packet_view p, revision r = revision::v4);

/** Reads the packet in a WebSocket message.
    @param frame outlives the packet
    @param binary whether the message was a binary one
    @return error::empty, error::unknown_type */
error_code read_frame(packet_view& to, std::string_view frame, bool binary,
                      revision r = revision::v4);

/** Reads the packet in a text, in which bytes are base64: `4text` or `bAAEC`, in revision 3
    `b4AAEC`.
    @param scratch holds the bytes then
    @return error::empty, error::unknown_type, error::bad_base64 */
error_code read_text(packet_view& to, std::string_view text, std::string& scratch,
                     revision r = revision::v4);

/// Appends a packet as read_text() reads it.
void append_text(std::string& to, packet_view p, revision r = revision::v4);

/** Reads the packet in a WebSocket message, whether its bytes come as such or as base64 in a text.
    @param message outlives the packet
    @param binary whether the message was a binary one
    @param scratch see read_text()
    @return error::empty, error::unknown_type, error::bad_base64 */
error_code read_message(packet_view& to, std::string_view message, bool binary,
                        std::string& scratch, revision r = revision::v4);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// The type that a digit stands for. @return whether there is one
constexpr bool read_type(packet_type& to, char digit) noexcept {
    if (digit < '0' || digit > '6') return false;
    to = static_cast<packet_type>(digit - '0');
    return true;
}

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

inline void append_frame(std::string& to, packet_view p, revision r) {
    if (!p.binary)
        to.push_back(digit_of(p.type));
    else if (r == revision::v3)
        to.push_back(static_cast<char>(p.type));
    to.append(p.data);
}

inline error_code read_frame(packet_view& to, std::string_view frame, bool binary, revision r) {
    to = {packet_type::message, binary, frame};
    if (binary && r == revision::v4) return {};
    if (frame.empty()) return error::empty;
    char const first = binary ? static_cast<char>(frame[0] + '0') : frame[0];
    if (!detail::read_type(to.type, first)) return error::unknown_type;
    to.data.remove_prefix(1);
    return {};
}

inline error_code read_text(packet_view& to, std::string_view text, std::string& scratch,
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

inline error_code read_message(packet_view& to, std::string_view message, bool binary,
                               std::string& scratch, revision r) {
    return binary ? read_frame(to, message, true, r) : read_text(to, message, scratch, r);
}

inline void append_text(std::string& to, packet_view p, revision r) {
    if (!p.binary) return append_frame(to, p, r);
    to.push_back('b');
    if (r == revision::v3) to.push_back(digit_of(p.type));
    httphooks::detail::append_base64(to, p.data);
}

}  // namespace httphooks::engineio
