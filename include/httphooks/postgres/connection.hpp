// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Asks PostgreSQL, and hears its notifications, over one connection that is opened again when it
    is lost.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/postgres/connection_state.hpp>
#include <httphooks/postgres/notification.hpp>
#include <httphooks/postgres/options.hpp>
#include <httphooks/postgres/query.hpp>
#include <httphooks/postgres/query_result.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::postgres {

namespace detail {

class connection_core;

/// Sends a query when it is its turn; the handler is called once.
void begin_query(connection_core& core, query q,
                 asio::any_completion_handler<void(error_code, query_result)> handler);
/// Calls the handler when the server knows what was listened to.
void begin_settle(connection_core& core, asio::any_completion_handler<void(error_code)> handler);

}  // namespace detail

/// What connections count, since they were made.
struct connection_stats {
    /// Queries that were sent.
    std::uint64_t sent = 0;
    /// Queries that were not, because they waited too long or there was no room.
    std::uint64_t dropped = 0;
    /// Queries that were sent, and whose results were lost.
    std::uint64_t lost = 0;
    /// Notifications that have come.
    std::uint64_t notifications = 0;
    /// How often there was a connection.
    std::uint64_t connections = 0;
    /// Bytes of queries that wait.
    std::uint64_t queued = 0;
};

/** A connection to a PostgreSQL server.

    The first query or listen() opens it; when it is lost, it is opened again after a delay, again
    and again. Queries are run one after another, in the order of the calls, each a transaction of
    its own unless it begins one. Those that were not sent yet wait for the next connection, as
    options::queue_limit says; those that were sent and have no result are not repeated.

    It keeps the channels that are wanted. With each new connection the server is told of all of
    them before connection_state::connected is, and before any query. What is notified meanwhile is
    lost.

    Copies are handles of one connection, which is closed with the last of them. They go before the
    context of the executor does; debug builds assert it. The socket is libpq's: POSIX systems only.

    @par Thread safety
    All members may be called from all threads. Handlers are called on the executor, one at a time.
    @par Example
    examples/postgres.cpp */
class connection {
public:
    using executor_type = asio::any_io_executor;

    /** @param executor where it works; may have several threads
        @param o see options
        @throws boost::system::system_error error::invalid_conninfo, with what is wrong with it */
    explicit connection(executor_type const& executor, options o = {});

    /// The executor that it was created with.
    executor_type get_executor() const noexcept;

    /** Runs a query, and gives its result.

        @param q one statement and its values
        @param token for `void(error_code, query_result)`; without an executor of its own it
            completes on the connection's, never at the same time as another
        @par Completes with
        error::query_failed: the server says no, and the result why. error::connection_lost,
        asio::error::timed_out: there is no result; it may have been run, unless it still waited.
        error::not_connected, error::queue_full, error::dropped, error::closed, error::invalid_text:
        it was not sent. error::copy_not_supported.
        @par Source
        PostgreSQL manual, libpq, PQsendQueryParams */
    template <
        asio::completion_token_for<void(error_code, query_result)> Token = asio::use_awaitable_t<>>
    auto async_query(query q, Token&& token = Token()) const {
        return asio::async_initiate<Token, void(error_code, query_result)>(
            [](auto handler, std::shared_ptr<detail::connection_core> const& core, query what) {
                detail::begin_query(*core, std::move(what), std::move(handler));
            },
            token, core_, std::move(q));
    }

    /** Wants what is notified on a channel, until unlisten(); names are taken as they are, with
        capital letters.
        @throws boost::system::system_error error::invalid_identifier, see quote_identifier() */
    void listen(std::string_view channel) const { want(channel, true); }
    /// Wants it no more; what is under way is still heard.
    void unlisten(std::string_view channel) const { want(channel, false); }

    /** Waits until the server knows of all that was listened to, and not, by the time of the call.

        @param token for `void(error_code)`
        @par Completes with
        error::closed. asio::error::timed_out: options::query_timeout has passed. */
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_settle(Token&& token = Token()) const {
        return asio::async_initiate<Token, void(error_code)>(
            [](auto handler, std::shared_ptr<detail::connection_core> const& core) {
                detail::begin_settle(*core, std::move(handler));
            },
            token, core_);
    }

    /// Sets what is called with each notification, one's own too. What it is given lives as long as
    /// the call; what it throws leaves the event loop, and the connection goes on.
    void on_notification(std::function<void(notification const&)> f) const;
    /** Sets what is called when state() changes, or why it is away; with the error and what libpq
        or the server say of it. What it throws leaves the event loop, too. */
    void on_state(std::function<void(connection_state, error_code, std::string_view)> f) const;

    /// Opens the connection, without a query.
    void connect() const;
    /// What it is about.
    connection_state state() const noexcept;
    bool is_connected() const noexcept { return state() == connection_state::connected; }
    /// What was counted.
    connection_stats stats() const;

    /// Closes it for good; all queries end, with error::closed.
    void close() const;

private:
    void want(std::string_view channel, bool wanted) const;

    std::shared_ptr<detail::connection_core> core_;
};

}  // namespace httphooks::postgres

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/postgres/impl/connection.ipp>
#endif
