// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a server can be told: where it listens, how much it takes, how long it waits.
*/

#include <httphooks/http/compress.hpp>
#include <httphooks/http/cors_policy.hpp>
#include <httphooks/http/decompress.hpp>
#include <httphooks/http/framing_guard.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace httphooks::http {

/// The fields in which a proxy says for whom it asks.
enum class proxy_field : std::uint8_t {
    /// X-Forwarded-For the client's address, and X-Forwarded-Proto whether by https.
    x_forwarded_for,
    /// Forwarded, its parameters `for` and `proto`; RFC 7239.
    forwarded,
};

/** The options of a server.

    The defaults suit a public server with small requests. Deadlines are checked every 50 ms and
    fire at the first check after they have passed.
*/
struct options {
    /// The address to listen on; an IPv4 or IPv6 literal.
    std::string address = "0.0.0.0";
    /// The port; 0 takes a free one, see server::port().
    std::uint16_t port = 0;
    /// Whether other servers of the user, of other processes too, may listen on the same port when
    /// all of them say so: the system spreads connections over them and their threads
    /// (SO_REUSEPORT). Otherwise a port that is taken is an error, and the thread that is free
    /// first accepts a connection.
    bool share_port = false;
    /// Threads of a server that owns its threads, each with an event loop that accepts; a server on
    /// an executor that is given has those of the executor, and takes 1 only.
    unsigned threads = 1;
    /// Connections that the operating system may hold ready to be accepted, an acceptor.
    int backlog = 1024;

    /// From a request's first byte to the end of its header; then 408 and close. As for a body, the
    /// time does not count in which nothing is read, since a reply before it is being written.
    std::chrono::milliseconds header_timeout{10'000};
    /// How long a body may stay below body_rate; then 408 and close. Of a body that a hook reads as
    /// a stream only the time counts in which the hook waits for it, and of one that the client is
    /// to be asked for (`Expect: 100-continue`) that from then on.
    std::chrono::milliseconds body_grace{10'000};
    /// The least average speed of a body after body_grace, bytes a second; 0: any.
    std::uint32_t body_rate = 1024;
    /// How long a connection may be idle between requests; then it is closed without a reply.
    std::chrono::milliseconds idle_timeout{60'000};
    /// How long the hooks may take for a request; then they are cancelled and the reply is 504. It
    /// begins anew when a hook that reads the body as a stream has got a piece of it.
    std::chrono::milliseconds handler_timeout{30'000};
    /// Whether a client that sends no more (FIN) while hooks work for it counts as gone: they are
    /// cancelled, and the connection is closed without their replies. Otherwise it may still read
    /// them, as RFC 9112 9.6 lets it, and only a reset cancels; most clients that send FIN have
    /// gone. It is noticed as long as the connection may have further requests, see pipeline_limit.
    bool cancel_on_half_close = false;
    /// How long a client may take no byte of what waits for it; then the connection is cut.
    std::chrono::milliseconds write_timeout{30'000};
    /// How long a TLS handshake may take; then the connection is closed.
    std::chrono::milliseconds handshake_timeout{10'000};
    /// How long a connection that is being closed waits for the client to close; RFC 9112 9.6.
    std::chrono::milliseconds linger_timeout{2'000};
    /// How many bytes it may send meanwhile, which are read and dropped: a client that writes its
    /// whole request before it reads sees why it is refused. Both also for a body that a hook or a
    /// guard has left unread: if there is less of it, the connection can have its next request.
    std::uint64_t linger_bytes = 64 * 1024 * 1024;
    /// How many bytes all connections that are being closed may have sent meanwhile.
    std::uint64_t linger_bytes_total = 1024 * 1024 * 1024;

    /// Sizes of header, fields and chunks; beyond them 414, 431 or 400 and close.
    framing_limits framing{};
    /// Bytes of a request's body, unless a matching hook or mount sets its own; beyond it 413.
    std::uint64_t body_limit = 1024 * 1024;
    /** Bytes of bodies that the server keeps in memory, over all connections, threads and mounts;
        0: any. Of requests they count until they are answered and no hook has them any more, of
        messages over sockets until they are whole and handed on, of bodies that hooks read as
        streams while they are buffered. When there is no room, bodies and messages that are not
        whole are not read on until others are done, the oldest first; no deadline counts meanwhile.
        One at a time goes on all the same, up to its own limit, so that they do not wait for one
        another. There are never more than the budget, one body of the largest limit, 8 KiB for each
        connection and 64 KiB for each thread. A message over WebSocket that falls behind body_grace
        and body_rate while others wait is closed with 1008. See server_counters::body_bytes(). */
    std::uint64_t bodies_in_memory = 0;
    /// Requests of one connection that may be under way; beyond it reading pauses.
    std::size_t pipeline_limit = 16;
    /// Bytes of replies that may wait for the client; beyond it no further request is begun.
    std::size_t output_limit = 256 * 1024;

    /// Open connections of the server; further ones get 503.
    std::size_t max_connections = 10'000;
    /// Open connections of one client address, loopback exempt; further ones get 503.
    std::size_t max_connections_per_address = 256;

    /** Whose pages may read the replies that no hook has seen: 400, 408, 413, 414, 417, 431, 500,
        501, 503 and 504 of the server itself. The hooks have http::cors; a mount sees to what is
        refused below its prefix. */
    std::optional<cors_policy> cors{};

    /// Compresses the replies of the hooks; nothing: they are sent as they are.
    std::optional<http::compress> compress{};
    /// Decompresses the bodies of requests for the hooks; nothing: they see them as they came.
    std::optional<http::decompress> decompress{};

    /// The value of the Server field; empty: no such field.
    std::string server_name{};
    /** Addresses or networks ("10.0.0.0/8", "::1") of proxies that are believed when they say what
        the client's address is, and whether it came by https. Nobody else is. */
    std::vector<std::string> trusted_proxies{};
    /// The field that these proxies write. The other one has no effect: most proxies pass on what
    /// clients write into fields that they do not write themselves. Not without trusted_proxies.
    proxy_field trusted_field = proxy_field::x_forwarded_for;
};

}  // namespace httphooks::http
