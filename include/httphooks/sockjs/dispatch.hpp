// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks over SockJS: each message is a request, each answer a message.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/message_loops.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/sockjs/server.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace httphooks::sockjs {

/// How messages become requests.
struct dispatch_options {
    /// Requests of one connection that may be under way; beyond it reading pauses.
    std::size_t in_flight = 16;
    /// How deep the objects and arrays of a message may be nested.
    std::size_t depth = envelope::default_depth;
    /// Whether streamed replies to messages with an id are sent in messages of their own.
    /// Otherwise, and without an id, they are collected first, as stream() says.
    bool stream_messages = false;
};

/** Has each message of a server's connections be a request to the hooks.

    A message `{"method","url","headers","content"}` is answered by one
    `{"statusCode","headers","content"}`; see envelope::decode() and encode(). A member `id` is
    echoed: such answers come when they are ready, others in the order of their messages. What is
    not a request is answered with status 400, and the connection goes on. At most
    dispatch_options::in_flight requests of a connection are under way; then reading pauses, and
    xhr_send is answered when there is room. When the connection ends they are cancelled, and those
    that wait behind them are dropped. The origin of a request has the peer, the request that opened
    the connection, and origin::push().

    With dispatch_options::stream_messages a streamed reply is, if its request has an id, a message
    `{"id","statusCode","headers","more":true,"content":""}`, then `{"id","more":true,"content"}`
    for each write, and `{"id","content":""}` at the end, with a member `trailers` if there are any.
    A last message with a `statusCode` says that the stream has failed: the others of the connection
    go on. A write of more than 24 KiB is several messages. Writes wait while the client does not
    read: some 40 KiB wait for it at most. A stream counts among those in flight until it ends.

    @param s its on_connection handler is set here; before it is mounted
    @param hooks copied; changes of the registry are seen
    @par Example
    examples/sockjs_hooks.cpp
*/
template <class State>
void dispatch(server s, basic_registry<State> const& hooks, dispatch_options o = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

void dispatch(server s, std::shared_ptr<httphooks::detail::message_loop_map> loops,
              dispatch_options o);

}  // namespace detail

template <class State>
void dispatch(server s, basic_registry<State> const& hooks, dispatch_options o) {
    detail::dispatch(std::move(s), std::make_shared<httphooks::detail::message_loops<State>>(hooks),
                     o);
}

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/dispatch.ipp>
#endif
