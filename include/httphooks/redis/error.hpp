// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong with Redis: why a command has no answer, or one that says no.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <type_traits>

namespace httphooks::redis {

/// The errors of Redis connections; category "httphooks.redis".
enum class error {
    /// A URL that is none of Redis, or not well-formed.
    invalid_url = 1,
    /// The server's reply is an error; the value has its text.
    error_reply,
    /// The connection was lost before the reply came: nobody knows whether the command was run.
    connection_lost,
    /// There is no connection, and nothing may wait for one; the command was not sent.
    not_connected,
    /// As much waits for the server as may; the command was not sent.
    queue_full,
    /// The command waited, and made room for newer ones; it was not sent.
    dropped,
    /// The connection was closed by close().
    closed,
    /// The server has sent what is no reply.
    bad_reply,
    /// A reply is larger, or nested deeper, than the options allow.
    reply_limit,
    /// The server has refused the user or the password.
    authentication_failed,
    /// The server has refused something else that the connection begins with, such as the database;
    /// or it is starting, or has lost its master.
    not_ready,
    /// Nodes of a cluster have sent a command to one another too often.
    redirection_limit,
};

/// The category of error: name "httphooks.redis".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category "httphooks.redis"; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

}  // namespace httphooks::redis

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::redis::error> : std::true_type {};
/// @endcond

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/error.ipp>
#endif
