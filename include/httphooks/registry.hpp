// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where hooks are registered and requests are dispatched to them.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/registry_handle.hpp>
#include <httphooks/detail/runs/authorize_operation.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/detail/runs/erase_callback.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/failure.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/http_error.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/registry_options.hpp>
#include <httphooks/registry_stats.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks {

template <class State>
class basic_registry;
template <class State>
class basic_observer;

/** A hook that can be added to a registry: what to call, and for which requests.

    Made by of_type(); copies stand for the same callback.

    @par Thread safety
    As a value. The callback may be called by several threads at once.
*/
template <class State = no_state>
class basic_hook {
public:
    /** A hook of type `Type`.

        @param method the method it is for; any_verb: every method. A hook for GET is also for HEAD
        @param pattern see route_pattern
        @param callback see hook_function
        @throws std::invalid_argument the pattern cannot be compiled; it says where it is wrong
    */
    template <hook_type Type, class F>
    static basic_hook of_type(verb method, std::string_view pattern, F callback,
                              hook_options options = {},
                              std::source_location where = std::source_location::current());

private:
    friend class basic_registry<State>;

    explicit basic_hook(detail::hook_entry_ptr entry) : entry_(std::move(entry)) {}

    detail::hook_entry_ptr entry_;
};

/// A hook without shared state.
using hook = basic_hook<>;

/** The hooks of a server, and the way from a request to its reply.

    `State` is what the hooks of one exchange share: default-constructed for each request, reached
    by context::state(). Hooks may be added and removed at any time, from any thread; a request sees
    the set that there was when its dispatch began.

    Copies are handles to one registry.

    @par Thread safety
    All members may be called from all threads.
*/
template <class State = no_state>
class basic_registry {
public:
    using executor_type = asio::any_io_executor;

    /** @param executor where requests are run whose handler has no executor of its own
        @param options see registry_options
    */
    explicit basic_registry(executor_type executor, registry_options options = {})
        : handle_(std::move(executor), std::move(options), detail::state_of<State>()) {}

    /** A registry whose hooks run where their requests come from.

        A request whose handler has no executor either is run as Asio does it then, by
        asio::system_executor: on a thread of a pool.
        @param options see registry_options
    */
    explicit basic_registry(registry_options options = {})
        : handle_(detail::stand_in_executor<>(), std::move(options), detail::state_of<State>()) {}

    /// The executor that the registry was created with; without one, asio::system_executor.
    executor_type get_executor() const noexcept { return handle_.executor(); }

    /// Adds a hook. Gives its id.
    hook_id add(basic_hook<State> const& h) { return handle_.add(h.entry_); }

    /// Adds several hooks at once. Gives their ids.
    std::vector<hook_id> add(std::vector<basic_hook<State>> const& hooks);

    /** Removes a hook.

        @throws system_error error::unknown_hook, naming the id
    */
    void remove(hook_id id) { handle_.remove({&id, 1}); }

    /** Removes several hooks at once.

        @throws system_error error::unknown_hook, naming the first unknown id; nothing is removed
    */
    void remove(std::span<hook_id const> ids) { handle_.remove(ids); }
    /// The same.
    void remove(std::initializer_list<hook_id> ids) { handle_.remove({ids.begin(), ids.size()}); }

    /// Removes all hooks; the default responder and the no-match handler stay.
    void clear() { handle_.clear(); }

    /// The hooks as data, in the order of their registration.
    std::vector<hook_info> hooks() const { return handle_.hooks(); }

    /// All hooks in the order in which they run, with what may be wrong with them.
    std::vector<hook_description> describe(describe_options const& o = {}) const {
        return handle_.describe(o);
    }

    /// Registers a hook for requests as they come.
    template <class F>
    hook_id request_listener(verb method, std::string_view pattern, F callback,
                             hook_options options = {},
                             std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::request_listener>(method, pattern, callback, options, where);
    }

    /// Registers a hook that lets requests pass, changes them, or answers them itself.
    template <class F>
    hook_id pre_responder(verb method, std::string_view pattern, F callback,
                          hook_options options = {},
                          std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::pre_responder>(method, pattern, callback, options, where);
    }

    /// Registers a hook for requests as the pre-responders left them.
    template <class F>
    hook_id pre_listener(verb method, std::string_view pattern, F callback,
                         hook_options options = {},
                         std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::pre_listener>(method, pattern, callback, options, where);
    }

    /// Registers a hook that answers requests.
    template <class F>
    hook_id responder(verb method, std::string_view pattern, F callback, hook_options options = {},
                      std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(method, pattern, callback, options, where);
    }

    /// Registers a hook for the responses of the responders.
    template <class F>
    hook_id post_listener(verb method, std::string_view pattern, F callback,
                          hook_options options = {},
                          std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::post_listener>(method, pattern, callback, options, where);
    }

