// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where a request came from: transport, peer, TLS, and for sockets the handshake.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/ip/basic_endpoint.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace boost::asio::ip {
class tcp;
}  // namespace boost::asio::ip

namespace httphooks {

/// How a request reached the hooks.
enum class transport : std::uint8_t { http, sockjs, socketio, websocket, inject };

/// The transport's name: "http", "sockjs", "socketio", "websocket" or "inject".
constexpr std::string_view to_string(transport t) noexcept {
    switch (t) {
        case transport::http:
            return "http";
        case transport::sockjs:
            return "sockjs";
        case transport::socketio:
            return "socketio";
        case transport::websocket:
            return "websocket";
        case transport::inject:
            return "inject";
    }
    return "";
}

/// Sends messages to a client's socket, whenever; implemented by transports.
struct push_target {
    /// Sends a message, from any thread. @return false when it is not sent
    virtual bool push(std::string_view message) = 0;

protected:
    ~push_target() = default;
};

/** Where a request came from. What a client claims in a message cannot change it.

    A default-constructed origin is plain HTTP from an unknown peer.
*/
class origin {
public:
    /// An address and a port: asio::ip::tcp::endpoint.
    using endpoint = asio::ip::basic_endpoint<asio::ip::tcp>;

    origin() = default;

    /** @param via how the request came
        @param peer the client's address; behind a trusted proxy the one that the proxy gives
        @param tls whether the client came by TLS; behind a trusted proxy what the proxy says
        @param handshake for sockets the request that opened them, else null
        @param socket for sockets what sends to the client, else null
        @param proxied whether a proxy that is trusted passed the request on
    */
    explicit origin(httphooks::transport via, endpoint peer = {}, bool tls = false,
                    std::shared_ptr<request const> handshake = nullptr,
                    std::shared_ptr<push_target> socket = nullptr, bool proxied = false)
        : handshake_(std::move(handshake)),
          socket_(std::move(socket)),
          peer_(std::move(peer)),
          via_(via),
          tls_(tls),
          proxied_(proxied) {}

    /// How the request came.
    httphooks::transport transport() const noexcept { return via_; }

    /// The client's address and port.
    endpoint const& peer() const noexcept { return peer_; }

    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool tls() const noexcept { return tls_; }

    /// Whether a trusted proxy passed the request on: it may be believed what it says.
    bool proxied() const noexcept { return proxied_; }

    /// The request that opened the client's socket; null for plain HTTP.
    std::shared_ptr<request const> const& handshake() const noexcept { return handshake_; }

    /** Sends a message to the client's socket; keep a copy of the origin to do so later. From any
        thread.
        @return false when there is no socket, or the message is not sent */
    bool push(std::string_view message) const { return socket_ && socket_->push(message); }

private:
    std::shared_ptr<request const> handshake_;
    std::shared_ptr<push_target> socket_;
    endpoint peer_;
    httphooks::transport via_ = httphooks::transport::http;
    bool tls_ = false;
    bool proxied_ = false;
};

}  // namespace httphooks
