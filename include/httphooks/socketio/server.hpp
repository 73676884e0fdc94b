// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A Socket.IO server, to be mounted on an HTTP server or on a Beast session of your own.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/server.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/socketio/broadcast.hpp>
#include <httphooks/socketio/detail/copyable_handler.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/nsp.hpp>
#include <httphooks/socketio/options.hpp>
#include <httphooks/socketio/socket.hpp>

#include <nlohmann/json_fwd.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <regex>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::socketio {

namespace detail {

class live_server;

}  // namespace detail

/** Accepts Socket.IO clients below a path. Copies are handles of one server.

    What is said of the server itself is said of its namespace "/". Handlers may hold handles of the
    server and its namespaces; they are let go when it is closed.

    @par Thread safety
    on_error() before the server is mounted; everything else: all threads.
    @par Source
    Socket.IO protocol 5; socket.io 4.8, Server
    @par Example
    examples/socketio_chat.cpp */
class server {
public:
    /** A server; nothing happens until it is mounted.
        @param executor what get_executor() gives; sockets have that of their connection
        @throws std::invalid_argument for options that cannot be meant */
    explicit server(asio::any_io_executor executor, options o = {});

    /** The namespace of a name; it comes into being. A leading slash is added.

        If it is new, what of() was given before decides what it is, as for a client that joins with
        an empty `auth`: the child of the first pattern that takes the name, with all that this has;
        else a namespace of its own, which anybody may join. Clients wait until that is decided. */
    socketio::nsp of(std::string_view name) const;
    /// All namespaces whose names match; each comes into being when a client asks for it.
    template <std::same_as<std::regex> Regex>
    socketio::nsp of(Regex pattern) const {
        return of([p = std::move(pattern)](std::string_view name, nlohmann::json const&) {
            return std::regex_match(name.begin(), name.end(), p);
        });
    }
    /** All namespaces that a function lets be.

        `f(std::string_view name, nlohmann::json const& auth)` tells whether a client may have it;
        or `f(name, auth, std::function<void(bool)> decide)` calls `decide`, now or later, on any
        thread. What it throws is a no, so is a `decide` that is dropped. It is asked about names
        that the application gives to of(), too: with an empty `auth`. May be called on several
        threads at once. */
    template <class F>
    requires std::is_invocable_r_v<bool, F&, std::string_view, nlohmann::json const&> ||
        std::invocable<F&, std::string_view, nlohmann::json const&, std::function<void(bool)>>
            socketio::nsp of(F f)
    const;

    /// See nsp::on_connection().
    template <std::invocable<socket> F>
    server const& on_connection(F f) const {
        main_.on_connection(std::move(f));
        return *this;
    }
    /// See nsp::use().
    template <class F>
    server const& use(F f) const {
        main_.use(std::move(f));
        return *this;
    }
    /// Adds what is told of namespaces that come into being, but for "/"; on any thread. Clients
    /// join behind it: what it sets holds for all of them.
    template <std::invocable<socketio::nsp> F>
    server const& on_new_namespace(F f) const {
        add_new_namespace(std::move(f));
        return *this;
    }
    /// Sets what is told of exceptions that handlers of the application throw.
    server const& on_error(std::function<void(std::exception_ptr)> f) const;

    /// To all sockets of "/".
    broadcast_operator all() const;
    /// See nsp::to().
    template <class... Rooms>
    broadcast_operator to(Rooms const&... rooms) const {
        return main_.to(rooms...);
    }
    /// See nsp::in().
    template <class... Rooms>
    broadcast_operator in(Rooms const&... rooms) const {
        return main_.to(rooms...);
    }
    /// See nsp::except().
    template <class... Rooms>
    broadcast_operator except(Rooms const&... rooms) const {
        return main_.except(rooms...);
    }
    /// See nsp::local().
    broadcast_operator local() const;
    /// See nsp::volatile_().
    broadcast_operator volatile_() const;
    /// See nsp::compress().
    broadcast_operator compress(bool b) const;
    /// See nsp::timeout().
    broadcast_operator timeout(std::chrono::milliseconds t) const;
    /// See nsp::emit().
    template <class... Args>
    void emit(event_name event, Args&&... args) const {
        main_.emit(event, std::forward<Args>(args)...);
    }
    /// See nsp::server_side_emit().
    template <class... Args>
    void server_side_emit(event_name event, Args&&... args) const {
        main_.server_side_emit(event, std::forward<Args>(args)...);
    }

    /// Those of the Engine.IO server below; and refusals of what only this server understands.
    std::shared_ptr<server_counters const> counters() const;
    /// The Engine.IO server below: its headers, who may connect, what was refused.
    engineio::server engine() const;

    /** Closes all connections, and takes no more. See also engineio::options::drain_timeout.
        @par Completes with
        nothing, when the last connection has gone */
    template <asio::completion_token_for<void()> Token>
    auto async_close(Token&& token) const;

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const;
    /// What the server was created with.
    socketio::options const& options() const noexcept;

    /// Where the server is mounted.
    std::string_view prefix() const noexcept;
    /// Bytes of a request's body. For mounts.
    std::size_t body_limit() const noexcept;
    /// Answers a request below the path. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Adds what all replies have to one of the HTTP server's. For mounts.
    void dress_refusal(request const& r, response& reply) const;
    /// Notices a POST whose client goes before it is whole, or sends another one. For mounts.
    http::body_end body_begins(request const& r) const;
    /// Closes all connections, and takes no more.
    void drain() const;

private:
    /// Whether there is a namespace of a name; may answer later.
    using matcher = httphooks::detail::shared_function<void(std::string_view, nlohmann::json const&,
                                                            std::function<void(bool)>)>;

    socketio::nsp of_pattern(matcher m) const;
    void add_new_namespace(httphooks::detail::shared_function<void(socketio::nsp)> f) const;
    void close(std::function<void()> done) const;

    std::shared_ptr<detail::live_server> server_;
    socketio::nsp main_;
};

static_assert(http::mountable<server>);

// ---------------------------------------------------------------------------------------------

template <class F>
requires std::is_invocable_r_v<bool, F&, std::string_view, nlohmann::json const&> ||
    std::invocable<F&, std::string_view, nlohmann::json const&, std::function<void(bool)>>
        socketio::nsp server::of(F f)
const {
    if constexpr (std::is_invocable_r_v<bool, F&, std::string_view, nlohmann::json const&>)
        return of_pattern([f = std::move(f)](std::string_view name, nlohmann::json const& auth,
                                             std::function<void(bool)> const& decide) mutable {
            decide(static_cast<bool>(f(name, auth)));
        });
    else
        return of_pattern(std::move(f));
}

template <asio::completion_token_for<void()> Token>
auto server::async_close(Token&& token) const {
    return asio::async_initiate<Token, void()>(
        [](auto handler, server const& self) {
            self.close(detail::copyable_handler<>(std::move(handler), self.get_executor()));
        },
        token, *this);
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/server.ipp>
#endif
