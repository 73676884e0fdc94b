// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server with a Socket.IO server below /socket.io, and clients that hide nothing.
*/

#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/socketio/server.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/http_peer.hpp"
#include "support/websocket_peer.hpp"

namespace support {

namespace hh = httphooks;
namespace sio = httphooks::socketio;
namespace asio = boost::asio;

/// A server that runs on threads of its own, and a place for notes.
class socketio_service {
public:
    explicit socketio_service(sio::options o = {}, unsigned threads = 1)
        : web_(options(threads), hooks_), io_(web_.get_executor(), std::move(o)) {}
    ~socketio_service() { stop(); }

    sio::server const& io() { return io_; }
    hh::http::server& web() { return web_; }

    /// Starts to serve, when it has not been done.
    std::uint16_t port() {
        if (!running_) {
            web_.mount(io_);
            web_.listen();
            web_.async_run([this](hh::error_code) {
                std::lock_guard const lock(mutex_);
                ended_ = true;
                changed_.notify_all();
            });
            running_ = true;
        }
        return web_.port();
    }
    http_peer peer() { return http_peer(port()); }
    void stop() {
        if (!std::exchange(running_, false)) return;
        web_.stop();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ended_; });
    }

    void note(std::string_view what) {
        std::lock_guard const lock(mutex_);
        notes_.emplace_back(what);
        changed_.notify_all();
    }
    /// The next note; empty when none comes in time.
    std::string next_note() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !notes_.empty(); }))
            return {};
        std::string first = notes_.front();
        notes_.erase(notes_.begin());
        return first;
    }
    std::size_t note_count() {
        std::lock_guard const lock(mutex_);
        return notes_.size();
    }

private:
    static hh::http::options options(unsigned threads) {
        hh::http::options o;
        o.address = "127.0.0.1";
        o.threads = threads;
        o.max_connections = 20'000;
        return o;
    }

    asio::io_context context_{1};
    hh::registry hooks_{context_.get_executor()};
    hh::http::server web_;
    sio::server io_;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::vector<std::string> notes_{};
    bool running_ = false;
    bool ended_ = false;
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

}  // namespace support
