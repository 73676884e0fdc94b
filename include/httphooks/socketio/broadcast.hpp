// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Events for many sockets: rooms, exceptions, and how they are sent.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/copyable_handler.hpp>
#include <httphooks/socketio/detail/last_argument.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/room_names.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json_fwd.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

class live_nsp;

}  // namespace detail

struct socket_description;
class remote_socket;

/// What is called with the acknowledgements of a broadcast.
template <class F>
concept broadcast_ack_function =
    std::invocable<F&, error_code, std::vector<nlohmann::json>> && !std::same_as<F, void>;

/** To whom something goes, and how. Immutable: each function gives another one.

    @par Thread safety
    All threads.
    @par Source
    socket.io 4.8, BroadcastOperator */
class broadcast_operator {
public:
    /// For servers.
    broadcast_operator(std::shared_ptr<detail::live_nsp> n, broadcast_options o)
        : nsp_(std::move(n)), options_(std::move(o)) {}

    /// To the sockets in rooms, also to those of earlier calls; each gets it once.
    /// @param rooms names, or ranges of names
    template <class... Rooms>
    broadcast_operator to(Rooms const&... rooms) const;
    /// The same as to().
    template <class... Rooms>
    broadcast_operator in(Rooms const&... rooms) const {
        return to(rooms...);
    }
    /// Not to the sockets in rooms, whatever other rooms they are in.
    template <class... Rooms>
    broadcast_operator except(Rooms const&... rooms) const;
    /// To sockets of this server only.
    broadcast_operator local() const;
    /// Not to clients that cannot take it at once.
    broadcast_operator volatile_() const;
    /// Whether it may be compressed.
    broadcast_operator compress(bool b) const;
    /// How long acknowledgements are waited for; without it 5 s.
    broadcast_operator timeout(std::chrono::milliseconds t) const;

    /** Sends an event.
        @param args what nlohmann::json can be made of, bytes. The last may be a function
            `f(error_code, std::vector<nlohmann::json>)`: it is called with the first argument of
            each client's acknowledgement when all have come; or with error::ack_timed_out and what
            has come, then. On any thread.
        @throws boost::system::system_error error::reserved_event */
    template <class... Args>
    void emit(event_name event, Args&&... args) const;

    /** Sends an event, and waits for acknowledgements.
        @param args as for emit(); the last is the completion token
        @par Completes with
        (error_code, std::vector<nlohmann::json>): error::ack_timed_out and what has come */
    template <class... Args>
    auto async_emit_with_ack(event_name event, Args&&... args) const;

    /** What is known of the sockets, of other servers too.
        @par Completes with
        (error_code, std::vector<remote_socket>) */
    template <asio::completion_token_for<void(error_code, std::vector<remote_socket>)> Token>
    auto async_fetch_sockets(Token&& token) const;

    /// Has the sockets join rooms.
    template <class... Rooms>
    void sockets_join(Rooms const&... rooms) const;
    /// Has the sockets leave rooms.
    template <class... Rooms>
    void sockets_leave(Rooms const&... rooms) const;
    /// Disconnects the sockets. @param close their connections too
    void disconnect_sockets(bool close = false) const;

    /// To whom it goes, and how.
    broadcast_options const& options() const noexcept { return options_; }

private:
    using ack_function = std::function<void(error_code, std::vector<nlohmann::json>)>;
    using fetch_function = std::function<void(error_code, std::vector<remote_socket>)>;

    void send(detail::payload&& data) const;
    void send(detail::payload&& data, ack_function ack) const;
    void fetch(fetch_function done) const;
    void join_all(std::span<std::string const> rooms) const;
    void leave_all(std::span<std::string const> rooms) const;
    /// Where completion handlers are called that do not say.
    asio::any_io_executor executor() const;

    std::shared_ptr<detail::live_nsp> nsp_;
    broadcast_options options_;
};

/** What is known of a socket, of this server or another one, and what can be done with it.
    @par Source
    socket.io 4.8, RemoteSocket */
