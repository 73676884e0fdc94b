// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a SockJS client can be told: which transports it tries, how long it waits, how much it
    takes.
*/

#include <httphooks/http/client_stream.hpp>
#include <httphooks/message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace httphooks::websocket {
class message_deflate;
}

namespace httphooks::sockjs {

/// How a client reaches its server.
enum class client_transport : std::uint8_t {
    /// Both ways over a WebSocket.
    websocket,
    /// From the server over a response that goes on, to it by requests.
    xhr_streaming,
    /// From the server over responses of one frame each, to it by requests.
    xhr_polling,
};

/// The options of a client; time limits are sockjs-client's where it has them.
struct client_options {
    /// What is tried, one after the other, until one opens.
    std::vector<client_transport> transports{client_transport::websocket,
                                             client_transport::xhr_streaming,
                                             client_transport::xhr_polling};
    /// Further header fields of all requests, such as Authorization. They are not sent to another
    /// origin that the server names as its base_url.
    fields headers{};
    /// For the request that asks what the server has.
    std::chrono::milliseconds info_timeout{8'000};
    /// The least that a transport is given to open. More when the server is far: twice 4 times the
    /// round trip, or twice 300 ms more than it when it is less than 100 ms.
    std::chrono::milliseconds open_timeout{0};
    /// For a request that carries messages to the server.
    std::chrono::milliseconds send_timeout{30'000};
    /// How long nothing may come from the server, not even a heartbeat; then the connection is
    /// lost. 0: for ever. Servers send heartbeats every 25 s.
    std::chrono::milliseconds heartbeat_timeout{60'000};
    /// How long close() waits until what was sent before has reached the server.
    std::chrono::milliseconds close_timeout{5'000};
    /// Bytes of the header of a response.
    std::size_t header_limit = 16 * 1024;
    /// Bytes of a frame of the server, which holds all messages that waited for the client.
    std::size_t frame_limit = 4 * 1024 * 1024;
    /// Bytes of messages that may wait for the server; a message of any size is taken when nothing
    /// waits.
    std::size_t output_limit = 1024 * 1024;
    /// Bytes of messages that are sent together; a message that is larger goes alone.
    std::size_t batch_limit = 64 * 1024;
    /// Makes the streams for https and wss, see http::tls_streams(); null: they are not supported.
    http::client_stream_factory tls{};
    /// Has messages of WebSockets compressed where the other side takes it: `zlib_deflate()` of
    /// websocket/zlib_deflate.hpp; null: they are not.
    std::shared_ptr<websocket::message_deflate const> per_message_deflate{};
};

}  // namespace httphooks::sockjs
