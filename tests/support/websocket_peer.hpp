// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A blocking WebSocket client that hides nothing: one frame at a time.
*/

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/http_peer.hpp"

namespace support {

/// A frame of the server's.
struct websocket_frame {
    /// The opcode; 0 when the connection has ended.
    int op = 0;
    std::string payload{};

    int close_code() const {
        if (payload.size() < 2) return 0;
        return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
    std::string close_reason() const { return payload.size() < 2 ? "" : payload.substr(2); }
};

class websocket_peer {
public:
    websocket_peer(std::uint16_t port, std::string_view target, field_list const& more = {})
        : peer_(port) {
        field_list fields{{"Upgrade", "websocket"},
                          {"Connection", "Upgrade"},
                          {"Sec-WebSocket-Version", "13"},
                          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
        fields.insert(fields.end(), more.begin(), more.end());
        peer_.send("GET", target, fields);
        reply_ = peer_.head();
    }

    http_reply const& reply() const { return reply_; }
    http_peer& peer() { return peer_; }

    /// Sends a frame, masked with zeros.
    void send(std::string_view payload, int op = 1) {
        std::string f(1, static_cast<char>(0x80 | op));
        auto const byte = [&f](std::size_t n) { f.push_back(static_cast<char>(n & 0xff)); };
        if (payload.size() < 126) {
            byte(0x80 | payload.size());
        } else if (payload.size() < 65536) {
            byte(0x80 | 126);
            byte(payload.size() >> 8);
            byte(payload.size());
        } else {
            byte(0x80 | 127);
            for (int shift = 56; shift >= 0; shift -= 8) byte(payload.size() >> shift);
        }
        f.append(4, '\0');
        f.append(payload);
        peer_.send_raw(f);
    }
    void send_close(int code) {
        std::string payload;
        payload.push_back(static_cast<char>(code >> 8));
        payload.push_back(static_cast<char>(code & 0xff));
        send(payload, 8);
    }

    websocket_frame frame() {
        websocket_frame f;
        std::string const head = peer_.bytes(2);
        if (head.size() < 2) return f;
        f.op = head[0] & 0x0f;
        std::size_t n = static_cast<unsigned char>(head[1]) & 0x7f;
        std::size_t const more = n == 126 ? 2 : n == 127 ? 8 : 0;
        if (more > 0) {
            n = 0;
            for (char const c : peer_.bytes(more)) n = n << 8 | static_cast<unsigned char>(c);
        }
        f.payload = peer_.bytes(n);
        return f;
    }

    /// The next text; "<end>" when something else comes. Pings are passed over.
    std::string text() {
        for (;;) {
            websocket_frame const f = frame();
            if (f.op == 9) continue;
            return f.op == 1 ? f.payload : "<end>";
        }
    }

    bool ended() { return peer_.ended(); }

private:
    http_peer peer_;
    http_reply reply_{};
};

}  // namespace support
