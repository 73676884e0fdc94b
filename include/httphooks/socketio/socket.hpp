// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client in a namespace, in the hands of the application.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/detail/emit_event.hpp>
#include <httphooks/socketio/detail/last_argument.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <compare>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

/** Sends events to one client in a certain way; what socket::timeout() and such give. */
class emitter {
public:
    /// For sockets.
    emitter(std::shared_ptr<detail::live_socket> s, broadcast_flags f) noexcept
        : socket_(std::move(s)), flags_(f) {}

    /// How long an acknowledgement is waited for.
    emitter timeout(std::chrono::milliseconds t) const {
        emitter copy = *this;
        copy.flags_.timeout = t;
        return copy;
    }
    /// The event is dropped when the client cannot take it at once.
    emitter volatile_() const {
        emitter copy = *this;
        copy.flags_.volatile_ = true;
        return copy;
    }
    /// Whether it may be compressed.
    emitter compress(bool b) const {
        emitter copy = *this;
        copy.flags_.compress = b;
        return copy;
    }

    /// Sends an event; see socket::emit().
    template <class... Args>
    void emit(event_name event, Args&&... args) const;
    /// Sends an event, and waits; see socket::async_emit_with_ack().
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const;

private:
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
    std::string const& id() const noexcept { return socket_->id(); }
    /// Whether the client is there.
    bool connected() const noexcept { return socket_->is_connected(); }
    /// Whether the state of an earlier socket was restored.
    bool recovered() const noexcept { return socket_->recovered(); }
    /// How the client came.
    socketio::handshake handshake() const { return socket_->handshake(); }
    /// The name of its namespace.
    std::string const& nsp() const noexcept { return socket_->nsp().name(); }
    /// Something of the application's that belongs to the socket; an object at first.
    nlohmann::json& data() const noexcept { return socket_->data(); }
    /// The connection below, which sockets of several namespaces share.
    engineio::connection conn() const { return socket_->engine(); }
    /// Where handlers are called.
    asio::any_io_executor get_executor() const { return socket_->executor(); }

    /// Joins rooms. @param rooms names, or ranges of names
    /// @return whether it is in all of them; not so when it is disconnected, or in too many
    template <class... Rooms>
    bool join(Rooms const&... rooms) const {
        return socket_->join(detail::room_names(rooms...));
    }
    /// Leaves a room.
    void leave(std::string_view room) const { socket_->leave(room); }
    /// The rooms that it is in; that of its id is one.
    std::vector<std::string> rooms() const { return socket_->rooms(); }

