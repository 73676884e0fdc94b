// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a test that speaks WebSocket over a memory stream needs: a client, frame by frame.
*/

#include <httphooks/websocket/detail/loop.hpp>
#include <httphooks/websocket/frame.hpp>

#include "support/memory_server.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace ws = httphooks::websocket;

/// The request that opens a WebSocket.
inline std::string handshake(std::string_view target, std::string_view more = {}) {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(more) + "\r\n";
}

/// A frame of a client.
inline std::string client_frame(ws::opcode op, std::string_view payload, bool fin = true) {
    std::string out;
    ws::append_frame(out, ws::role::client, op, payload, 0x3d21fa37);
    if (!fin) out[0] = static_cast<char>(out[0] & 0x7f);
    return out;
}

inline std::string client_text(std::string_view payload) {
    return client_frame(ws::opcode::text, payload);
}

inline std::string client_close(unsigned code, std::string_view reason = {}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 255)};
    return client_frame(ws::opcode::close, payload.append(reason));
}

/// What a server has sent, read as a client reads it: "text:...", "close:1000:...".
class frame_log {
public:
    explicit frame_log(std::string bytes) {
        reader_.read(ws::role::client, {.size = 64u << 20, .fragments = 0}, bytes.data(),
                     bytes.size(), *this);
        if (reader_.failure() != ws::close_code::none) seen.push_back("malformed");
    }

    bool on_message(ws::opcode op, std::string_view m) {
        return note((op == ws::opcode::text ? "text:" : "binary:") + std::string(m));
    }
    bool on_ping(std::string_view p) { return note("ping:" + std::string(p)); }
    bool on_pong(std::string_view p) { return note("pong:" + std::string(p)); }
    bool on_close(ws::close_code c, std::string_view r) {
        return note("close:" + std::to_string(static_cast<unsigned>(c)) + ":" + std::string(r));
    }

    std::vector<std::string> seen{};

private:
    bool note(std::string what) {
        seen.push_back(std::move(what));
        return true;
    }

    ws::frame_reader reader_{};
};

/// One event loop with mounts, on memory streams and with a clock that the test moves.
class websocket_server : public memory_server {
public:
    explicit websocket_server(hh::http::options o = {}) : memory_server(std::move(o)) {
        clock_->manual();
    }

    /// A client whose handshake was accepted.
    memory_client open(std::string_view target, std::string_view more = {}) {
        memory_client c = connect();
        c.send(handshake(target, more));
        run();
        take_reply(c);
        return c;
    }

    /// The status line of the reply that a client got, which is forgotten.
    static std::string take_reply(memory_client& c) {
        std::string& all = c.received();
        std::size_t const end = all.find("\r\n\r\n");
        std::string const line = all.substr(0, all.find('\r'));
        all.erase(0, end == all.npos ? end : end + 4);
        return line;
    }

    /// Sends bytes, and gives the frames that come back.
    std::vector<std::string> ask(memory_client& c, std::string_view bytes) {
        c.send(bytes);
        run();
        return frames(c);
    }

    /// The frames that a client got and that were not asked for before.
    std::vector<std::string> frames(memory_client& c) {
        run();
        return frame_log(take(c)).seen;
    }

    /// Lets time pass for WebSockets.
    void pass_time(std::chrono::milliseconds d) {
        for (; d.count() > 0; d -= ws::detail::timer_wheel::resolution) {
            clock_->advance(++tick_);
            run();
        }
    }

    /// How many WebSockets there are.
    std::size_t open_connections() { return clock_->size(); }

private:
    std::shared_ptr<ws::detail::loop> clock_ = ws::detail::loop::of(context);
    ws::detail::loop::tick tick_ = 0;
};

}  // namespace support
