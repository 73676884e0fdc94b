// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The HTTP server: listens, and has the hooks of a registry answer.
*/

#include <httphooks/config.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/tcp_endpoint.hpp>
#include <httphooks/http/drain_report.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/server_counters.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/executor.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace httphooks::http {

namespace detail {

class server_state;

/// Makes each event loop's share of the hooks.
using hooks_source = std::function<std::unique_ptr<httphooks::detail::exchange_factory>()>;

/// A socket is served as it is.
struct plain {
    template <class Socket>
    Socket operator()(Socket s) const {
        return s;
    }
};

/** What the handles of a server share.
    @param wrap turns an accepted socket into the stream that is served */
template <class Executor, class Wrap>
std::shared_ptr<server_state> serve_on(Executor const& executor, hooks_source const& hooks,
                                       http::options o, Wrap const& wrap);
template <class Wrap>
std::shared_ptr<server_state> serve_with_threads(hooks_source const& hooks, http::options o,
                                                 Wrap const& wrap);

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
extern template std::shared_ptr<server_state> serve_on(asio::any_io_executor const&,
                                                       hooks_source const&, http::options,
                                                       plain const&);
extern template std::shared_ptr<server_state> serve_with_threads(hooks_source const&, http::options,
                                                                 plain const&);
#else
/// An executor of a known type, for which alone a program that is headers alone is compiled.
template <class E>
concept known_executor =
    asio::execution::is_executor<E>::value && !std::same_as<E, asio::any_io_executor>;
#endif

void begin_run(server_state& s, asio::any_completion_handler<void(error_code)> h);
void begin_drain(server_state& s, std::chrono::milliseconds patience,
                 asio::any_completion_handler<void(error_code, drain_report)> h);

}  // namespace detail

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
        : server(detail::serve_on(executor, source_of(hooks), std::move(o), detail::plain{})) {}

#ifdef HTTPHOOKS_HEADER_ONLY
    /// The same, compiled for one type of executor.
    template <detail::known_executor Executor, class State>
    server(Executor const& executor, basic_registry<State> const& hooks, http::options o = {})
        : server(detail::serve_on(executor, source_of(hooks), std::move(o), detail::plain{})) {}
#endif

    /** A server with options::threads threads. When the last handle goes, they are stopped.
        @throws std::invalid_argument for options that cannot be meant */
    template <class State>
    server(http::options o, basic_registry<State> const& hooks)
        : server(detail::serve_with_threads(source_of(hooks), std::move(o), detail::plain{})) {}

    /** Has a mount serve everything below its prefix.
        @param o `{.guards = hooks}`: what these hooks let go on
        @throws std::invalid_argument for a malformed or taken prefix
        @throws std::logic_error when the server runs
        @par Example
        examples/guarded_mount.cpp */
    template <mountable M>
    void mount(M m, mount_options o = {}) {
        add(std::make_shared<detail::mounted_as<M>>(std::move(m)), std::move(o));
    }

    /** What describe() and hooks_page() are told of the mounts of this server: which of them are
        behind hooks of this registry, and which are not. */
    template <class State>
    describe_options mounts_beside(basic_registry<State> const& hooks) const {
        return mounts_beside(http::guards(hooks));
    }

    /** Opens the port; async_run() does so when it has not been done.
        @throws system_error when the address cannot be listened on */
    void listen();

    /// The port that is listened on, or was; 0 before.
    std::uint16_t port() const;
    /// The address and port that are listened on.
    detail::tcp_endpoint local_endpoint() const;
    /// The caller's executor, or that of the first thread.
    asio::any_io_executor get_executor() const;
    /// Connections, bytes of replies that wait, and refusals: by the reason phrase of the status,
    /// and connections that are too many.
    std::shared_ptr<server_counters const> counters() const noexcept;

    /** Serves until the server is drained or stopped.
        @par Completes with
        the error of listening; else none, when the last connection has gone */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_run(Token&& token) {
        return asio::async_initiate<Token, void(error_code)>(
            [](auto handler, std::shared_ptr<detail::server_state> const& s) {
                detail::begin_run(*s, std::move(handler));
            },
            token, itself());
    }

    /** Serves, and returns when the server is drained or stopped. For a server with threads.
        @throws system_error when the address cannot be listened on */
    void run();

    /** Serves until the process gets SIGINT or SIGTERM, then drains the server, and returns. A
        second signal stops it at once. For a server with threads.
        @param patience how long what has begun may take; see async_drain()
        @throws system_error when the address cannot be listened on */
    void run_until_signal(std::chrono::milliseconds patience = std::chrono::seconds(5));

    /** Ends the server: accepts no more, closes what is idle, answers what has begun, with
        `Connection: close`, tells the mounts; what is not done by then is cut.
        @param patience how long to wait for what has begun
        @par Completes with
        no error, and what had to be cut */
    template <asio::completion_token_for<void(error_code, drain_report)> Token>
    auto async_drain(std::chrono::milliseconds patience, Token&& token) {
        return asio::async_initiate<Token, void(error_code, drain_report)>(
            [](auto handler, std::shared_ptr<detail::server_state> const& s,
               std::chrono::milliseconds p) { detail::begin_drain(*s, p, std::move(handler)); },
            token, itself(), patience);
    }

    /// Ends the server at once. Thread-safe.
    void stop();

protected:
    /// A handle of a server over another stream.
    explicit server(std::shared_ptr<detail::server_state> state) : state_(std::move(state)) {}

    template <class State>
    static detail::hooks_source source_of(basic_registry<State> const& hooks) {
        return [hooks] { return hooks.make_loop(); };
    }

private:
    void add(std::shared_ptr<detail::mounted> m, mount_options o);
    describe_options mounts_beside(http::guards const& hooks) const;
    /// What operations hold; the handles alone hold the threads.
    std::shared_ptr<detail::server_state> itself() const;

    std::shared_ptr<detail::server_state> state_;
};

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/server.hpp>
#include <httphooks/http/impl/server.ipp>
#endif
