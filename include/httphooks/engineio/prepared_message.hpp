// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Messages that are framed once, for any number of connections.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/packet.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::websocket {
class prepared_message;
}

namespace httphooks::engineio {

/** Messages that stay together: all of them are sent, or none. Copies share them.

    @par Thread safety
    All threads. */
class prepared_message {
public:
    /// One message. @param binary whether data is bytes and not UTF-8
    /// @param compress whether it is worth compressing: a poll's reply for it, or itself in a
    /// WebSocket
    explicit prepared_message(std::string_view data, bool binary = false, bool compress = true);
    /// Several messages; nothing comes between them.
    explicit prepared_message(std::vector<packet> messages);

    /// The messages.
    std::vector<packet> const& packets() const noexcept;
    /// Their frames, of revision 4.
    websocket::prepared_message const& frames() const noexcept;

private:
    struct state;

    std::shared_ptr<state const> state_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// How packets are written into the messages of a WebSocket.
struct message_style {
    revision protocol = revision::v4;
    /// Whether bytes go as base64 in a text: the client takes no binary messages.
    bool base64 = false;

    bool operator==(message_style const&) const = default;
};

/// Appends what a WebSocket message carries. @return whether it is a binary one
bool append_message(std::string& to, packet_view p, message_style s);

/// The bytes of packets that wait, each with its type.
std::size_t size_of(std::span<packet const> packets) noexcept;

/// Packets, framed together.
websocket::prepared_message frames_of(std::span<packet const> packets, message_style s);

}  // namespace detail

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/prepared_message.ipp>
#endif
