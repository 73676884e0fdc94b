// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How a server is made for an executor and a stream: the bodies of templates, for the library.
*/

#include <httphooks/http/server.hpp>

#include <httphooks/http/detail/listener.hpp>
#include <httphooks/http/detail/server_state.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <concepts>
#include <memory>
#include <stdexcept>
#include <utility>

namespace httphooks::http::detail {

/// Adds an event loop.
template <class Executor, class Wrap>
void add_listener(server_state& to, Executor const& executor, hooks_source const& hooks,
                  Wrap const& wrap) {
    to.add(std::make_shared<listener<Executor, Wrap>>(executor, hooks(), to.settings(),
                                                      to.admitted(), wrap));
}

template <class Executor, class Wrap>
std::shared_ptr<server_state> serve_on(Executor const& executor, hooks_source const& hooks,
                                       http::options o, Wrap const& wrap) {
    using plain_executor = asio::io_context::executor_type;
    if (o.threads != 1)
        throw std::invalid_argument("server: threads has no effect on an executor that is given");
    auto const state = std::make_shared<server_state>(std::move(o));
    state->watch(executor);
    if constexpr (std::same_as<Executor, asio::any_io_executor>) {
        if (auto const* const plain = executor.template target<plain_executor>())
            add_listener(*state, *plain, hooks, wrap);
        else
            add_listener(*state, executor, hooks, wrap);
    } else if constexpr (std::same_as<Executor, plain_executor>) {
        add_listener(*state, executor, hooks, wrap);
    } else {
        add_listener(*state, asio::any_io_executor(executor), hooks, wrap);
    }
    return state->handle();
}

template <class Wrap>
std::shared_ptr<server_state> serve_with_threads(hooks_source const& hooks, http::options o,
                                                 Wrap const& wrap) {
    if (o.threads == 0) throw std::invalid_argument("server: threads must not be 0");
    unsigned const threads = o.threads;
    auto const state = std::make_shared<server_state>(std::move(o));
    for (unsigned i = 0; i < threads; ++i)
        add_listener(*state, state->add_worker().get_executor(), hooks, wrap);
    return state->handle();
}

}  // namespace httphooks::http::detail
