// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The HTTP server: listens, and has the hooks of a registry answer.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/detail/server_state.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::http {

/** A server. Copies are handles of the same one.

    Either it has threads of its own, each with an event loop that accepts at the same port; or it
    runs on an executor of the caller's, which must not run two handlers at once: that of an
    io_context with one thread, or a strand. All its handles go before the context does; debug
    builds assert it.

    The hooks must be registered with the registry when or before they are to be seen; the registry
    may be changed while the server runs. Mounts are added before it runs.

    @par Thread safety
    A handle is not thread-safe; copies may be used by different threads, once the server runs.
    @par Example
    examples/hello_world.cpp
*/
class server {
public:
    /** A server on an executor.
        @throws std::invalid_argument for options that cannot be meant */
    template <class State>
    server(asio::any_io_executor executor, basic_registry<State> const& hooks, http::options o = {})
        : state_(detail::server_state::on_executor(std::move(executor), factory_of(hooks),
                                                   std::move(o), detail::plain{})) {}

    /** A server with options::threads threads. When the last handle goes, they are stopped.
        @throws std::invalid_argument for options that cannot be meant */
    template <class State>
    server(http::options o, basic_registry<State> const& hooks)
        : state_(detail::server_state::with_threads(factory_of(hooks), std::move(o),
                                                    detail::plain{})) {}

    /** Has a mount serve everything below its prefix.
        @throws std::invalid_argument for a malformed or taken prefix
        @throws std::logic_error when the server runs */
    template <mountable M>
    void mount(M m) {
        state_->mounts().add(std::move(m));
    }

    /** Opens the port; async_run() does so when it has not been done.
        @throws system_error when the address cannot be listened on */
    void listen() { state_->listen(); }

    /// The port that is listened on; 0 before.
    std::uint16_t port() const { return state_->local_endpoint().port(); }
    /// The address and port that are listened on.
    asio::ip::tcp::endpoint local_endpoint() const { return state_->local_endpoint(); }
    /// The caller's executor, or that of the first thread.
    asio::any_io_executor get_executor() const { return state_->get_executor(); }
    /// Connections, bytes of replies that wait, and refusals: by the reason phrase of the status,
    /// and connections that are too many.
    std::shared_ptr<server_counters const> counters() const noexcept { return state_->counters(); }

    /** Serves until the server is drained or stopped.
        @par Completes with
        the error of listening; else none, when the last connection has gone */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_run(Token&& token) {
        return state_->async_run(std::forward<Token>(token));
    }

    /** Serves, and returns when the server is drained or stopped. For a server with threads.
        @throws system_error when the address cannot be listened on */
    void run() { state_->run(); }

    /** Ends the server: accepts no more, closes what is idle, answers what has begun, with
        `Connection: close`, tells the mounts; what is not done by then is cut.
        @param patience how long to wait for what has begun
        @par Completes with
        no error, and what had to be cut */
    template <asio::completion_token_for<void(error_code, drain_report)> Token>
    auto async_drain(std::chrono::milliseconds patience, Token&& token) {
        return state_->async_drain(patience, std::forward<Token>(token));
    }

    /// Ends the server at once. Thread-safe.
    void stop() { state_->stop(); }

protected:
    /// A handle of a server over another stream.
    explicit server(std::shared_ptr<detail::server_state> state) : state_(std::move(state)) {}

    /// What makes each event loop's share of the hooks.
    template <class State>
    static detail::server_state::factory factory_of(basic_registry<State> const& hooks) {
        return [hooks] { return hooks.make_loop(); };
    }

private:
    std::shared_ptr<detail::server_state> state_;
};

}  // namespace httphooks::http
