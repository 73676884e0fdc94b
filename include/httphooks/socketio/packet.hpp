// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The text of Socket.IO packets: `<type>[<attachments>-][<namespace>,][<id>][<payload>]`. No I/O.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::socketio {

/// What a packet is for; the value is the digit on the wire.
enum class packet_type : std::uint8_t {
    connect = 0,
    disconnect = 1,
    event = 2,
    ack = 3,
    connect_error = 4,
    binary_event = 5,
    binary_ack = 6,
};

/// Whether a packet of this type announces attachments.
constexpr bool is_binary(packet_type t) noexcept {
    return t == packet_type::binary_event || t == packet_type::binary_ack;
}

/// How packets are written.
enum class parser : std::uint8_t {
    /// As text, with attachments beside it: what every client speaks.
    json,
    /// Each in one binary message, as socket.io-msgpack-parser does.
    msgpack,
};

/// A packet without its attachments. The texts are somebody else's.
struct packet_header {
    /// What it is.
    packet_type type = packet_type::event;
    /// The namespace.
    std::string_view nsp = "/";
    /// What an acknowledgement refers to.
    std::optional<std::uint64_t> id{};
    /// How many binary messages follow; of binary types only.
    std::size_t attachments = 0;
    /// JSON text, or nothing.
    std::string_view payload{};
};

/** Reads a packet; the payload is not looked at, but for what may not be there at all.
    @param text outlives the header
    @param most_attachments how many a packet may announce
    @return error::unknown_type, error::bad_attachments, error::too_many_attachments, error::bad_id
        (of more than 19 digits), error::bad_payload (one behind a disconnect)
    @par Source
    Socket.IO protocol 5, "Packet encoding". No attachments at all (`50-["e"]`) are fine */
error_code read_packet(packet_header& to, std::string_view text, std::size_t most_attachments = 10);

/// Appends a packet as read_packet() reads it.
void append_packet(std::string& to, packet_header const& p);

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/packet.ipp>
#endif
