// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: a Socket.IO client without a port and without a thread.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/client_disconnect_reason.hpp>
#include <httphooks/socketio/connect_error.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/parser.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/detail/memory_connection.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::testing {

/// How a client joins a namespace.
struct socketio_client_options {
    /// The namespace.
    std::string nsp = "/";
    /// What it is joined with, an object; null: nothing.
    nlohmann::json auth{};
    /// What the query has besides, as in `"room=1&name=x"`.
    std::string query{};
    /// Header fields of the request, as Cookie, Authorization, Origin.
    std::vector<std::pair<std::string, std::string>> headers{};
    /// The address that the server sees.
    std::string address = "127.0.0.1";
    /// Whether the server sees a client that came by TLS.
    bool tls = false;
    /// Whether the namespace is joined at once; see socketio_client::join().
    bool join = true;
    /// Whether heartbeats are answered; see socketio_client::answer_pings().
    bool answer_pings = true;
    /// How packets are written; that of the server.
    socketio::parser parser = socketio::parser::json;
};

/// An event that the server sent.
struct socketio_event {
    /// Its name; that of a number is its text.
    std::string name{};
    /// What came with it.
    socketio::arguments args{};
    /// Call it with what the client answers; converts to whether the server asked.
    socketio::acknowledgement ack{};

    /// Name and arguments as JSON text: `["said","hello"]`.
    std::string text() const;
};

/// What the server answers to an event. Copies are handles of the same one.
class socketio_answer {
public:
    /// Whether the answer has come.
    bool ready() const noexcept { return args_->has_value(); }
    /** What came with it.
        @throws std::logic_error it has not come */
    socketio::arguments const& args() const;
    /** The same as JSON text: `["ok",1]`.
        @throws std::logic_error it has not come */
    std::string text() const;

    /// For clients.
    explicit socketio_answer(std::shared_ptr<std::optional<socketio::arguments>> to) noexcept
        : args_(std::move(to)) {}

private:
    std::shared_ptr<std::optional<socketio::arguments>> args_;
};

/** A Socket.IO client in the memory of a test, in one namespace. It speaks the protocol with the
    server, over a WebSocket: its request goes through what decides about handshakes, it joins
    through the middleware, and answers heartbeats.

    Each call runs the clock's loop until nothing is ready, so that what the server does without
    waiting is done when the call returns; an acknowledgement of an event does too. The destructor
    cuts the connection.

    @par Thread safety
    None; a client is used where its clock is.
    @par Source
    Socket.IO protocol 5; Engine.IO protocol 4
    @par Example
    examples/testing_hooks.cpp */
class socketio_client {
public:
    /** Connects.
        @param on outlives the client
        @param server a socketio::server, which is best created with the clock's executor */
    template <http::mountable M>
    socketio_client(clock& on, M server, socketio_client_options o = {})
        : socketio_client(on, detail::mounts_of(server), server.prefix(), std::move(o)) {}
    /** The same, with several mounts, and the guards that are before them.
        @param path where the server is mounted
        @throws std::invalid_argument no mount has the path */
    socketio_client(clock& on, http::mounts const& servers, std::string_view path,
                    socketio_client_options o = {});
    socketio_client(socketio_client&&) noexcept;
    socketio_client& operator=(socketio_client&&) noexcept;
    ~socketio_client();

    /// Whether the client is in the namespace.
    bool connected() const;
    /// What names the client in the namespace; empty while it is not in it.
    std::string const& id() const;
    /// What the server would restore the client's state by; empty: it does not. Pass it with
    /// `offset`, the last argument of the last event, in `auth` as `pid` to come back.
    std::string const& pid() const;
    /// The reply to the request: 101, or the refusal of allow_request() or a guard; empty while the
    /// server decides.
    std::optional<response> const& reply() const;
    /// Why the namespace could not be joined; nothing if it was, or the server decides.
    std::optional<socketio::connect_error> const& refused() const;
    /// How it ended: io_server_disconnect, io_client_disconnect, transport_close; nothing while it
    /// has not.
    std::optional<socketio::client_disconnect_reason> disconnected() const;

    /** Sends an event. @param args bytes, or anything that nlohmann::json is made of
        @throws std::logic_error the client is not in the namespace, here and below
        @throws boost::system::system_error error::reserved_event */
    template <class... Args>
    void emit(socketio::event_name event, Args const&... args) {
        socketio::packet_data data;
        socketio::detail::make_event_payload(data, event, args...);
        send(std::move(data));
    }
    /// Sends an event that asks for an acknowledgement. @return that, which may be there already
    template <class... Args>
    socketio_answer emit_with_ack(socketio::event_name event, Args const&... args) {
        socketio::packet_data data;
        socketio::detail::make_event_payload(data, event, args...);
        return send_with_ack(std::move(data));
    }

    /// Takes the first event that was not taken yet.
    std::optional<socketio_event> receive();
    /// Takes all events that were not taken yet, in their order.
    std::vector<socketio_event> receive_all();

    /// Joins the namespace: with options.join = false, or again, after disconnect() or a refusal.
    void join();
    /// Leaves the namespace; the connection stays.
    void disconnect();
    /// Ends the connection in order.
    void close();
    /// Loses the connection, without a word.
    void drop();
    /// Sends a packet as it is, behind the `4` of Engine.IO: `2["say","x"]`.
    void send_raw(std::string_view packet);

    /// Whether heartbeats are answered from now on: with false the client is as one that has gone.
    void answer_pings(bool yes);
    /// How many heartbeats have come.
    std::size_t pings() const;

private:
    class state;

    void send(socketio::packet_data data);
    socketio_answer send_with_ack(socketio::packet_data data);

    std::shared_ptr<state> state_;
};

}  // namespace httphooks::testing

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/impl/socketio_client.ipp>
#endif
