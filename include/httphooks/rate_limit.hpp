// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How often a client may ask: a guard for hooks, and for those who open sockets.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/// How much a client may ask.
struct rate_limit_options {
    /// Requests that a client may make in `window`, in the long run; from 1.
    std::uint32_t limit = 100;
    /// The time in which `limit` requests come back, one after another.
    std::chrono::milliseconds window{60'000};
    /// Requests that a client may make at once when it has been quiet; 0: as many as `limit`.
    std::uint32_t burst = 0;
    /// A field with which trusted requests name their client, as a gateway that sets it; empty:
    /// none. Other requests, and those without it, count for their address.
    std::string header{};
    /// Whose `header` counts; null: that of requests that a trusted proxy passed on, see
    /// origin::proxied(). Who may choose its own name has as many limits as it likes.
    std::function<bool(request const&, origin const&)> trusted = nullptr;
    /// Names the client by what it has proved, as the key that it authenticated with; empty: its
    /// address counts. Null: see `header`.
    std::function<std::string(request const&, origin const&)> key = nullptr;
    /// How many clients are remembered, 16 bytes each; when there are more, those that have asked
    /// least are forgotten first.
    std::size_t max_clients = 65'536;
    /// Whether every reply has the fields RateLimit and RateLimit-Policy, or refusals alone.
    bool fields = true;
    /// What the limit is called in these fields: printable ASCII without quotes and backslashes.
    std::string name = "default";
    /// What time it is; null: the steady clock's. For tests.
    std::function<std::chrono::steady_clock::time_point()> clock = nullptr;
};

/// Whether a client may go on.
struct rate_limit_verdict {
    /// Whether it may.
    bool allowed = true;
    /// How many requests it could make at once after this one.
    std::uint64_t remaining = 0;
    /// When it should ask again, when it may not go on now.
    std::chrono::seconds retry_after{};
    /// When it could make as many requests as at first.
    std::chrono::seconds reset{};
};

/** Lets each client make so many requests, and refuses what is beyond: a token bucket a client.

    As a pre-responder it answers 429 with Retry-After and the RateLimit fields; requests over
    sockets count like others. The same object decides about sockets that are opened, as
    `chat.authorize(limit)` of a SockJS server and as a middleware of a Socket.IO namespace,
    `io.use(limit)`; and about each event of one: `socket.use(limit.events(socket))`. What is
    refused costs no token.

    A client is its address, an IPv6 one without its last 64 bits, as origin::peer() gives it:
    behind a trusted proxy that of the proxy's client. Who dispatches requests without an origin has
    one limit for all. Copies share the limit.

    @par Thread safety
    All members may be called from all threads, if the functions of the options may.
    @par Source
    RFC 6585 4 (429); RFC 9110 10.2.3 (Retry-After); draft-ietf-httpapi-ratelimit-headers-10
    @par Example
    examples/production_service.cpp
*/
class rate_limit {
public:
    /// @throws std::invalid_argument for options that cannot be meant
    explicit rate_limit(rate_limit_options o = {});

    /// Counts a request of an address.
    rate_limit_verdict take(asio::ip::address const& client) const;
    /// Counts a request of a client that has a name.
    rate_limit_verdict take(std::string_view client) const;
    /// Counts a request as the options say.
    rate_limit_verdict take(request const& r, origin const& from) const;

    /// Adds what a reply says of the limit.
    void describe(rate_limit_verdict const& v, fields& reply) const;

    /// As a pre-responder: passes, or answers 429.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        finish(c, take(c.request(), c.origin()));
    }

    /** The same, by a name that a function gives.
        @param name `name(context&)` gives a text, as the user of a session; empty: the address
            counts */
    template <class F>
    auto by(F name) const {
        return [self = *this, name = std::move(name)]<class State>(
                   basic_context<hook_type::pre_responder, State>& c) {
            auto const client = name(c);
            std::string_view const text(client);
            self.finish(c, text.empty() ? self.take(c.origin().peer().address()) : self.take(text));
        };
    }

    /// For who opens a SockJS connection: status::ok, or 429.
    template <class Handshake>
    requires requires(Handshake const& h) {
        { h.peer.address() } -> std::convertible_to<asio::ip::address>;
    }
    status operator()(Handshake const& h) const {
        return take(h.peer.address()).allowed ? status::ok : status::too_many_requests;
    }

    /// For who joins a Socket.IO namespace: goes on, or refuses with "Too Many Requests".
    template <class Socket, class Next>
    requires requires(Socket const& s) {
        { s.conn().peer().address() } -> std::convertible_to<asio::ip::address>;
    }
    void operator()(Socket const& s, Next const& next) const {
        go_on(take(s.conn().peer().address()), next);
    }

    /// A middleware for the events of a Socket.IO socket.
    template <class Socket>
    auto events(Socket const& s) const {
        return [self = *this, client = s.conn().peer().address()](std::string_view, auto const&,
                                                                  auto const& next) {
            self.go_on(self.take(client), next);
        };
    }

private:
    struct state;

    template <class Next>
    static void go_on(rate_limit_verdict const& v, Next const& next) {
        if (v.allowed)
            next();
        else
            next({.message = "Too Many Requests"});
    }

    template <class Context>
    void finish(Context& c, rate_limit_verdict const& v) const {
        if (says(v)) describe(v, c.reply_headers());
        if (v.allowed) return c.pass();
        c.set_response(error_response(status::too_many_requests));
    }

    bool says(rate_limit_verdict const& v) const noexcept;

    std::shared_ptr<state> state_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/rate_limit.ipp>
#endif
