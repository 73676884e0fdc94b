// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A namespace of a Socket.IO server.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/last_argument.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/middleware_error.hpp>
#include <httphooks/socketio/next.hpp>
#include <httphooks/socketio/room_event.hpp>
#include <httphooks/socketio/socket.hpp>

#include <nlohmann/json_fwd.hpp>

#include <boost/asio/async_result.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks::socketio {

/** A namespace, or all namespaces whose names fit a pattern. Copies are handles of the same one.

    What is set for a pattern is had by namespaces that come into being later; what is sent goes to
    the sockets of all of them.

    @par Thread safety
    All threads. Handlers are called on the executors of their sockets.
    @par Source
    socket.io 4.8, Namespace and ParentNamespace */
class nsp {
public:
    /// For servers.
    explicit nsp(std::shared_ptr<detail::live_nsp> n) noexcept : nsp_(std::move(n)) {}

    /// Its name, with the slash.
    std::string const& name() const noexcept;

    /** Adds a middleware, which decides whether a client may join.

        `f(socket, next)` calls `next` now or later, on any thread; or `f(socket)` gives a
        std::optional<middleware_error>. Middlewares run in order; the socket is connected behind
        the last. What one throws refuses the client. */
    template <class F>
    requires std::invocable<F&, socket, next> ||
        std::is_invocable_r_v<std::optional<middleware_error>, F&, socket>
            nsp const& use(F f) const;

    /// Adds what is called with each socket that is connected.
    template <std::invocable<socket> F>
    nsp const& on_connection(F f) const {
        add_connection(std::move(f));
        return *this;
    }
    /// Adds what is told of rooms, on any thread: `f(room_event, std::string_view room,
    /// std::string_view id)`.
    template <std::invocable<room_event, std::string_view, std::string_view> F>
    nsp const& on_room_event(F f) const {
        add_room_event(std::move(f));
        return *this;
    }
    /** Adds what is called with events that other servers send with server_side_emit().

        `f(arguments const&)`; or `f(arguments const&, answer)`, where `answer` is called with the
        values of the acknowledgement. On any thread. */
    template <class F>
    nsp const& on_server_side(event_name event, F f) const;

    /// To all sockets.
    broadcast_operator all() const;
    /// To the sockets in rooms. @param rooms names, or ranges of names
    template <class... Rooms>
    broadcast_operator to(Rooms const&... rooms) const {
        return all().to(rooms...);
    }
    /// The same as to().
    template <class... Rooms>
    broadcast_operator in(Rooms const&... rooms) const {
        return all().to(rooms...);
    }
    /// To the sockets that are not in rooms.
    template <class... Rooms>
    broadcast_operator except(Rooms const&... rooms) const {
        return all().except(rooms...);
    }
    /// To the sockets of this server.
    broadcast_operator local() const;
    /// Events that are dropped for clients that cannot take them at once.
    broadcast_operator volatile_() const;
    /// Events that may or may not be compressed.
    broadcast_operator compress(bool b) const;
    /// How long the acknowledgements of an event are waited for.
    broadcast_operator timeout(std::chrono::milliseconds t) const;

    /// Sends an event to all sockets; see broadcast_operator::emit().
    template <class... Args>
    void emit(event_name event, Args&&... args) const {
        all().emit(event, std::forward<Args>(args)...);
    }
    /// See broadcast_operator::async_emit_with_ack().
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const {
        return all().async_emit_with_ack(event, std::forward<Args>(args)...);
    }
    /// See broadcast_operator::async_fetch_sockets().
    template <asio::completion_token_for<void(error_code, std::vector<remote_socket>)> Token>
    auto async_fetch_sockets(Token&& token) const {
        return all().async_fetch_sockets(std::forward<Token>(token));
    }
    /// Has all sockets join rooms.
    template <class... Rooms>
    void sockets_join(Rooms const&... rooms) const {
        all().sockets_join(rooms...);
    }
    /// Has all sockets leave rooms.
    template <class... Rooms>
    void sockets_leave(Rooms const&... rooms) const {
        all().sockets_leave(rooms...);
    }
    /// Disconnects all sockets. @param close their connections too
    void disconnect_sockets(bool close = false) const;

    /** Sends an event to the other servers.
        @param args as for emit(); the last may be a function `f(error_code,
            std::vector<nlohmann::json>)`, which is called with their answers */
    template <class... Args>
    void server_side_emit(event_name event, Args&&... args) const;

    /// The sockets of this process.
    std::vector<socket> sockets() const;
    /// A socket of this process; nothing: there is none of this id.
    std::optional<socket> find(std::string_view id) const;
    /// How many sockets there are in this process.
    std::size_t size() const;

    /// Whether two handles are of the same namespace.
    friend bool operator==(nsp const& a, nsp const& b) noexcept { return a.nsp_ == b.nsp_; }

private:
    template <class Signature>
    using function = httphooks::detail::shared_function<Signature>;
    using server_side_answer = std::function<void(packet_data const&)>;

    void add_middleware(function<void(socket, next)> f) const;
    void add_connection(function<void(socket)> f) const;
    void add_room_event(function<void(room_event, std::string_view, std::string_view)> f) const;
    void add_server_side(event_name event,
                         function<void(arguments const&, server_side_answer const&)> f) const;
    void send_server_side(detail::payload&& data,
                          std::function<void(error_code, std::vector<nlohmann::json>)> done) const;

    std::shared_ptr<detail::live_nsp> nsp_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Calls a middleware that gives the error.
template <class Error, class F>
void answer_next(F& f, socket s, next const& go) {
    std::optional<Error> why = f(std::move(s));
    if (why)
        go(std::move(*why));
    else
        go();
}

}  // namespace detail

template <class F>
requires std::invocable<F&, socket, next> ||
    std::is_invocable_r_v<std::optional<middleware_error>, F&, socket>
        nsp const& nsp::use(F f) const {
    if constexpr (std::invocable<F&, socket, next>)
        add_middleware(std::move(f));
    else
        add_middleware([f = std::move(f)](socket s, next const& go) mutable {
            detail::answer_next<middleware_error>(f, std::move(s), go);
        });
    return *this;
}

template <class F>
nsp const& nsp::on_server_side(event_name event, F f) const {
    add_server_side(
        event, [f = std::move(f)](arguments const& args, server_side_answer const& answer) mutable {
            if constexpr (std::invocable<F&, arguments const&>) {
                f(args);
            } else {
                f(args, [answer](auto const&... values) {
                    packet_data data;
                    detail::make_payload(data, values...);
                    if (answer) answer(data);
                });
            }
        });
    return *this;
}

template <class... Args>
void nsp::server_side_emit(event_name event, Args&&... args) const {
    packet_data data;
    if constexpr (broadcast_ack_function<std::decay_t<detail::last_of_t<Args...>>>) {
        detail::with_last(
            [&](auto&& f, auto const&... rest) {
                detail::make_event_payload(data, event, rest...);
                send_server_side(std::move(data), std::forward<decltype(f)>(f));
            },
            std::forward<Args>(args)...);
    } else {
        detail::make_event_payload(data, event, args...);
        send_server_side(std::move(data), {});
    }
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/nsp.ipp>
#endif
