// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a SockJS server can be told.
*/

#include <httphooks/message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::websocket {
class message_deflate;
}

namespace httphooks::sockjs {

/// What happens when more waits for a client than options::queue_bytes or queue_messages allow.
enum class overflow_policy : std::uint8_t {
    /// The connection is closed with close_code::policy; what waits is dropped.
    close,
    /// The message that does not fit is dropped, and send() says so.
    drop,
};

/** The options of a SockJS server; the delays and response_limit are those of sockjs-node. */
struct options {
    /// Where the server is mounted: begins with `/`, does not end with it.
    std::string prefix = "/sockjs";

    /// How often a connection on which nothing happens gets a heartbeat; 0: never.
    std::chrono::milliseconds heartbeat_delay{25'000};
    /// How long a session may be without a receiver; then it is over.
    std::chrono::milliseconds disconnect_delay{5'000};
    /// How long a WebSocket client may take to answer a heartbeat that was written; then it is
    /// closed with 3000, "No response from heartbeat".
    std::chrono::milliseconds pong_timeout{10'000};
    /// Bytes of frames after which a streaming response ends, and the client opens the next.
    std::size_t response_limit = 128 * 1024;
    /// A message delays the next heartbeat; sockjs-node's heartbeats come regardless.
    bool messages_delay_heartbeat = false;
    /// WebSocket clients get `h` frames besides pings.
    bool websocket_heartbeat_frames = false;
    /// Clients of the raw WebSocket get pings, too.
    bool raw_websocket_pings = false;

    /// Whether the WebSocket transport is there.
    bool websocket = true;
    /// Whether WebSocket without SockJS framing is there, at prefix/websocket.
    bool raw_websocket = true;
    /// Has messages of WebSockets compressed where the other side takes it: `zlib_deflate()` of
    /// websocket/zlib_deflate.hpp; null: they are not.
    std::shared_ptr<websocket::message_deflate const> per_message_deflate{};
    /// Whether the transports that load scripts are there: htmlfile and JSONP.
    bool script_transports = true;

    /// The client library for the iframe page: the same version as the page's own.
    std::string sockjs_url = "/sockjs.min.js";
    /// Origins that may embed the iframe page (Content-Security-Policy frame-ancestors); empty:
    /// any.
    std::string frame_ancestors{};
    /// Where clients send their requests instead of the prefix; empty: not said.
    std::string base_url{};

    /// Sessions have a cookie JSESSIONID, for load balancers that go by it.
    bool jsessionid = false;
    /// What follows `path=/` in the cookie, as "SameSite=None; Secure".
    std::string jsessionid_attributes{};
    /// Makes the cookie's value when the client has none; "dummy" without.
    std::function<std::string(request const&)> jsessionid_value{};

    /// Whether replies carry the fields of cross-origin resource sharing.
    bool cors = true;
    /// Origins of pages that may connect, as "https://example.org"; empty: all.
    std::vector<std::string> origins{};
    /// Decides in place of `origins`, which are not given then.
    std::function<bool(std::string_view origin)> allow_origin{};
    /// A session can be used from the address that opened it only.
    bool bind_to_address = false;

    /// Bytes of a request's body, or of a WebSocket message; beyond them 413, or close 1009.
    std::size_t message_limit = 1024 * 1024;
    /// Bytes that may wait for a client behind what waits already; whatever one turn of the event
    /// loop sends is taken when nothing waits.
    std::size_t queue_bytes = 1024 * 1024;
    /// Messages that may wait behind what waits already, but for WebSockets.
    std::size_t queue_messages = 10'000;
    /// What happens beyond.
    overflow_policy overflow = overflow_policy::close;
    /// Bytes that messages of a client, and its requests with them, may take while they wait since
    /// the application pauses reading; behind more, requests get 503. A message counts some 40 and
    /// a request 1,024 bytes beside the text.
    std::size_t inbound_bytes = 256 * 1024;
    /// Sessions of the server; further ones get 503.
    std::size_t max_sessions = 100'000;
    /// Sessions of one client address, loopback exempt; further ones get 503.
    std::size_t max_sessions_per_address = 1'000;
};

}  // namespace httphooks::sockjs
