// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A namespace of a server, in the hands of a client.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/client_disconnect_reason.hpp>
#include <httphooks/socketio/connect_error.hpp>
#include <httphooks/socketio/detail/client_socket_state.hpp>
#include <httphooks/socketio/detail/emit_event.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

/** Sends events to the server in a certain way; what client_socket::timeout() and such give.
    @par Thread safety
    All threads. */
class client_emitter {
public:
    /// For sockets.
    client_emitter(std::weak_ptr<detail::client_socket_state> s, asio::any_io_executor executor,
                   detail::client_emit_flags f)
        : socket_(std::move(s)), executor_(std::move(executor)), flags_(f) {}

    /// How long an acknowledgement is waited for.
    client_emitter timeout(std::chrono::milliseconds t) const {
        client_emitter copy = *this;
        copy.flags_.timeout = t;
        return copy;
    }
    /// The event is dropped when it cannot be sent at once.
    client_emitter volatile_() const {
        client_emitter copy = *this;
        copy.flags_.volatile_ = true;
        return copy;
    }

    /// Sends an event; see client_socket::emit().
    template <class... Args>
    void emit(event_name event, Args&&... args) const;
    /// Sends an event, and waits; see client_socket::async_emit_with_ack().
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const;

private:
    void send(detail::payload&& p, detail::ack_handler ack) const;

    std::weak_ptr<detail::client_socket_state> socket_;
    asio::any_io_executor executor_;
    detail::client_emit_flags flags_;
};

/** A namespace of a server, which the client has joined, or will join. Copies are handles of the
    same one. They do not keep it: handlers may hold handles. It lives as long as its client, and
    as long as that is connected; then nothing is sent.

    Handlers are called one at a time, on the client's executor, and for all connections. A handler
    that throws ends the connection, as client::close() does.

    @par Thread safety
    emit(), connect(), disconnect() and what only tells something: all threads. Handlers and
    set_auth(): on the client's executor, or while nothing runs there.
    @par Source
    socket.io-client 4.8, Socket
    @par Example
    examples/socketio_client.cpp */
class client_socket {
public:
    /// No namespace.
    client_socket() = default;
    /// For clients.
    explicit client_socket(std::shared_ptr<detail::client_socket_state> const& s)
        : socket_(s), executor_(s->executor()) {}

    /// Whether it is a handle of something that still is there.
    explicit operator bool() const noexcept { return !socket_.expired(); }

    /// What names the client to others, new with each connection; empty while there is none.
    std::string id() const {
        auto const s = socket_.lock();
        return s ? s->id() : std::string();
    }
    /// The name of the namespace.
    std::string nsp() const {
        auto const s = socket_.lock();
        return s ? s->nsp() : std::string();
    }
    /// Whether the client is in the namespace.
    bool connected() const noexcept {
        auto const s = socket_.lock();
        return s && s->is_connected();
    }
    /// Whether the server has restored the state of an earlier connection; what was missed comes
    /// after on_connect().
    bool recovered() const noexcept {
        auto const s = socket_.lock();
        return s && s->recovered();
    }
    /// Where handlers are called.
    asio::any_io_executor get_executor() const { return executor_; }

    /** Sends an event. While the namespace is not connected, it is kept until it is.
        @param args what nlohmann::json can be made of, bytes. The last may be a function
            `f(error_code, values...)`, which is called with the server's acknowledgement; with
            error::ack_timed_out if it did not come in time, error::disconnected if the connection
            ended first, no_buffer_space if client_options::buffer_limit was exceeded, would_block
            if the event was a volatile one that was dropped
        @throws boost::system::system_error error::reserved_event */
    template <class... Args>
    void emit(event_name event, Args&&... args) const {
        client_emitter(socket_, executor_, {}).emit(event, std::forward<Args>(args)...);
    }
    /** Sends an event, and waits for the acknowledgement.
        @param args as for emit(); the last is the completion token
        @par Completes with
        (error_code, nlohmann::json): the first argument of the acknowledgement; errors as for
        emit() */
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const {
        return client_emitter(socket_, executor_, {})
            .async_emit_with_ack(event, std::forward<Args>(args)...);
    }
    /// How long the acknowledgement of the next event is waited for.
    client_emitter timeout(std::chrono::milliseconds t) const {
        return client_emitter(socket_, executor_, {}).timeout(t);
    }
    /// Events that are dropped when they cannot be sent at once.
    client_emitter volatile_() const { return client_emitter(socket_, executor_, {}).volatile_(); }

