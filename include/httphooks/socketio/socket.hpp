// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client in a namespace, in the hands of the application.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/emit_event.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/room_names.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/handler_id.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/next.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

class live_socket;

}  // namespace detail

/** Sends events to one client in a certain way; what socket::timeout() and such give. */
class emitter {
public:
    /// For sockets.
    emitter(std::shared_ptr<detail::live_socket> s, broadcast_flags f) noexcept
        : socket_(std::move(s)), flags_(f) {}

    /// How long an acknowledgement is waited for.
    emitter timeout(std::chrono::milliseconds t) const;
    /// The event is dropped when the client cannot take it at once.
    emitter volatile_() const;
    /// Whether it may be compressed.
    emitter compress(bool b) const;

    /// Sends an event; see socket::emit().
    template <class... Args>
    void emit(event_name event, Args&&... args) const;
    /// Sends an event, and waits; see socket::async_emit_with_ack().
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const;

private:
    void send(detail::payload&& p, detail::ack_handler ack) const;
    asio::any_io_executor executor() const;

    std::shared_ptr<detail::live_socket> socket_;
    broadcast_flags flags_;
};

/** A client in a namespace. Copies are handles of the same one, safe after the client has gone.

    Handlers are called one at a time, on get_executor(). A handler that throws closes the
    connection. When the socket is disconnected its handlers are destroyed, so that they may hold
    handles.

    @par Thread safety
    emit(), disconnect(), rooms and what only tells something: all threads. Handlers, use() and
    data(): on get_executor(), where all handlers are called.
    @par Source
    socket.io 4.8, Socket
    @par Example
    examples/socketio_chat.cpp */
class socket {
public:
    /// For servers.
    explicit socket(std::shared_ptr<detail::live_socket> s) noexcept : socket_(std::move(s)) {}

    /// What names the socket to others; no secret.
    std::string const& id() const noexcept;
    /// Whether the client is there.
    bool connected() const noexcept;
    /// Whether the state of an earlier socket was restored.
    bool recovered() const noexcept;
    /// How the client came.
    socketio::handshake handshake() const;
    /// The name of its namespace.
    std::string const& nsp() const noexcept;
    /// Something of the application's that belongs to the socket; an object at first.
    nlohmann::json& data() const noexcept;
    /// The connection below, which sockets of several namespaces share.
    engineio::connection conn() const;
    /// Where handlers are called.
    asio::any_io_executor get_executor() const;

    /// Joins rooms. @param rooms names, or ranges of names
    /// @return whether it is in all of them; not so when it is disconnected, or in too many
    template <class... Rooms>
    bool join(Rooms const&... rooms) const {
        return join_all(detail::room_names(rooms...));
    }
    /// Leaves a room.
    void leave(std::string_view room) const;
    /// The rooms that it is in; that of its id is one.
    std::vector<std::string> rooms() const;

    /** Sends an event.
        @param args what nlohmann::json can be made of, bytes. The last may be a function
            `f(error_code, values...)`, which is called with the client's acknowledgement; with
            error::ack_timed_out if it did not come in time, error::disconnected if the client has
            gone.
        @throws boost::system::system_error error::reserved_event */
    template <class... Args>
    void emit(event_name event, Args&&... args) const {
        detail::scratch_payload data;
        detail::ack_handler ack;
        detail::make_event(*data, ack, event, std::forward<Args>(args)...);
        send(std::move(*data), std::move(ack));
    }
    /** Sends an event, and waits for the acknowledgement.
        @param args as for emit(); the last is the completion token
        @par Completes with
        (error_code, nlohmann::json): the first argument of the acknowledgement; errors as for
        emit() */
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const {
        return emitter(socket_, {}).async_emit_with_ack(event, std::forward<Args>(args)...);
    }
    /// How long the acknowledgement of the next event is waited for.
    emitter timeout(std::chrono::milliseconds t) const;
    /// Events that are dropped when the client cannot take them at once.
    emitter volatile_() const;
    /// Events that may or may not be compressed.
    emitter compress(bool b) const;

    /// To others in the namespace.
    broadcast_operator broadcast() const;
    /// To others in rooms.
    template <class... Rooms>
    broadcast_operator to(Rooms const&... rooms) const {
        return broadcast().to(rooms...);
    }
    /// To others in rooms.
    template <class... Rooms>
    broadcast_operator in(Rooms const&... rooms) const {
        return broadcast().to(rooms...);
    }
    /// To others that are not in rooms.
    template <class... Rooms>
    broadcast_operator except(Rooms const&... rooms) const {
        return broadcast().except(rooms...);
    }
    /// To others on this server.
    broadcast_operator local() const;

