// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong in SockJS, as error codes and as close codes.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <cstdint>
#include <type_traits>

namespace httphooks::sockjs {

/** Why a connection ended, as both sides see it. Applications use 1000 and 3000 to 4999.
    @par Source
    SockJS 0.3.3, close frame; RFC 6455 7.4; sockjs-client */
enum class close_code : std::uint16_t {
    /// It was meant to end.
    normal = 1000,
    /// The server shuts down or has no session for the client, or the client went away.
    going_away = 1001,
    /// The connection was lost.
    interrupted = 1002,
    /// Without a word.
    abnormal = 1006,
    /// Too much waits for a client that does not read.
    policy = 1008,
    /// A message is too large.
    too_big = 1009,
    /// A handler of the application threw an exception.
    internal_error = 1011,
    /// No transport works.
    all_transports_failed = 2000,
    /// A transport did not open in time.
    transport_timeout = 2007,
    /// The session has a receiver already.
    another_connection_open = 2010,
    /// What an application says that gives no code.
    go_away = 3000,
};

/// The errors of SockJS; category "httphooks.sockjs".
enum class error {
    /// A message array is missing, or JSON of another shape.
    payload_expected = 1,
    /// A message array is not JSON, not UTF-8, or holds what is not a string.
    broken_encoding,
    /// The server cannot be reached, or does not speak SockJS there.
    cannot_connect,
    /// No transport could be opened.
    no_transport,
    /// The transport did not open in time.
    transport_timeout,
    /// The server did not take a message.
    sending_failed,
    /// The connection is closed.
    closed,
};

/// The category of error: name "httphooks.sockjs".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category "httphooks.sockjs"; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

}  // namespace httphooks::sockjs

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::sockjs::error> : std::true_type {};
/// @endcond

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/error.ipp>
#endif
