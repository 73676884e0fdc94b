// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Asks Redis: commands out, replies in, over one connection that is opened again when it is lost.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/connection_state.hpp>
#include <httphooks/redis/connection_stats.hpp>
#include <httphooks/redis/detail/command.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::redis {

namespace detail {

class connection_core;

/// Has a command sent.
void begin_command(connection_core& core, command_ptr c);

}  // namespace detail

/** A connection to a Redis server, or to the nodes of a cluster.

    The first command opens it; when it is lost, it is opened again after a delay, again and again.
    Any number of commands may be under way. Those of one turn of the event loop leave in one write,
    and all of them in the order of the calls. Commands that were not sent yet wait for the next
    connection, as options::queue_limit says; those that were sent and have no reply are not
    repeated.

    Of a cluster, a command goes to the node that has its key: nodes are found, and `MOVED` and
    `ASK` followed, from the first time on that a node says so. A command without keys, or whose
    first argument is none, goes to the server of the URL.

    Copies are handles of one connection, which is closed with the last of them. They go before the
    context of the executor does; debug builds assert it.

    @par Thread safety
    All members may be called from all threads.
    @par Example
    examples/sockjs_cluster.cpp */
class connection {
public:
    using executor_type = asio::any_io_executor;

    /** @param executor where it works; may have several threads
        @param o see options
        @throws boost::system::system_error error::invalid_url; operation_not_supported: rediss
            without options::tls */
    explicit connection(executor_type const& executor, options o = {});

    /// The executor that it was created with.
    executor_type get_executor() const noexcept;

    /** Sends a command, and gives its reply.

        SUBSCRIBE and its like are for a subscriber; MULTI, EXEC and WATCH see async_transaction().
        A command that blocks, such as XREAD with BLOCK, delays those behind it: it has a connection
        of its own, and a longer options::command_timeout.

        @param command its name and arguments: `{"GET", key}`
        @param token for `void(error_code, value)`; without an executor of its own it completes on
            the connection's, never at the same time as another
        @par Completes with
        error::error_reply: the reply is an error, which the value has. error::connection_lost,
        error::closed, asio::error::timed_out: there is no reply; it may have been run, unless it
        still waited. error::not_connected, error::queue_full, error::dropped: it was not sent.
        error::redirection_limit: the nodes of a cluster do not agree. */
    template <asio::completion_token_for<void(error_code, value)> Token = asio::use_awaitable_t<>>
    auto async_command(arguments command, Token&& token = Token()) {
        return initiate(std::move(command).bytes(), 1, std::forward<Token>(token));
    }

    /** Has commands run as one, between MULTI and EXEC; no other command comes between them.

        @param commands in a cluster all have keys of one slot
        @param token for `void(error_code, value)`, with the reply of EXEC: an array with that of
            each command
        @par Completes with
        as async_command() */
    template <asio::completion_token_for<void(error_code, value)> Token = asio::use_awaitable_t<>>
    auto async_transaction(transaction commands, Token&& token = Token()) {
        std::uint32_t const replies = commands.replies();
        return initiate(std::move(commands).bytes(), replies, std::forward<Token>(token));
    }

    /// Opens the connection, without a command.
    void connect() const;
    /// What it is about; of a cluster, the server of the URL.
    connection_state state() const noexcept;
    bool is_connected() const noexcept { return state() == connection_state::connected; }
    /** Sets what is called when state() changes, or the reason why it is away: an error such as
        error::authentication_failed. Called where handlers are; set before the first command. What
        it throws, or a handler does, leaves the event loop, and the connection goes on. */
    void on_state(std::function<void(connection_state, error_code)> f) const;
    /// Whether commands go to the nodes of a cluster; known before it is connected.
    bool is_cluster() const noexcept;
    /// What was counted.
    connection_stats stats() const;

    /// Closes it for good. What was asked for before is sent if it can be at once; all commands
    /// end, with error::closed.
    void close() const;

    /// For servers: has a command sent.
    void submit(std::unique_ptr<detail::command> c) const;

private:
    template <class Token>
    auto initiate(std::string bytes, std::uint32_t replies, Token&& token) {
        return asio::async_initiate<Token, void(error_code, value)>(
            [](auto handler, std::shared_ptr<detail::connection_core> const& core, std::string text,
               std::uint32_t answers) {
                using handler_type = decltype(handler);
                detail::begin_command(*core, std::make_unique<detail::command_of<handler_type>>(
                                                 std::move(handler), std::move(text), answers));
            },
            token, core_, std::move(bytes), replies);
    }

    std::shared_ptr<detail::connection_core> core_;
};

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/connection.ipp>
#endif