    /// Registers a hook that lets responses pass, or replaces them.
    template <class F>
    hook_id post_responder(verb method, std::string_view pattern, F callback,
                           hook_options options = {},
                           std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::post_responder>(method, pattern, callback, options, where);
    }

    /// Registers a hook for replies that were handed over.
    template <class F>
    hook_id response_listener(verb method, std::string_view pattern, F callback,
                              hook_options options = {},
                              std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::response_listener>(method, pattern, callback, options, where);
    }

    /// Registers a responder for GET, and so for HEAD.
    template <class F>
    hook_id get(std::string_view pattern, F callback, hook_options options = {},
                std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::get, pattern, callback, options, where);
    }

    /// Registers a responder for HEAD, in place of those for GET.
    template <class F>
    hook_id head(std::string_view pattern, F callback, hook_options options = {},
                 std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::head, pattern, callback, options, where);
    }

    /// Registers a responder for POST.
    template <class F>
    hook_id post(std::string_view pattern, F callback, hook_options options = {},
                 std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::post, pattern, callback, options, where);
    }

    /// Registers a responder for PUT.
    template <class F>
    hook_id put(std::string_view pattern, F callback, hook_options options = {},
                std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::put, pattern, callback, options, where);
    }

    /// Registers a responder for PATCH.
    template <class F>
    hook_id patch(std::string_view pattern, F callback, hook_options options = {},
                  std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::patch, pattern, callback, options, where);
    }

    /// Registers a responder for DELETE.
    template <class F>
    hook_id delete_(std::string_view pattern, F callback, hook_options options = {},
                    std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::delete_, pattern, callback, options, where);
    }

    /// Registers a responder for OPTIONS, in place of the library's answer.
    template <class F>
    hook_id options(std::string_view pattern, F callback, hook_options options = {},
                    std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(verb::options, pattern, callback, options, where);
    }

    /// Sets the responder that runs when no other matches; the no-match handler is not called then.
    template <class F>
    void default_responder(F callback, hook_options options = {},
                           std::source_location where = std::source_location::current()) {
        handle_.default_responder(
            make_hook<hook_type::responder>(any_verb, "/*", callback, options, where));
    }

    /// Removes the default responder.
    void default_responder(std::nullptr_t) { handle_.default_responder(nullptr); }

    /// Sets what answers requests for paths that no responder serves, in place of the 404.
    template <class F>
    void no_match(F callback, hook_options options = {},
                  std::source_location where = std::source_location::current()) {
        handle_.no_match(make_hook<hook_type::responder>(any_verb, "/*", callback, options, where));
    }

    /// Removes the no-match handler.
    void no_match(std::nullptr_t) { handle_.no_match(nullptr); }

    /** Runs a request through the hooks.

        The response is ready to be written: version, keep-alive, Date and Content-Length are set, a
        reply to HEAD has no body. The body of a file of more than 64 KiB is not read: what writes
        the response, or a message_generator made of it, reads it in pieces of that size; its
        `body().load()` reads it whole. The hooks run on the executor that is associated with the
        token's handler, else on the registry's.

        @param req any request of Beast's; its body is moved
        @param from where it came from
        @param token for `void(error_code, response)`; use_awaitable completes in place when all
            hooks do
        @par Completes with
        asio::error::operation_aborted when the operation was cancelled; else no error
        @par Cancellation
        Terminal, partial and total: the hooks that run are cancelled, their reply is dropped.
    */
    template <
        class Body, class Fields,
        asio::completion_token_for<void(error_code, response)> Token = asio::use_awaitable_t<>>
    auto async_dispatch(beast::http::message<true, Body, Fields> req, httphooks::origin from,
                        Token&& token = Token());

    /// The same for plain HTTP from an unknown peer.
    template <class Body, class Fields, class Token = asio::use_awaitable_t<>>
    requires(!std::is_same_v<std::remove_cvref_t<Token>, httphooks::origin>) auto async_dispatch(
        beast::http::message<true, Body, Fields> req, Token&& token = Token()) {
        return async_dispatch(std::move(req), httphooks::origin(), std::forward<Token>(token));
    }

    /** Has hooks judge a request that something else is to answer, as a WebSocket upgrade in a
        session of the caller's: its request-listeners, pre-responders and pre-listeners run.

        What they see has no body. What they replace of the request is for the hooks behind them.

        @param req any request of Beast's; its header is copied
        @param from where it came from
        @param token for `void(error_code, std::optional<response>)`
        @par Completes with
        no error and nothing: the request may go on, response-listeners do not run; no error and a
        response, ready to be written as async_dispatch() gives it, in place of what would have
        answered; asio::error::operation_aborted when the operation was cancelled: let it not go on
        @par Cancellation
        as async_dispatch()
        @par Example
        examples/guarded_upgrade.cpp
    */
    template <
        class Body, class Fields,
        asio::completion_token_for<void(error_code, std::optional<response>)> Token =
            asio::use_awaitable_t<>>
    auto async_authorize(beast::http::message<true, Body, Fields> const& req,
                         httphooks::origin from, Token&& token = Token());

    /// The same for plain HTTP from an unknown peer.
    template <class Body, class Fields, class Token = asio::use_awaitable_t<>>
    requires(!std::is_same_v<std::remove_cvref_t<Token>, httphooks::origin>) auto async_authorize(
        beast::http::message<true, Body, Fields> const& req, Token&& token = Token()) {
        return async_authorize(req, httphooks::origin(), std::forward<Token>(token));
    }

    /// An object through which requests come until it is completed or stopped by an error.
    basic_observer<State> observer() const;

    /// Has exchanges that begin from now on watched; several tracers are called one after another.
    void trace(std::shared_ptr<exchange_tracer> t) { handle_.trace(std::move(t)); }
    /// Ends that for exchanges that begin from now on.
    void untrace(std::shared_ptr<exchange_tracer> const& t) { handle_.untrace(t); }

    /// What has been counted, over all loops and threads.
    registry_stats stats() const { return handle_.stats(); }

    /// What the exchanges share, without the hooks. For the library's own parts.
    std::shared_ptr<detail::registry_services> services() const { return handle_.services(); }

    /// The hooks themselves. For the library's own parts.
    std::shared_ptr<detail::registry_core const> core() const noexcept { return handle_.core(); }

    /// The loop for callers on any thread.
    std::shared_ptr<detail::exchange_factory> const& shared_loop() const noexcept {
        return handle_.shared_loop();
    }
    /// A loop for one thread of a server.
    std::unique_ptr<detail::exchange_factory> make_loop() const { return handle_.make_loop(); }

