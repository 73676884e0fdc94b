// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests of hooks: a request through a registry, without a socket.
*/

#include <httphooks/error.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/pending_reply.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace httphooks::testing {

/** Runs a request through the hooks and waits for its reply and its listeners.

    The hooks run on the calling thread, in an execution context of their own. What they await on
    another executor must be run by another thread.

    @param hooks the registry
    @param req any request of Beast's
    @param from where the hooks see the request come from
    @return the reply, ready to be written, as async_dispatch gives it; but a file is read
    @throws system_error a file could not be read
*/
template <class State, class Body, class Fields>
response inject(basic_registry<State> hooks, beast::http::message<true, Body, Fields> req,
                origin from = origin(transport::inject));

/** Begins a request on a clock: the hooks run there, until they wait for time to pass.

    @param hooks the registry
    @param req any request of Beast's
    @param on what runs it, then and in its other calls
    @param from where the hooks see the request come from
    @return the reply, which may be there already, and may be never if what the hooks await is not
        on the clock
    @throws system_error a file could not be read */
template <class State, class Body, class Fields>
pending_reply start(basic_registry<State> hooks, beast::http::message<true, Body, Fields> req,
                    clock& on, origin from = origin(transport::inject));

/** As above, for a request whose reply takes no time.
    @throws std::logic_error there is none yet */
template <class State, class Body, class Fields>
response inject(basic_registry<State> hooks, beast::http::message<true, Body, Fields> req,
                clock& on, origin from = origin(transport::inject));

// ---------------------------------------------------------------------------------------------

template <class State, class Body, class Fields>
response inject(basic_registry<State> hooks, beast::http::message<true, Body, Fields> req,
                origin from) {
    asio::io_context context(1);
    std::optional<response> reply;
    hooks.async_dispatch(
        std::move(req), std::move(from),
        asio::bind_executor(context.get_executor(),
                            [&reply](error_code, response r) { reply.emplace(std::move(r)); }));
    context.run();
    if (error_code const ec = reply->body().load()) throw system_error(ec, "inject");
    return std::move(*reply);
}

template <class State, class Body, class Fields>
pending_reply start(basic_registry<State> hooks, beast::http::message<true, Body, Fields> req,
                    clock& on, origin from) {
    auto const reply = std::make_shared<std::optional<response>>();
    hooks.async_dispatch(std::move(req), std::move(from),
                         asio::bind_executor(on.get_executor(), [reply](error_code, response r) {
                             if (error_code const ec = r.body().load())
                                 throw system_error(ec, "inject");
                             reply->emplace(std::move(r));
                         }));
    on.run();
    return pending_reply(reply);
}

template <class State, class Body, class Fields>
response inject(basic_registry<State> hooks, beast::http::message<true, Body, Fields> req,
                clock& on, origin from) {
    return start(std::move(hooks), std::move(req), on, std::move(from)).get();
}

}  // namespace httphooks::testing
