// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server with a Socket.IO server below /socket.io, and clients that hide nothing.
*/

#include <httphooks/socketio/server.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/threaded_host.hpp"
#include "support/websocket_peer.hpp"

namespace support {

namespace sio = httphooks::socketio;

/// A Socket.IO server.
class socketio_service : public threaded_host {
public:
    explicit socketio_service(sio::options o = {}, unsigned threads = 1,
                              std::uint64_t bodies_in_memory = 0)
        : threaded_host(threads, bodies_in_memory), io_(web().get_executor(), std::move(o)) {
        web().mount(io_);
    }
    ~socketio_service() { stop(); }

    sio::server const& io() { return io_; }

private:
    sio::server io_;
};

/// The text of a member in a JSON text without escapes.
inline std::string text_member(std::string_view json, std::string_view name) {
    std::string const before = "\"" + std::string(name) + "\":\"";
    std::size_t const at = json.find(before);
    if (at == json.npos) return {};
    std::string_view const rest = json.substr(at + before.size());
    return std::string(rest.substr(0, rest.find('"')));
}

/// A client over WebSocket that sends and gets packets as they are.
class socketio_peer {
public:
    explicit socketio_peer(socketio_service& s, std::string_view query = {},
                           std::string_view eio = "4")
        : socket_(s.port(),
                  "/socket.io/?transport=websocket&EIO=" + std::string(eio) + std::string(query)) {
        opened_ = socket_.text();
    }

    /// The Engine.IO packet "open".
    std::string const& opened() const { return opened_; }
    std::string engine_id() const { return text_member(opened_, "sid"); }

    /// Sends a Socket.IO packet.
    void send(std::string_view packet) { socket_.send('4' + std::string(packet)); }
    void send_bytes(std::string_view bytes) { socket_.send(bytes, 2); }

    /// The next Socket.IO packet; bytes as they are; "<end>" when the connection is closed.
    std::string get() {
        for (;;) {
            websocket_frame f = socket_.frame();
            if (f.op == 9) continue;
            if (f.op == 2) return f.payload;
            if (f.op != 1) return "<end>";
            if (f.payload == "2") {
                socket_.send("3");
                continue;
            }
            if (!f.payload.starts_with('4')) return f.payload;
            return f.payload.substr(1);
        }
    }
    /// Sends a packet, and gets the next one.
    std::string ask(std::string_view packet) {
        send(packet);
        return get();
    }
    /// Joins a namespace. @return the id; empty when it is not there
    std::string join(std::string_view packet = "0") {
        joined_ = ask(packet);
        return text_member(joined_, "sid");
    }
    /// What join() got.
    std::string const& joined() const { return joined_; }

    websocket_peer& socket() { return socket_; }

private:
    websocket_peer socket_;
    std::string opened_{};
    std::string joined_{};
};

/// A client that polls, and sends and gets payloads as they are.
class socketio_poller {
public:
    explicit socketio_poller(socketio_service& s) : get_(s.port()), post_(s.port()) {
        target_ = "/socket.io/?transport=polling&EIO=4";
        target_ += "&sid=" + text_member(get_.ask("GET", target_).body, "sid");
    }

    std::string get() { return get_.ask("GET", target_).body; }
    /// Polls, without waiting for the answer.
    void poll() { get_.send("GET", target_); }
    std::string answer() { return get_.reply().body; }
    /// @return "ok", unless the request is refused
    std::string post(std::string_view payload) {
        return post_.ask("POST", target_, {}, payload).body;
    }

private:
    http_peer get_;
    http_peer post_;
    std::string target_{};
};

/// The messages of a payload.
inline std::vector<std::string> messages_of(std::string_view payload) {
    std::vector<std::string> all;
    for (std::size_t end = 0; end != payload.npos;) {
        end = payload.find('\x1e');
        all.emplace_back(payload.substr(0, end));
        if (end != payload.npos) payload.remove_prefix(end + 1);
    }
    return all;
}

}  // namespace support
