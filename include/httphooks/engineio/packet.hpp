// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Engine.IO packets, one in each WebSocket message. No I/O.
*/

#include <httphooks/config.hpp>
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
    /// Whether it is worth compressing: a poll's reply for it, or itself in a WebSocket.
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
    /// Whether it is worth compressing: a poll's reply for it, or itself in a WebSocket.
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

}  // namespace detail

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/packet.ipp>
#endif