    /** Sends an event.
        @param args what nlohmann::json can be made of, bytes. The last may be a function
            `f(error_code, values...)`, which is called with the client's acknowledgement; with
            error::ack_timed_out if it did not come in time, error::disconnected if the client has
            gone.
        @throws boost::system::system_error error::reserved_event */
    template <class... Args>
    void emit(event_name event, Args&&... args) const {
        emitter(socket_, {}).emit(event, std::forward<Args>(args)...);
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
    emitter timeout(std::chrono::milliseconds t) const { return emitter(socket_, {}).timeout(t); }
    /// Events that are dropped when the client cannot take them at once.
    emitter volatile_() const { return emitter(socket_, {}).volatile_(); }
    /// Events that may or may not be compressed.
    emitter compress(bool b) const { return emitter(socket_, {}).compress(b); }

    /// To others in the namespace.
    broadcast_operator broadcast() const { return {socket_->nsp_handle(), {{}, {id()}, {}}}; }
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
    broadcast_operator local() const { return broadcast().local(); }

    /** Sets what is called with each event of a name.

        It takes values that arguments::get() gives, then an acknowledgement if it likes; or
        `arguments const&`, and an acknowledgement. It returns nothing, or a value that is
        acknowledged if the client asked; or an asio::awaitable of such. It is not called when an
        argument is missing or of the wrong kind; see on_error(). */
    template <class F>
    handler_id on(event_name event, F f) const {
        return socket_->events().add(event.text(), detail::make_event_handler(std::move(f)));
    }
    /// The same, for the first event only.
    template <class F>
    handler_id once(event_name event, F f) const {
        return socket_->events().add(event.text(), detail::make_event_handler(std::move(f)), true);
    }
    /// Takes all handlers of an event away.
    void off(event_name event) const { socket_->events().remove(event.text()); }
    /// Takes a handler away.
    void off(handler_id h) const { socket_->events().remove(h); }
    /// How many handlers an event has.
    std::size_t listener_count(event_name event) const {
        return socket_->events().count(event.text());
    }

    /// Sets what is called with each event, before its handlers: `f(std::string_view name,
    /// arguments const&)`.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id on_any(F f) const {
        return socket_->any.get().add({}, std::move(f));
    }
    /// The same, before what was set earlier.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id prepend_any(F f) const {
        return socket_->any.get().add({}, std::move(f), false, true);
    }
    /// Takes one away.
    void off_any(handler_id h) const { socket_->any.get().remove(h); }
    /// Takes all away.
    void off_any() const { socket_->any.get().clear(); }

    /// Sets what is called with each event that is sent to the client, broadcasts too; not with
    /// acknowledgements.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id on_any_outgoing(F f) const {
        return socket_->any_outgoing.get().add({}, std::move(f));
    }
    /// The same, before what was set earlier.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id prepend_any_outgoing(F f) const {
        return socket_->any_outgoing.get().add({}, std::move(f), false, true);
    }
    /// Takes one away.
    void off_any_outgoing(handler_id h) const { socket_->any_outgoing.get().remove(h); }
    /// Takes all away.
    void off_any_outgoing() const { socket_->any_outgoing.get().clear(); }

    /** Adds a middleware for events: `f(std::string_view name, arguments const&, next)`; it calls
        `next` now or later, on any thread. An event that is refused is told to on_error(). It is
        one function for all events, and may keep something from one to the next. */
    template <std::invocable<std::string_view, arguments const&, next> F>
    void use(F f) const {
        socket_->use(std::move(f));
    }

    /// Sets what is called when the socket is about to be disconnected; its rooms are still there.
    void on_disconnecting(std::function<void(disconnect_reason)> f) const {
        socket_->on_disconnecting.get().add({}, std::move(f));
    }
    /// Sets what is called when the socket is disconnected.
    void on_disconnect(std::function<void(disconnect_reason)> f) const {
        socket_->on_disconnect.get().add({}, std::move(f));
    }
    /** Sets what is told of events that a middleware refused, whose arguments do not fit a handler,
        or whose handler threw. It may answer the client with socket_error::ack; without it, and
        without options::answer_errors, a client that asked waits for ever. */
    void on_error(std::function<void(socket_error const&)> f) const {
        socket_->on_error.get().add({}, std::move(f));
    }

    /// Disconnects the client from the namespace. @param close from all, and its connection is
    /// closed
    void disconnect(bool close = false) const { socket_->disconnect(close); }

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
    std::shared_ptr<detail::live_socket> socket_;
};

// ---------------------------------------------------------------------------------------------

template <class... Args>
void emitter::emit(event_name event, Args&&... args) const {
    detail::emit_event(
        [this](packet_data&& p, detail::ack_handler ack) {
            socket_->emit(std::move(p), flags_, std::move(ack));
        },
        event, std::forward<Args>(args)...);
}

template <class... Args>
auto emitter::async_emit_with_ack(event_name event, Args&&... args) const {
    return detail::async_emit_event(
        socket_->executor(),
        [s = socket_, flags = flags_](packet_data&& p, detail::ack_handler ack) {
            s->emit(std::move(p), flags, std::move(ack));
        },
        event, std::forward<Args>(args)...);
}

}  // namespace httphooks::socketio
