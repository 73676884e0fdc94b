// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What an Engine.IO server can be told.
*/

#include <httphooks/engineio/content_coding.hpp>
#include <httphooks/http/cors_policy.hpp>
#include <httphooks/message.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace httphooks::websocket {
class message_deflate;
}

namespace httphooks::engineio {

/// What happens when more waits for a client than options::queue_bytes or queue_packets allow. What
/// stays together, such as a Socket.IO packet with its attachments, is taken whole or not at all.
enum class overflow_policy : std::uint8_t {
    /// The session ends with close_reason::transport_close; what waits is dropped.
    close,
    /// What does not fit is dropped, and send() says so.
    drop,
};

/// The cookie that names the session, for load balancers that go by it.
struct cookie_options {
    /// Its name.
    std::string name = "io";
    /// Its value is the session's id, which pages cannot read.
    bool http_only = true;
    /// Where it is sent to; empty: not said.
    std::string path = "/";
    /// "Strict", "Lax" or "None"; empty: not said.
    std::string same_site = "Lax";
    /// Only over TLS.
    bool secure = false;
    /// The hosts that it is sent to; empty: not said.
    std::string domain{};
    /// How long it is kept; nothing: as long as the browser runs.
    std::optional<std::chrono::seconds> max_age{};
};

/** The options of an Engine.IO server; delays and limits are those of engine.io 6.6. */
struct options {
    /// Where the server is mounted: begins with `/`, does not end with it.
    std::string path = "/engine.io";
    /// Whether clients add a slash to the path, as they do unless they are told otherwise; else
    /// both are served, the path with the slash and without it.
    bool add_trailing_slash = true;

    /// Whether the transport of requests and responses is there.
    bool polling = true;
    /// Whether the transport of WebSockets is there.
    bool websocket = true;
    /// Whether a client may go from polling to WebSocket.
    bool allow_upgrades = true;
    /// Whether clients of revision 3 may connect, those of Socket.IO 1 and 2.
    bool allow_eio3 = false;

    /// How long after a pong the next ping is sent; revision 3: how often the client sends one.
    std::chrono::milliseconds ping_interval{25'000};
    /// How long the client may take to answer a ping; then the session ends.
    std::chrono::milliseconds ping_timeout{20'000};
    /// How long an upgrade may take; then its WebSocket is closed, and polling goes on.
    std::chrono::milliseconds upgrade_timeout{10'000};
    /// How often a poll is answered with nothing while an upgrade is under way.
    std::chrono::milliseconds upgrade_poll_interval{100};
    /// How long a session that was closed waits for the poll that learns of it.
    std::chrono::milliseconds close_timeout{30'000};
    /// How long a session waits for that poll when the server drains. An http::server that drains
    /// takes no connections: only clients with a request under way learn of the end.
    std::chrono::milliseconds drain_timeout{1'000};

    /// Bytes of a request's body, or of a WebSocket message; beyond them 413, or close 1009.
    std::size_t max_payload = 1'000'000;
    /// Bytes that may wait for a client behind what it was given and does not take. What is sent at
    /// once, in one turn of the event loop, is given to it when nothing waits, whatever its size;
    /// so is what comes next, when nothing waits behind that.
    std::size_t queue_bytes = 1024 * 1024;
    /// Messages that may wait so for a client that polls; several that stay together count as one.
    std::size_t queue_packets = 1024;
    /// What happens beyond.
    overflow_policy overflow = overflow_policy::close;
    /// How replies to polls are compressed: `compression = zlib_compression()` of
    /// engineio/zlib_compression.hpp; without it they are not.
    engineio::compression compression{};
    /// Has messages of WebSockets compressed where the other side takes it: `zlib_deflate()` of
    /// websocket/zlib_deflate.hpp; null: they are not.
    std::shared_ptr<websocket::message_deflate const> per_message_deflate{};
    /// Sessions of the server; further ones get 503.
    std::size_t max_sessions = 100'000;
    /// Sessions of one client address, loopback exempt; further ones get 503.
    std::size_t max_sessions_per_address = 1'000;

    /// Which pages of other origins may connect. Nothing: replies have no fields of cross-origin
    /// resource sharing, and WebSockets of any origin are accepted. Otherwise a WebSocket of an
    /// origin that may not connect is refused with 403; a poll is answered, and the browser keeps
    /// the answer from the page.
    std::optional<http::cors_options> cors{};
    /// The cookie that a handshake's reply sets; nothing: none.
    std::optional<cookie_options> cookie{};
    /// Makes the id of a session, from a request; without it 120 random bits. An id that exists, an
    /// empty one, or an exception refuses the client. May be called on several threads at once.
    std::function<std::string(request const&)> generate_id{};
    /// A message that follows the packet "open", in the same payload.
    std::optional<std::string> initial_packet{};
    /// Chooses among the WebSocket subprotocols that a client offers; without it the first one is
    /// chosen.
    websocket::select_subprotocol select_subprotocol{};
};

}  // namespace httphooks::engineio
