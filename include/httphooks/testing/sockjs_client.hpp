// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: a SockJS client without a port and without a thread.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/detail/memory_connection.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing {

/// How a client connects.
struct sockjs_client_options {
    /// What the query has, as in `"room=1&name=x"`.
    std::string query{};
    /// Header fields of the request, as Cookie, Authorization, Origin.
    std::vector<std::pair<std::string, std::string>> headers{};
    /// The address that the server sees.
    std::string address = "127.0.0.1";
    /// Whether the server sees a client that came by TLS.
    bool tls = false;
    /// Whether pings of the WebSocket are answered.
    bool answer_pings = true;
};

/// How a session ended.
struct sockjs_close {
    /// The code of the server's close frame, as 3000 for "Go away!"; 0: it ended without one.
    int code = 0;
    /// In words.
    std::string reason{};
};

/** A SockJS client in the memory of a test, over the transport `websocket`. For the others send
    their requests as mounted_request.

    Each call runs the clock's loop until nothing is ready. The destructor cuts the connection.

    @par Thread safety
    None; a client is used where its clock is.
    @par Source
    SockJS 0.3.3 */
class sockjs_client {
public:
    /** Connects.
        @param on outlives the client
        @param server a sockjs::server, which is best created with the clock's executor */
    template <http::mountable M>
    sockjs_client(clock& on, M server, sockjs_client_options o = {})
        : sockjs_client(on, detail::mounts_of(server), server.prefix(), std::move(o)) {}
    /** The same, with several mounts, and the guards that are before them.
        @param path where the server is mounted
        @throws std::invalid_argument no mount has the path */
    sockjs_client(clock& on, http::mounts const& servers, std::string_view path,
                  sockjs_client_options o = {});
    sockjs_client(sockjs_client&&) noexcept;
    sockjs_client& operator=(sockjs_client&&) noexcept;
    ~sockjs_client();

    /// Whether messages can be sent.
    bool is_open() const;
    /// The reply to the request: 101, or the refusal; empty while the server decides.
    std::optional<response> const& reply() const;

    /// Sends a message, which is UTF-8. @throws std::logic_error the session is not open
    void send(std::string_view message);
    /// Sends a frame as it is: `["message"]`.
    void send_raw(std::string_view frame);
    /// Ends the connection in order.
    void close();
    /// Loses the connection, without a word.
    void drop();

    /// Takes the first message that was not taken yet.
    std::optional<std::string> receive();
    /// Takes all messages that were not taken yet.
    std::vector<std::string> receive_all();

    /// How many heartbeats have come as frames `h`; see options::websocket_heartbeat_frames.
    std::size_t heartbeats() const;
    /// How many pings have come.
    std::size_t pings() const;
    /// Whether pings are answered from now on: with false the client is as one that has gone.
    void answer_pings(bool yes);
    /// How the session ended; nothing while it has not.
    std::optional<sockjs_close> const& closed() const;

private:
    class state;

    std::shared_ptr<state> state_;
};

}  // namespace httphooks::testing

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/impl/sockjs_client.ipp>
#endif
