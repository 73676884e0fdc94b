// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks over Socket.IO: each event of a name is a request, each acknowledgement an answer.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/message_loops.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/detail/request_dispatch.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/dispatch_options.hpp>
#include <httphooks/socketio/nsp.hpp>
#include <httphooks/socketio/socket.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::socketio {

/** Has events of a namespace's sockets be requests to the hooks.

    The event `request` with an object `{"method","url","headers","content"}` is acknowledged with
    `{"statusCode","headers","content"}`; see envelope::decode() and encode(). Answers come when
    they are ready, in any order; without an acknowledgement the hooks run and nothing is sent.
    Bytes are content both ways: as an attachment of the request, and as one of the answer when it
    is not UTF-8. What is not a request is acknowledged with status 400, and the socket stays. At
    most dispatch_options::in_flight requests of a socket are under way; then its connection is not
    read, with the sockets of other namespaces on it, until there is room. When the socket is
    disconnected they are cancelled; what waits behind them when the client goes is dropped. The
    origin of a request has the peer, the request that opened the connection, and origin::push().

    With dispatch_options::stream_messages a streamed reply to a request that has a member `id`, and
    an acknowledgement, is an event `response` with `{"id","statusCode","headers","more":true,
    "content":""}`, then one with `{"id","more":true,"content"}` for each write; the acknowledgement
    comes last, with `{"id","content":""}`, and a member `trailers` if there are any. One with a
    `statusCode` says that the stream has failed; the socket stays. A write of more than 24 KiB is
    several events. Writes wait while the client does not read: some 40 KiB wait for it at most. A
    stream counts among those in flight until it ends. Events of streams are not kept for clients
    that come back.

    @param n a namespace, or a pattern of namespaces; handlers of the application's for the same
        sockets may be set too
    @param hooks copied; changes of the registry are seen
    @throws system_error error::reserved_event: what dispatch_options::stream_event is
    @par Example
    examples/socketio_hooks.cpp
*/
template <class State>
void dispatch(nsp n, basic_registry<State> const& hooks, dispatch_options o = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// @throws system_error error::reserved_event
dispatch_options checked(dispatch_options o);

/// What the sockets of a namespace have in common.
template <class State>
class dispatcher : public std::enable_shared_from_this<dispatcher<State>> {
public:
    dispatcher(basic_registry<State> const& hooks, dispatch_options o)
        : options(checked(std::move(o))),
          loops_(std::make_unique<httphooks::detail::message_loops<State>>(hooks)) {}

    /// The requests of a socket, from now on until it is disconnected.
    std::shared_ptr<request_dispatch> begin(socket s) const;

    dispatch_options const options;

private:
    std::unique_ptr<httphooks::detail::message_loops<State>> loops_;
};

/// Whether the event loop of a socket is its thread's own.
bool owns_context(socket const& s);
/// A handle of a socket that lives.
socket handle_of(live_socket& s);
/// The requests of a socket, until it is disconnected.
std::shared_ptr<request_dispatch> begin_requests(
    socket const& s, std::shared_ptr<httphooks::detail::message_loop> loop,
    std::shared_ptr<dispatch_options const> o);

template <class State>
std::shared_ptr<request_dispatch> dispatcher<State>::begin(socket s) const {
    return begin_requests(s, loops_->of(s.get_executor(), owns_context(s)),
                          {this->shared_from_this(), &options});
}

}  // namespace detail

template <class State>
void dispatch(nsp n, basic_registry<State> const& hooks, dispatch_options o) {
    auto const all = std::make_shared<detail::dispatcher<State> const>(hooks, std::move(o));
    n.on_connection([all](socket s) {
        // made at the first request: many clients have none
        std::shared_ptr<detail::request_dispatch> requests;
        s.on(all->options.event, [all, requests, client = s.state().get()](
                                     arguments const& args, acknowledgement const& ack) mutable {
            if (!requests) requests = all->begin(handle_of(*client));
            requests->receive(args, ack);
        });
    });
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/dispatch.ipp>
#endif
