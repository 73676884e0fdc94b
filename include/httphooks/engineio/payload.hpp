// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Engine.IO payloads: several packets in the body of a request or a response. No I/O.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/packet.hpp>

#include <string>
#include <string_view>
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
    inline error_code read_separated(packet_view& to);
    inline error_code read_text_behind_length(packet_view& to);
    inline error_code read_bytes_behind_length(packet_view& to);

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

}  // namespace detail

template <class Visit>
error_code decode_payload(std::string_view body, revision r, bool binary, Visit visit) {
    payload_reader reader(body, r, binary);
    packet_view p;
    while (reader.next(p))
        if (!visit(p)) return {};
    return reader.failure();
}

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/payload.ipp>
#endif