    /** Sets what is called with each event of a name.

        It takes values that arguments::get() gives, then an acknowledgement if it likes; or
        `arguments const&`, and an acknowledgement. It returns nothing, or a value that is
        acknowledged if the client asked; or an asio::awaitable of such. It is not called when an
        argument is missing or of the wrong kind; see on_error(). */
    template <class F>
    handler_id on(event_name event, F f) const {
        return add_event(event, detail::make_event_handler(std::move(f)), false);
    }
    /// The same, for the first event only.
    template <class F>
    handler_id once(event_name event, F f) const {
        return add_event(event, detail::make_event_handler(std::move(f)), true);
    }
    /// Takes all handlers of an event away.
    void off(event_name event) const;
    /// Takes a handler away.
    void off(handler_id h) const;
    /// How many handlers an event has.
    std::size_t listener_count(event_name event) const;

    /// Sets what is called with each event, before its handlers: `f(std::string_view name,
    /// arguments const&)`.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id on_any(F f) const {
        return add_any(std::move(f), false);
    }
    /// The same, before what was set earlier.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id prepend_any(F f) const {
        return add_any(std::move(f), true);
    }
    /// Takes one away.
    void off_any(handler_id h) const;
    /// Takes all away.
    void off_any() const;

    /// Sets what is called with each event that is sent to the client, broadcasts too; not with
    /// acknowledgements.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id on_any_outgoing(F f) const {
        return add_any_outgoing(std::move(f), false);
    }
    /// The same, before what was set earlier.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id prepend_any_outgoing(F f) const {
        return add_any_outgoing(std::move(f), true);
    }
    /// Takes one away.
    void off_any_outgoing(handler_id h) const;
    /// Takes all away.
    void off_any_outgoing() const;

    /** Adds a middleware for events: `f(std::string_view name, arguments const&, next)`; it calls
        `next` now or later, on any thread. An event that is refused is told to on_error(). It is
        one function for all events, and may keep something from one to the next. */
    template <std::invocable<std::string_view, arguments const&, next> F>
    void use(F f) const {
        add_middleware(std::move(f));
    }

    /// Sets what is called when the socket is about to be disconnected; its rooms are still there.
    void on_disconnecting(std::function<void(disconnect_reason)> f) const;
    /// Sets what is called when the socket is disconnected.
    void on_disconnect(std::function<void(disconnect_reason)> f) const;
    /** Sets what is told of events that a middleware refused, whose arguments do not fit a handler,
        or whose handler threw. It may answer the client with socket_error::ack; without it, and
        without options::answer_errors, a client that asked waits for ever. */
    void on_error(std::function<void(socket_error const&)> f) const;

    /// Disconnects the client from the namespace. @param close from all, and its connection is
    /// closed
    void disconnect(bool close = false) const;

    /// Whether two handles are of the same socket.
    friend bool operator==(socket const& a, socket const& b) noexcept {
        return a.socket_ == b.socket_;
    }
    /// An order in which handles can be kept in sets.
    friend bool operator<(socket const& a, socket const& b) noexcept {
        return a.socket_ < b.socket_;
    }

    /// What is behind the handle; for servers.
    std::shared_ptr<detail::live_socket> const& state() const noexcept { return socket_; }

private:
    using any_function = std::function<void(std::string_view, arguments const&)>;
    using middleware_function =
        httphooks::detail::shared_function<void(std::string_view, arguments const&, next)>;

    bool join_all(std::span<std::string const> rooms) const;
    void send(detail::payload&& p, detail::ack_handler ack) const;
    handler_id add_event(event_name event, detail::event_handler f, bool once) const;
    handler_id add_any(any_function f, bool first) const;
    handler_id add_any_outgoing(any_function f, bool first) const;
    void add_middleware(middleware_function f) const;

    std::shared_ptr<detail::live_socket> socket_;
};

// ---------------------------------------------------------------------------------------------

template <class... Args>
void emitter::emit(event_name event, Args&&... args) const {
    detail::scratch_payload data;
    detail::ack_handler ack;
    detail::make_event(*data, ack, event, std::forward<Args>(args)...);
    send(std::move(*data), std::move(ack));
}

template <class... Args>
auto emitter::async_emit_with_ack(event_name event, Args&&... args) const {
    return detail::async_emit_event(
        executor(),
        [self = *this](detail::payload&& p, detail::ack_handler ack) {
            self.send(std::move(p), std::move(ack));
        },
        event, std::forward<Args>(args)...);
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/socket.ipp>
#endif