class remote_socket {
public:
    /// For servers.
    remote_socket(std::shared_ptr<detail::live_nsp> n, socket_description d);

    /// Its id.
    std::string const& id() const noexcept;
    /// Headers, time, address, xdomain, secure, issued, url, query, auth.
    nlohmann::json const& handshake() const;
    /// The rooms that it was in.
    std::vector<std::string> const& rooms() const noexcept;
    /// What the application kept with it.
    nlohmann::json const& data() const;

    /// Sends it an event; see broadcast_operator::emit().
    template <class... Args>
    void emit(event_name event, Args&&... args) const {
        to_it().emit(event, std::forward<Args>(args)...);
    }
    /// How long acknowledgements are waited for.
    broadcast_operator timeout(std::chrono::milliseconds t) const { return to_it().timeout(t); }
    /// Has it join rooms.
    template <class... Rooms>
    void join(Rooms const&... rooms) const {
        to_it().sockets_join(rooms...);
    }
    /// Has it leave rooms.
    template <class... Rooms>
    void leave(Rooms const&... rooms) const {
        to_it().sockets_leave(rooms...);
    }
    /// Disconnects it. @param close its connection too
    void disconnect(bool close = false) const { to_it().disconnect_sockets(close); }

private:
    broadcast_operator to_it() const;

    std::shared_ptr<detail::live_nsp> nsp_;
    std::shared_ptr<socket_description const> description_;
};

// ---------------------------------------------------------------------------------------------

template <class... Rooms>
broadcast_operator broadcast_operator::to(Rooms const&... rooms) const {
    broadcast_operator copy = *this;
    (detail::append_room(copy.options_.rooms, rooms), ...);
    return copy;
}

template <class... Rooms>
broadcast_operator broadcast_operator::except(Rooms const&... rooms) const {
    broadcast_operator copy = *this;
    (detail::append_room(copy.options_.except, rooms), ...);
    return copy;
}

template <class... Args>
void broadcast_operator::emit(event_name event, Args&&... args) const {
    packet_data data;
    if constexpr (broadcast_ack_function<std::decay_t<detail::last_of_t<Args...>>>) {
        detail::with_last(
            [&](auto&& f, auto const&... rest) {
                detail::make_event_payload(data, event, rest...);
                send(std::move(data), ack_function(std::forward<decltype(f)>(f)));
            },
            std::forward<Args>(args)...);
    } else {
        detail::make_event_payload(data, event, args...);
        send(std::move(data));
    }
}

template <class... Args>
auto broadcast_operator::async_emit_with_ack(event_name event, Args&&... args) const {
    return detail::with_last(
        [&](auto&& token, auto const&... rest) {
            packet_data data;
            detail::make_event_payload(data, event, rest...);
            return asio::async_initiate<decltype(token),
                                        void(error_code, std::vector<nlohmann::json>)>(
                [](auto handler, broadcast_operator const& self, packet_data d) {
                    self.send(std::move(d),
                              detail::copyable_handler<error_code, std::vector<nlohmann::json>>(
                                  std::move(handler), self.executor()));
                },
                token, *this, std::move(data));
        },
        std::forward<Args>(args)...);
}

template <asio::completion_token_for<void(error_code, std::vector<remote_socket>)> Token>
auto broadcast_operator::async_fetch_sockets(Token&& token) const {
    return asio::async_initiate<Token, void(error_code, std::vector<remote_socket>)>(
        [](auto handler, broadcast_operator const& self) {
            self.fetch(detail::copyable_handler<error_code, std::vector<remote_socket>>(
                std::move(handler), self.executor()));
        },
        token, *this);
}

template <class... Rooms>
void broadcast_operator::sockets_join(Rooms const&... rooms) const {
    join_all(detail::room_names(rooms...));
}

template <class... Rooms>
void broadcast_operator::sockets_leave(Rooms const&... rooms) const {
    leave_all(detail::room_names(rooms...));
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/broadcast.ipp>
#endif
