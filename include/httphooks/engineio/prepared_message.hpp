// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Messages that are framed once, for any number of connections.
*/

#include <httphooks/engineio/packet.hpp>
#include <httphooks/websocket/connection.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

/** Messages that stay together. Copies share them.

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
    std::vector<websocket::prepared_message> const& frames() const noexcept {
        return state_->frames;
    }

private:
    struct state {
        std::vector<packet> packets;
        std::vector<websocket::prepared_message> frames;
    };

    std::shared_ptr<state const> state_;
};

// ---------------------------------------------------------------------------------------------

inline prepared_message::prepared_message(std::vector<packet> messages) {
    auto made = std::make_shared<state>();
    made->packets = std::move(messages);
    std::string frame;
    for (packet const& p : made->packets) {
        frame.clear();
        append_frame(frame, p.view());
        made->frames.emplace_back(frame, p.binary);
    }
    state_ = std::move(made);
}

inline prepared_message::prepared_message(std::string_view data, bool binary, bool compress)
    : prepared_message(std::vector<packet>(
          1, packet(packet_type::message, binary, std::string(data), compress))) {}

}  // namespace httphooks::engineio
