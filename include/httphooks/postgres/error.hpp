// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong with PostgreSQL: why a query has no result, or one that says no.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <type_traits>

namespace httphooks::postgres {

/// The errors of PostgreSQL connections; category "httphooks.postgres".
enum class error {
    /// A connection string that is none.
    invalid_conninfo = 1,
    /// A name that no quotes can make one: empty, longer than 63 bytes, or not UTF-8.
    invalid_identifier,
    /// A text with a zero byte, which PostgreSQL has no place for; the query was not sent.
    invalid_text,
    /// The server has answered with an error; the result has its text.
    query_failed,
    /// The connection was lost before the result came: nobody knows whether the query was run.
    connection_lost,
    /// There is no connection, and nothing may wait for one; the query was not sent.
    not_connected,
    /// As much waits for the server as may; the query was not sent.
    queue_full,
    /// The query waited, and made room for newer ones; it was not sent.
    dropped,
    /// The connection was closed by close().
    closed,
    /// Nobody answers where the server should be.
    unreachable,
    /// The server is there, but lets nobody in: the user, the password or the database is wrong, or
    /// it is starting, or has as many connections as it takes.
    refused,
    /// COPY to or from the client, which is not supported.
    copy_not_supported,
};

/// The category of error: name "httphooks.postgres".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category "httphooks.postgres"; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

}  // namespace httphooks::postgres

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::postgres::error> : std::true_type {};
/// @endcond

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/postgres/impl/error.ipp>
#endif
