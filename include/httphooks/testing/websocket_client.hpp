// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: a WebSocket client without a port and without a thread.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/detail/memory_connection.hpp>
#include <httphooks/testing/websocket_client_options.hpp>
#include <httphooks/testing/websocket_close.hpp>
#include <httphooks/websocket/close_code.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing {

/// A message of the server's.
struct websocket_message {
    /// UTF-8, or bytes.
    std::string data{};
    /// Whether it is bytes.
    bool binary = false;

    friend bool operator==(websocket_message const&, websocket_message const&) = default;
};

/** A WebSocket client in the memory of a test. It speaks the protocol with the server: its request
    goes through what decides about handshakes, its messages are frames.

    Each call runs the clock's loop until nothing is ready, so that what the server answers without
    waiting is there when the call returns; what it throws ends up in the call. Pings and close
    frames are answered as browsers do. The destructor cuts the connection.

    @par Thread safety
    None; a client is used where its clock is.
    @par Source
    RFC 6455
    @par Example
    examples/testing_hooks.cpp */
class websocket_client {
public:
    /** Opens a WebSocket.
        @param on outlives the client
        @param server what would be mounted on an HTTP server */
    template <http::mountable M>
    websocket_client(clock& on, M server, websocket_client_options o = {})
        : websocket_client(on, detail::mounts_of(server), default_target(std::move(o), server)) {}
    /** The same, with several mounts, and the guards that are before them.
        @throws std::invalid_argument no mount has the path */
    websocket_client(clock& on, http::mounts const& servers, websocket_client_options o);
    websocket_client(websocket_client&&) noexcept;
    websocket_client& operator=(websocket_client&&) noexcept;
    ~websocket_client();

    /// Whether messages can be sent.
    bool is_open() const;
    /// The reply to the handshake: 101, or the refusal; empty while the server decides.
    std::optional<response> const& reply() const;
    /// The subprotocol that the server chose; empty for none.
    std::string subprotocol() const;

    /// Sends a text. @throws std::logic_error the WebSocket is not open, here and below
    void send(std::string_view text);
    /// Sends bytes.
    void send_binary(std::string_view bytes);
    /// Sends a ping.
    void ping(std::string_view payload = {});
    /// Sends bytes as they are, which may be anything but a frame.
    void send_raw(std::string_view bytes);
    /// Sends a close frame. @param code none: a frame without a code
    void close(websocket::close_code code = websocket::close_code::normal,
               std::string_view reason = {});
    /// Loses the connection, without a word.
    void drop();

    /// Takes the first message that was not taken yet.
    std::optional<websocket_message> receive();
    /// Takes all messages that were not taken yet.
    std::vector<websocket_message> receive_all();

    /// Whether pings are answered from now on: with false the client is as one that has gone.
    void answer_pings(bool yes);
    /// How many pings have come.
    std::size_t pings() const;
    /// How many pongs have come.
    std::size_t pongs() const;

    /// How it ended; nothing while it has not.
    std::optional<websocket_close> const& closed() const;

private:
    class state;

    template <class M>
    static websocket_client_options default_target(websocket_client_options o, M const& server) {
        if (o.target.empty()) o.target = std::string_view(server.prefix());
        return o;
    }

    std::shared_ptr<state> state_;
};

}  // namespace httphooks::testing

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/impl/websocket_client.ipp>
#endif
