// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client can be told: how long it waits, how much it takes, how many connections it has.
*/

#include <httphooks/http/client_stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace httphooks::http {

/// The options of a client.
struct client_options {
    /// For name resolution, connecting and the TLS handshake.
    std::chrono::milliseconds connect_timeout{2'000};
    /// For a whole request, waiting for a connection and redirections included; not for one of
    /// client::async_stream().
    std::chrono::milliseconds timeout{5'000};
    /// Bytes of a response's status line, fields and trailers.
    std::size_t header_limit = 16 * 1024;
    /// Bytes of a response's body that is given whole.
    std::uint64_t body_limit = 1024 * 1024;
    /** How many redirections a request follows; then error::redirect_limit. 0: they are given as
        they come. The rules are those of browsers: after 303, and after 301 and 302 of a POST, a
       GET without content; Authorization, Cookie and Host do not go to another origin. */
    unsigned max_redirects = 0;
    /// Connections to one origin; further requests wait for one of them.
    std::size_t connections_per_origin = 16;
    /// How long an unused connection is kept; less than servers usually do (node: 5 s).
    std::chrono::milliseconds idle_timeout{4'000};
    /// Makes the streams for https, see tls_streams(); null: https is not supported.
    client_stream_factory tls{};
};

}  // namespace httphooks::http