private:
    template <hook_type Type, class F>
    hook_id add_hook(verb method, std::string_view pattern, F& callback, hook_options& options,
                     std::source_location const& where) {
        return handle_.add(make_hook<Type>(method, pattern, callback, options, where));
    }

    template <hook_type Type, class F>
    static detail::hook_entry_ptr make_hook(verb method, std::string_view pattern, F& callback,
                                            hook_options& options,
                                            std::source_location const& where) {
        return detail::make_hook(
            Type, method, pattern,
            detail::erase_callback<basic_context<Type, State>>(std::move(callback)),
            std::move(options), where);
    }

    detail::registry_handle handle_;
};

/// A registry whose hooks share no state.
using registry = basic_registry<>;

// ---------------------------------------------------------------------------------------------

template <class State>
template <hook_type Type, class F>
basic_hook<State> basic_hook<State>::of_type(verb method, std::string_view pattern, F callback,
                                             hook_options options, std::source_location where) {
    return basic_hook(
        detail::make_hook(Type, method, pattern,
                          detail::erase_callback<basic_context<Type, State>>(std::move(callback)),
                          std::move(options), where));
}

template <class State>
std::vector<hook_id> basic_registry<State>::add(std::vector<basic_hook<State>> const& hooks) {
    std::vector<detail::hook_entry_ptr> entries;
    entries.reserve(hooks.size());
    for (auto const& h : hooks) entries.push_back(h.entry_);
    return handle_.add(entries);
}

template <class State>
template <class Body, class Fields, asio::completion_token_for<void(error_code, response)> Token>
auto basic_registry<State>::async_dispatch(beast::http::message<true, Body, Fields> req,
                                           httphooks::origin from, Token&& token) {
    using token_type = std::remove_cvref_t<Token>;
    if constexpr (detail::is_use_awaitable<token_type>) {
        using executor = typename detail::use_awaitable_executor<token_type>::type;
        return detail::dispatch_in_coroutine<executor>(
            handle_.shared_loop(), detail::as_request(std::move(req)), std::move(from));
    } else {
        return asio::async_initiate<Token, void(error_code, response)>(
            detail::initiate_dispatch(), token, handle_.shared_loop(), handle_.executor(),
            std::move(req), std::move(from));
    }
}

template <class State>
template <class Body, class Fields,
          asio::completion_token_for<void(error_code, std::optional<response>)> Token>
auto basic_registry<State>::async_authorize(beast::http::message<true, Body, Fields> const& req,
                                            httphooks::origin from, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::optional<response>)>(
        detail::initiate_authorize(), token, handle_.shared_loop(), handle_.executor(),
        detail::header_of(req.base()), std::move(from));
}

template <class State>
basic_observer<State> basic_registry<State>::observer() const {
    return basic_observer<State>(*this);
}

}  // namespace httphooks

#include <httphooks/observer.hpp>
