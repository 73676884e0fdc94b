// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server with an Engine.IO server below /engine.io, and clients that hide nothing.
*/

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>

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
namespace eio = httphooks::engineio;
namespace asio = boost::asio;

/// A server that runs on threads of its own, and notes why sessions end.
class engineio_service {
public:
    explicit engineio_service(eio::options o = {}, unsigned threads = 1)
        : web_(options(threads), hooks_), server_(hooks_.get_executor(), std::move(o)) {
        echo();
    }
    ~engineio_service() { stop(); }

    /// Has messages sent back as they came.
    void echo() {
        on_connection([](eio::connection c) {
            c.on_message([c](std::string_view m, bool binary) mutable {
                binary ? c.send_binary(m) : c.send(m);
            });
        });
    }
    template <class F>
    void on_connection(F f) {
        server_.on_connection([this, f](eio::connection c) {
            c.on_close([this](eio::close_reason why) { note(std::string(to_string(why))); });
            f(c);
        });
    }
    eio::server& server() { return server_; }

    /// Starts to serve, when it has not been done.
    std::uint16_t port() {
        if (!running_) {
            web_.mount(server_);
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
    hh::http::server& web() { return web_; }
    http_peer peer() { return http_peer(port()); }
    http_reply ask(std::string_view method, std::string_view query, field_list const& fields = {},
                   std::string_view body = {}) {
        return peer().ask(method, "/engine.io/" + std::string(query), fields, body);
    }

    void note(std::string what) {
        std::lock_guard const lock(mutex_);
        notes_.push_back(std::move(what));
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
    void stop() {
        if (!running_) return;
        web_.stop();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ended_; });
    }

    asio::io_context context_{1};
    hh::registry hooks_{context_.get_executor()};
    hh::http::server web_;
    eio::server server_;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::vector<std::string> notes_{};
    bool running_ = false;
    bool ended_ = false;
};

/// The id in a packet "open".
inline std::string sid_of(std::string_view open) {
    std::string_view const before = "{\"sid\":\"";
    std::size_t const at = open.find(before);
    if (at == open.npos) return {};
    std::string_view const rest = open.substr(at + before.size());
    return std::string(rest.substr(0, rest.find('"')));
}

/// A client that polls: one connection for GET, one for POST.
class polling_peer {
public:
    explicit polling_peer(engineio_service& s, std::string more = "&EIO=4")
        : more_(std::move(more)), get_(s.port()), post_(s.port()) {
        opened_ = get_.ask("GET", "/engine.io/?transport=polling" + more_);
        sid_ = sid_of(opened_.body);
    }

    http_reply const& opened() const { return opened_; }
    std::string const& sid() const { return sid_; }
    std::string query() const { return "?transport=polling" + more_ + "&sid=" + sid_; }
    std::string target() const { return "/engine.io/" + query(); }

    /// Polls, without waiting for the answer.
    void poll() { get_.send("GET", target()); }
    http_reply answer() { return get_.reply(); }
    http_reply get(field_list const& fields = {}) { return get_.ask("GET", target(), fields); }
    http_reply post(std::string_view body, field_list const& fields = {}) {
        return post_.ask("POST", target(), fields, body);
    }
    http_peer& getter() { return get_; }
    http_peer& poster() { return post_; }

private:
    std::string more_;
    http_peer get_;
    http_peer post_;
    http_reply opened_{};
    std::string sid_{};
};

/// A WebSocket of a client. @param sid of the session that it is to take over
inline websocket_peer engineio_socket(engineio_service& s, std::string const& sid = {},
                                      field_list const& fields = {}, std::string eio = "4") {
    std::string target = "/engine.io/?transport=websocket&EIO=" + eio;
    if (!sid.empty()) target += "&sid=" + sid;
    return websocket_peer(s.port(), target, fields);
}

}  // namespace support
