// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/prepared_message.hpp>

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

namespace detail {

HTTPHOOKS_DECL bool append_message(std::string& to, packet_view p, message_style s) {
    if (s.base64)
        append_text(to, p, s.protocol);
    else
        append_frame(to, p, s.protocol);
    return p.binary && !s.base64;
}

HTTPHOOKS_DECL std::size_t size_of(std::span<packet const> packets) noexcept {
    std::size_t n = 0;
    for (packet const& p : packets) n += p.data.size() + 1;
    return n;
}

HTTPHOOKS_DECL websocket::prepared_message frames_of(std::span<packet const> packets,
                                                     message_style s) {
    std::vector<std::string> written(packets.size());
    std::vector<websocket::message> messages;
    messages.reserve(packets.size());
    for (std::size_t i = 0; i < packets.size(); ++i) {
        bool const binary = append_message(written[i], packets[i].view(), s);
        messages.push_back({written[i], binary, packets[i].compress});
    }
    return websocket::prepared_message(messages);
}

}  // namespace detail

struct prepared_message::state {
    std::vector<packet> packets;
    websocket::prepared_message frames;
};

HTTPHOOKS_DECL std::vector<packet> const& prepared_message::packets() const noexcept {
    return state_->packets;
}

HTTPHOOKS_DECL websocket::prepared_message const& prepared_message::frames() const noexcept {
    return state_->frames;
}

HTTPHOOKS_DECL prepared_message::prepared_message(std::vector<packet> messages) {
    auto frames = detail::frames_of(messages, {});
    state_ = std::make_shared<state const>(state{std::move(messages), std::move(frames)});
}

HTTPHOOKS_DECL prepared_message::prepared_message(std::string_view data, bool binary, bool compress)
    : prepared_message(std::vector<packet>(
          1, packet(packet_type::message, binary, std::string(data), compress))) {}

}  // namespace httphooks::engineio
