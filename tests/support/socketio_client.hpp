// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A Socket.IO client that notes what it is told, and a server that says what a test wants.
*/

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/socketio/client.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/client_subject.hpp"

namespace support {

namespace asio = boost::asio;
namespace hh = httphooks;
namespace eio = httphooks::engineio;
namespace sio = httphooks::socketio;

inline std::string socketio_url(std::uint16_t port, std::string_view rest = "") {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(rest);
}

/// Options of a client that comes back at once.
inline sio::client_options eager() {
    sio::client_options o;
    o.reconnection_delay = std::chrono::milliseconds(1);
    o.reconnection_delay_max = std::chrono::milliseconds(5);
    return o;
}

/// A client on a context of its own, that notes what it is told.
struct socketio_subject : client_subject<sio::client, sio::client_socket> {
    explicit socketio_subject(sio::client_options o = eager()) : client_subject(std::move(o)) {}

    /// Notes what a socket is told.
    void watch(sio::client_socket const& s) {
        std::string const at = s.nsp() == "/" ? "" : s.nsp() + " ";
        s.on_connect([this, at, s] { log.push_back(at + "connect" + (s.recovered() ? "!" : "")); });
        s.on_connect_error([this, at](sio::connect_error const& why) {
            log.push_back(at + "connect_error:" + why.message);
            errors.push_back(why);
        });
        s.on_disconnect([this, at](sio::client_disconnect_reason why) {
            log.push_back(at + "disconnect:" + std::string(to_string(why)));
        });
        s.on_error([this, at](sio::socket_error const& what) {
            log.push_back(at + "error:" + what.event + ":" + what.message);
        });
        s.on_any([this, at](std::string_view name, sio::arguments const& a) {
            log.push_back(at + std::string(name) + a.to_json().dump());
        });
    }
    sio::client_socket watched(std::string_view nsp = "/") {
        auto const s = client.of(nsp);
        watch(s);
        return s;
    }

    std::vector<sio::connect_error> errors{};
};

/// An Engine.IO server below /socket.io on the context of a client.
class scripted_socketio {
public:
    using list = std::vector<std::string>;

    /// @param answer gives the Socket.IO packets that are sent back for one
    scripted_socketio(asio::io_context& context,
                      std::function<list(std::string const& packet)> answer)
        : hooks_(context.get_executor()),
          web_(context.get_executor(), hooks_, options()),
          sessions_(context.get_executor(), {.path = "/socket.io"}) {
        sessions_.on_connection([this, answer](eio::connection c) {
            connection_ = c;
            c.on_message([this, answer](std::string_view m, bool) {
                got.emplace_back(m);
                for (auto const& a : answer(got.back())) connection_->send(a);
            });
        });
        web_.mount(sessions_);
        web_.listen();
        web_.async_run(asio::detached);
    }
    ~scripted_socketio() { web_.stop(); }

    std::string url(std::string_view rest = "") const { return socketio_url(web_.port(), rest); }
    /// The last one.
    eio::connection& connection() { return *connection_; }

    /// What came.
    list got{};

private:
    static hh::http::options options() {
        hh::http::options o;
        o.address = "127.0.0.1";
        return o;
    }

    hh::registry hooks_;
    hh::http::server web_;
    eio::server sessions_;
    std::optional<eio::connection> connection_{};
};

}  // namespace support
