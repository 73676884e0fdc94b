// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests of hooks: a request through a registry, without a socket.
*/

#include <httphooks/error.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

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

}  // namespace httphooks::testing
