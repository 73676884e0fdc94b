// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Events for the clients of a cluster, from a program that is no server of it.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/value.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/room_names.hpp>
#include <httphooks/socketio/event.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

struct emitter_state;

}  // namespace detail

/** Sends events to clients of servers that have redis_adapter(), and asks the servers to do
    something with their sockets. Immutable: each function that says to whom gives another one.

    Nothing waits: what is emitted is sent in its order, and waits for Redis as redis::options say.

    @par Thread safety
    All threads.
    @par Source
    \@socket.io/redis-emitter 5.1
    @par Example
    examples/socketio_emitter.cpp */
class redis_emitter {
public:
    /** For all clients of a namespace.
        @param c where the servers' Redis is
        @param key what the names of channels begin with; the servers' */
    explicit redis_emitter(redis::connection c, std::string key = "socket.io",
                           std::string_view nsp = "/");

    /// For another namespace. @param nsp a leading slash is added
    redis_emitter of(std::string_view nsp) const;
    /// To the sockets in rooms, also to those of earlier calls; each gets it once.
    /// @param rooms names, or ranges of names
    template <class... Rooms>
    redis_emitter to(Rooms const&... rooms) const {
        redis_emitter copy = *this;
        (detail::append_room(copy.options_.rooms, rooms), ...);
        return copy;
    }
    /// The same as to().
    template <class... Rooms>
    redis_emitter in(Rooms const&... rooms) const {
        return to(rooms...);
    }
    /// Not to the sockets in rooms, whatever other rooms they are in.
    template <class... Rooms>
    redis_emitter except(Rooms const&... rooms) const {
        redis_emitter copy = *this;
        (detail::append_room(copy.options_.except, rooms), ...);
        return copy;
    }
    /// Not to clients that cannot take it at once.
    redis_emitter volatile_() const;
    /// Whether it may be compressed.
    redis_emitter compress(bool b) const;

    /** Sends an event.
        @param args what nlohmann::json can be made of, bytes
        @throws boost::system::system_error error::reserved_event */
    template <class... Args>
    void emit(event_name event, Args const&... args) const {
        packet_data data;
        detail::make_event_payload(data, event, args...);
        send(std::move(data));
    }
    /// Has the sockets join rooms.
    template <class... Rooms>
    void sockets_join(Rooms const&... rooms) const {
        join_all(detail::room_names(rooms...));
    }
    /// Has the sockets leave rooms.
    template <class... Rooms>
    void sockets_leave(Rooms const&... rooms) const {
        leave_all(detail::room_names(rooms...));
    }
    /// Disconnects the sockets. @param close their connections too
    void disconnect_sockets(bool close = false) const;
    /// Sends an event to the servers, whoever has the sockets. @param args as for emit()
    template <class... Args>
    void server_side_emit(event_name event, Args const&... args) const {
        packet_data data;
        detail::make_event_payload(data, event, args...);
        send_server_side(std::move(data));
    }

    /** Waits until Redis has everything that was emitted, with copies of this one too.
        @param token for `void(error_code)`
        @par Completes with
        the first error since the last call; those of redis::connection */
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_flush(Token&& token = Token()) const;

private:
    void send(packet_data data) const;
    void send_server_side(packet_data data) const;
    void join_all(std::span<std::string const> rooms) const;
    void leave_all(std::span<std::string const> rooms) const;
    redis::connection const& connection() const noexcept;
    error_code take_error() const noexcept;

    std::shared_ptr<detail::emitter_state> state_;
    std::string nsp_;
    broadcast_options options_{};
};

// ---------------------------------------------------------------------------------------------

template <asio::completion_token_for<void(error_code)> Token>
auto redis_emitter::async_flush(Token&& token) const {
    return asio::async_initiate<Token, void(error_code)>(
        [](auto handler, redis_emitter const& self) {
            redis::connection c = self.connection();
            c.async_command({"PING"}, [self, h = std::move(handler)](error_code ec,
                                                                     redis::value const&) mutable {
                error_code const first = self.take_error();
                auto const where =
                    asio::get_associated_executor(h, self.connection().get_executor());
                asio::dispatch(where, [h = std::move(h), e = first ? first : ec]() mutable {
                    std::move(h)(e);
                });
            });
        },
        token, *this);
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/emitter.ipp>
#endif