    /** Sets what is called with each event of a name.

        It takes values that arguments::get() gives, then an acknowledgement if it likes; or
        `arguments const&`, and an acknowledgement. It returns nothing, or a value that is
        acknowledged if the server asked; or an asio::awaitable of such. It is not called when an
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
    void off(event_name event) const {
        if (auto const s = socket_.lock()) s->events.remove(event.text());
    }
    /// Takes a handler away.
    void off(handler_id h) const {
        if (auto const s = socket_.lock()) s->events.remove(h);
    }
    /// How many handlers an event has.
    std::size_t listener_count(event_name event) const {
        auto const s = socket_.lock();
        return s ? s->events.count(event.text()) : 0;
    }

    /// Sets what is called with each event, before its handlers: `f(std::string_view name,
    /// arguments const&)`.
    template <std::invocable<std::string_view, arguments const&> F>
    handler_id on_any(F f) const {
        auto const s = socket_.lock();
        return s ? s->any.add({}, std::move(f)) : handler_id();
    }
    /// Takes one away.
    void off_any(handler_id h) const {
        if (auto const s = socket_.lock()) s->any.remove(h);
    }
    /// Takes all away.
    void off_any() const {
        if (auto const s = socket_.lock()) s->any.clear();
    }

    /// Sets what is called when the client is in the namespace, for the first time or again.
    void on_connect(std::function<void()> f) const {
        if (auto const s = socket_.lock()) s->on_connect.add({}, std::move(f));
    }
    /// Sets what is called when it could not get there. If the server refused it, connect() tries
    /// again, perhaps after set_auth().
    void on_connect_error(std::function<void(connect_error const&)> f) const {
        if (auto const s = socket_.lock()) s->on_connect_error.add({}, std::move(f));
    }
    /// Sets what is called when it is in the namespace no more.
    void on_disconnect(std::function<void(client_disconnect_reason)> f) const {
        if (auto const s = socket_.lock()) s->on_disconnect.add({}, std::move(f));
    }
    /// Sets what is told of events whose arguments do not fit a handler, or whose handler threw: it
    /// may answer the server with socket_error::ack; and of those that were not sent because too
    /// much waits.
    void on_error(std::function<void(socket_error const&)> f) const {
        if (auto const s = socket_.lock()) s->on_error.add({}, std::move(f));
    }

    /// Sets what the namespace is joined with from now on, an object; null: nothing.
    void set_auth(nlohmann::json auth) const {
        if (auto const s = socket_.lock()) s->set_auth(std::move(auth));
    }
    /** Joins the namespace, unless the client is there. If there is no connection, it is opened to
        the URL of the last client::async_connect(); a failed attempt is repeated as
        client_options::reconnection tells. */
    void connect() const {
        if (auto const s = socket_.lock()) s->connect();
    }
    /// Leaves the namespace, and does not come back before connect(). The connection is closed when
    /// it was the last namespace.
    void disconnect() const {
        if (auto const s = socket_.lock()) s->disconnect();
    }

    /// Whether two handles are of the same namespace of the same client.
    friend bool operator==(client_socket const& a, client_socket const& b) noexcept {
        return a.socket_.lock() == b.socket_.lock();
    }

private:
    handler_id add_event(event_name event, detail::event_handler f, bool once) const {
        auto const s = socket_.lock();
        return s ? s->events.add(event.text(), std::move(f), once) : handler_id();
    }

    std::weak_ptr<detail::client_socket_state> socket_{};
    asio::any_io_executor executor_{};
};

// ---------------------------------------------------------------------------------------------

template <class... Args>
void client_emitter::emit(event_name event, Args&&... args) const {
    detail::scratch_payload data;
    detail::ack_handler ack;
    detail::make_event(*data, ack, event, std::forward<Args>(args)...);
    send(std::move(*data), std::move(ack));
}

template <class... Args>
auto client_emitter::async_emit_with_ack(event_name event, Args&&... args) const {
    return detail::async_emit_event(
        executor_,
        [self = *this](detail::payload&& p, detail::ack_handler ack) {
            self.send(std::move(p), std::move(ack));
        },
        event, std::forward<Args>(args)...);
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/client_socket.ipp>
#endif
