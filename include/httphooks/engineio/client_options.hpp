// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What an Engine.IO client can be told: which transports it tries, how long it waits, how much it
    takes.
*/

#include <httphooks/engineio/transport_kind.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/message.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace httphooks::websocket {
class message_deflate;
}

namespace httphooks::engineio {

/// The options of a client.
struct client_options {
    /// What is tried, one after the other, until one opens. With polling before websocket the
    /// session goes over to a WebSocket once it is open.
    std::vector<transport_kind> transports{transport_kind::websocket, transport_kind::polling};
    /// Whether a session that polls goes over to a WebSocket that is among what is not tried yet.
    bool upgrade = true;
    /// Further header fields of all requests, such as Authorization.
    fields headers{};
    /// What one transport is given to open, and an upgrade to succeed.
    std::chrono::milliseconds open_timeout{20'000};
    /// For a request that carries messages to the server.
    std::chrono::milliseconds send_timeout{30'000};
    /// How long close() waits until what was sent before has reached the server.
    std::chrono::milliseconds close_timeout{5'000};
    /// Bytes of the header of a response.
    std::size_t header_limit = 16 * 1024;
    /// Bytes of a payload of the server, which holds all messages that waited for the client, or of
    /// a WebSocket message.
    std::size_t payload_limit = 16 * 1024 * 1024;
    /// Bytes that may wait for the server; a message of any size is taken when nothing waits.
    std::size_t output_limit = 1024 * 1024;
    /// Makes the streams for https and wss, see http::tls_streams(); null: they are not supported.
    http::client_stream_factory tls{};
    /// Has messages of WebSockets compressed where the other side takes it: `zlib_deflate()` of
    /// websocket/zlib_deflate.hpp; null: they are not.
    std::shared_ptr<websocket::message_deflate const> per_message_deflate{};
};

}  // namespace httphooks::engineio
