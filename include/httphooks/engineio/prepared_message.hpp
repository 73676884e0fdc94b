// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Messages that are framed once, for any number of connections.
*/

#include <httphooks/engineio/packet.hpp>
#include <httphooks/websocket/connection.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

/** Messages that stay together: all of them are sent, or none. Copies share them.

    @par Thread safety
    All threads. */
class prepared_message {
public:
    /// One message. @param binary whether data is bytes and not UTF-8
    /// @param compress whether a poll's reply is worth compressing for it
    explicit prepared_message(std::string_view data, bool binary = false, bool compress = true);
    /// Several messages; nothing comes between them.
    explicit prepared_message(std::vector<packet> messages);

    /// The messages.
    std::vector<packet> const& packets() const noexcept { return state_->packets; }
    /// Their frames, of revision 4.
    websocket::prepared_message const& frames() const noexcept { return state_->frames; }

private:
    struct state {
        std::vector<packet> packets;
        websocket::prepared_message frames;
    };

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
inline bool append_message(std::string& to, packet_view p, message_style s) {
    if (s.base64)
        append_text(to, p, s.protocol);
    else
        append_frame(to, p, s.protocol);
    return p.binary && !s.base64;
}

/// The bytes of packets that wait, each with its type.
inline std::size_t size_of(std::span<packet const> packets) noexcept {
    std::size_t n = 0;
    for (packet const& p : packets) n += p.data.size() + 1;
    return n;
}

/// Packets, framed together.
inline websocket::prepared_message frames_of(std::span<packet const> packets, message_style s) {
    std::vector<std::string> written(packets.size());
    std::vector<websocket::message> messages;
    messages.reserve(packets.size());
    for (std::size_t i = 0; i < packets.size(); ++i) {
        bool const binary = append_message(written[i], packets[i].view(), s);
        messages.push_back({written[i], binary});
    }
    return websocket::prepared_message(messages);
}

}  // namespace detail

inline prepared_message::prepared_message(std::vector<packet> messages) {
    auto frames = detail::frames_of(messages, {});
    state_ = std::make_shared<state const>(state{std::move(messages), std::move(frames)});
}

inline prepared_message::prepared_message(std::string_view data, bool binary, bool compress)
    : prepared_message(std::vector<packet>(
          1, packet(packet_type::message, binary, std::string(data), compress))) {}

}  // namespace httphooks::engineio
