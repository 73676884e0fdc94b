// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server with an Engine.IO server below /engine.io, and clients that hide nothing.
*/

#include <httphooks/engineio/server.hpp>

#include <boost/asio/post.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "support/http_peer.hpp"
#include "support/threaded_host.hpp"
#include "support/websocket_peer.hpp"

namespace support {

namespace eio = httphooks::engineio;

/// An Engine.IO server that echoes, and notes why sessions end.
class engineio_service : public threaded_host {
public:
    explicit engineio_service(eio::options o = {}, unsigned threads = 1)
        : threaded_host(threads), server_(idle_executor(), std::move(o)) {
        echo();
        web().mount(server_);
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
            c.on_close([this](eio::close_reason why) { note(to_string(why)); });
            f(c);
        });
    }
    eio::server& server() { return server_; }

    /// A request to the service.
    http_reply ask(std::string_view method, std::string_view query, field_list const& fields = {},
                   std::string_view body = {}) {
        return threaded_host::ask(method, "/engine.io/" + std::string(query), fields, body);
    }

private:
    eio::server server_;
};

/// Calls a function with a connection, in one turn of its loop after another, while it gives true.
template <class Step>
void go_on(eio::connection c, Step step) {
    if (!step(c)) return;
    boost::asio::post(c.get_executor(),
                      [c, s = std::move(step)]() mutable { go_on(c, std::move(s)); });
}

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
