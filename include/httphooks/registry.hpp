// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where hooks are registered and requests are dispatched to them.
*/

#include <httphooks/context.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/registry_core.hpp>
#include <httphooks/detail/registry/registry_loop.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/pipeline.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
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
    template <hook_type Type, hook_function<basic_context<Type, State>> F>
    static basic_hook of_type(verb method, std::string_view pattern, F callback,
                              hook_options options = {},
                              std::source_location where = std::source_location::current());

private:
    friend class basic_registry<State>;

    explicit basic_hook(std::shared_ptr<detail::hook_entry> entry) : entry_(std::move(entry)) {}

    std::shared_ptr<detail::hook_entry> entry_;
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
    explicit basic_registry(executor_type executor, registry_options options = {});

    /// The executor that the registry was created with.
    executor_type get_executor() const noexcept { return executor_; }

    /// Adds a hook. Gives its id.
    hook_id add(basic_hook<State> const& h);

    /// Adds several hooks at once. Gives their ids.
    std::vector<hook_id> add(std::vector<basic_hook<State>> const& hooks);

    /** Removes a hook.

        @throws system_error error::unknown_hook, naming the id
    */
    void remove(hook_id id) { core_->remove({&id, 1}); }

    /** Removes several hooks at once.

        @throws system_error error::unknown_hook, naming the first unknown id; nothing is removed
    */
    void remove(std::span<hook_id const> ids) { core_->remove(ids); }
    /// The same.
    void remove(std::initializer_list<hook_id> ids) { core_->remove({ids.begin(), ids.size()}); }

    /// Removes all hooks; the default responder and the no-match handler stay.
    void clear() { core_->clear(); }

    /// The hooks as data, in the order of their registration.
    std::vector<hook_info> hooks() const { return core_->hooks(); }

    /// All hooks in the order in which they run, with what may be wrong with them.
    std::vector<hook_description> describe(describe_options const& o = {}) const {
        return httphooks::describe(core_->descriptions(), o);
    }

    /// Registers a hook for requests as they come.
    template <hook_function<basic_context<hook_type::request_listener, State>> F>
    hook_id request_listener(verb method, std::string_view pattern, F callback,
                             hook_options options = {},
                             std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::request_listener>(method, pattern, std::move(callback),
                                                     std::move(options), where);
    }

    /// Registers a hook that lets requests pass, changes them, or answers them itself.
    template <hook_function<basic_context<hook_type::pre_responder, State>> F>
    hook_id pre_responder(verb method, std::string_view pattern, F callback,
                          hook_options options = {},
                          std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::pre_responder>(method, pattern, std::move(callback),
                                                  std::move(options), where);
    }

    /// Registers a hook for requests as the pre-responders left them.
    template <hook_function<basic_context<hook_type::pre_listener, State>> F>
    hook_id pre_listener(verb method, std::string_view pattern, F callback,
                         hook_options options = {},
                         std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::pre_listener>(method, pattern, std::move(callback),
                                                 std::move(options), where);
    }

    /// Registers a hook that answers requests.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id responder(verb method, std::string_view pattern, F callback, hook_options options = {},
                      std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::responder>(method, pattern, std::move(callback),
                                              std::move(options), where);
    }

    /// Registers a hook for the responses of the responders.
    template <hook_function<basic_context<hook_type::post_listener, State>> F>
    hook_id post_listener(verb method, std::string_view pattern, F callback,
                          hook_options options = {},
                          std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::post_listener>(method, pattern, std::move(callback),
                                                  std::move(options), where);
    }

    /// Registers a hook that lets responses pass, or replaces them.
    template <hook_function<basic_context<hook_type::post_responder, State>> F>
    hook_id post_responder(verb method, std::string_view pattern, F callback,
                           hook_options options = {},
                           std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::post_responder>(method, pattern, std::move(callback),
                                                   std::move(options), where);
    }

    /// Registers a hook for replies that were handed over.
    template <hook_function<basic_context<hook_type::response_listener, State>> F>
    hook_id response_listener(verb method, std::string_view pattern, F callback,
                              hook_options options = {},
                              std::source_location where = std::source_location::current()) {
        return add_hook<hook_type::response_listener>(method, pattern, std::move(callback),
                                                      std::move(options), where);
    }

    /// Registers a responder for GET, and so for HEAD.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id get(std::string_view pattern, F callback, hook_options options = {},
                std::source_location where = std::source_location::current()) {
        return responder(verb::get, pattern, std::move(callback), std::move(options), where);
    }

    /// Registers a responder for HEAD, in place of those for GET.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id head(std::string_view pattern, F callback, hook_options options = {},
                 std::source_location where = std::source_location::current()) {
        return responder(verb::head, pattern, std::move(callback), std::move(options), where);
    }

    /// Registers a responder for POST.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id post(std::string_view pattern, F callback, hook_options options = {},
                 std::source_location where = std::source_location::current()) {
        return responder(verb::post, pattern, std::move(callback), std::move(options), where);
    }

    /// Registers a responder for PUT.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id put(std::string_view pattern, F callback, hook_options options = {},
                std::source_location where = std::source_location::current()) {
        return responder(verb::put, pattern, std::move(callback), std::move(options), where);
    }

    /// Registers a responder for PATCH.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id patch(std::string_view pattern, F callback, hook_options options = {},
                  std::source_location where = std::source_location::current()) {
        return responder(verb::patch, pattern, std::move(callback), std::move(options), where);
    }

    /// Registers a responder for DELETE.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id delete_(std::string_view pattern, F callback, hook_options options = {},
                    std::source_location where = std::source_location::current()) {
        return responder(verb::delete_, pattern, std::move(callback), std::move(options), where);
    }

    /// Registers a responder for OPTIONS, in place of the library's answer.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    hook_id options(std::string_view pattern, F callback, hook_options options = {},
                    std::source_location where = std::source_location::current()) {
        return responder(verb::options, pattern, std::move(callback), std::move(options), where);
    }

    /// Sets the responder that runs when no other matches; the no-match handler is not called then.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    void default_responder(F callback, hook_options options = {},
                           std::source_location where = std::source_location::current());

    /// Removes the default responder.
    void default_responder(std::nullptr_t) { core_->default_responder(nullptr); }

    /// Sets what answers requests for paths that no responder serves, in place of the 404.
    template <hook_function<basic_context<hook_type::responder, State>> F>
    void no_match(F callback, hook_options options = {},
                  std::source_location where = std::source_location::current());

    /// Removes the no-match handler.
    void no_match(std::nullptr_t) { core_->no_match(nullptr); }

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

    /// An object through which requests come until it is completed or stopped by an error.
    basic_observer<State> observer() const;

    /// Has exchanges that begin from now on watched; several tracers are called one after another.
    void trace(std::shared_ptr<exchange_tracer> t) { core_->trace(std::move(t)); }
    /// Ends that for exchanges that begin from now on.
    void untrace(std::shared_ptr<exchange_tracer> const& t) { core_->untrace(t); }

    /// What has been counted, over all loops and threads.
    registry_stats stats() const { return core_->services().stats(); }

    /// What the exchanges share, without the hooks. For the library's own parts.
    std::shared_ptr<detail::registry_services> services() const { return core_->shared_services(); }

    /// The hooks themselves. For the library's own parts.
    std::shared_ptr<detail::registry_core const> core() const noexcept { return core_; }

    /// A loop for one thread of a server.
    std::unique_ptr<detail::exchange_factory> make_loop() const;

private:
    using shared_loop = detail::shared_registry_loop<State>;

    template <hook_type Type, class F>
    hook_id add_hook(verb method, std::string_view pattern, F callback, hook_options options,
                     std::source_location where) {
        return add(basic_hook<State>::template of_type<Type>(method, pattern, std::move(callback),
                                                             std::move(options), where));
    }

    template <class Executor>
    static asio::awaitable<response, Executor> dispatch_in_coroutine(
        std::shared_ptr<shared_loop> hooks, request req, httphooks::origin from);

    executor_type executor_;
    std::shared_ptr<detail::registry_core> core_;
    std::shared_ptr<shared_loop> shared_loop_;
};

/// A registry whose hooks share no state.
using registry = basic_registry<>;

// ---------------------------------------------------------------------------------------------

template <class State>
template <hook_type Type, hook_function<basic_context<Type, State>> F>
basic_hook<State> basic_hook<State>::of_type(verb method, std::string_view pattern, F callback,
                                             hook_options options, std::source_location where) {
    using context = basic_context<Type, State>;
    constexpr detail::hook_form form = detail::form_of<F, context>();
    auto entry = std::make_shared<detail::hook_entry>(
        hook_info{{}, Type, method, std::string(pattern), std::move(options), where},
        route_pattern(pattern));
    entry->callback = std::make_shared<F>(std::move(callback));
    if constexpr (form == detail::hook_form::value) {
        entry->call = [](void* f, detail::hook_run& run) {
            context c(run);
            using result = std::remove_cvref_t<std::invoke_result_t<F&, context&>>;
            if constexpr (std::is_same_v<result, response>)
                run.respond(response((*static_cast<F*>(f))(c)), detail::decision::respond);
            else
                run.respond(into_response((*static_cast<F*>(f))(c)), detail::decision::respond);
        };
    } else if constexpr (form == detail::hook_form::void_) {
        entry->call = [](void* f, detail::hook_run& run) {
            context c(run);
            (*static_cast<F*>(f))(c);
        };
    } else {
        entry->make_run = &detail::typed_run<F, context>::make;
    }
    return basic_hook(std::move(entry));
}

template <class State>
basic_registry<State>::basic_registry(executor_type executor, registry_options options)
    : executor_(std::move(executor)),
      core_(std::make_shared<detail::registry_core>(std::move(options))),
      shared_loop_(std::make_shared<shared_loop>(core_)) {}

template <class State>
hook_id basic_registry<State>::add(basic_hook<State> const& h) {
    return core_->add(std::make_shared<detail::hook_entry>(*h.entry_));
}

template <class State>
std::vector<hook_id> basic_registry<State>::add(std::vector<basic_hook<State>> const& hooks) {
    std::vector<std::shared_ptr<detail::hook_entry>> entries;
    entries.reserve(hooks.size());
    for (auto const& h : hooks) entries.push_back(std::make_shared<detail::hook_entry>(*h.entry_));
    return core_->add(std::move(entries));
}

template <class State>
template <hook_function<basic_context<hook_type::responder, State>> F>
void basic_registry<State>::default_responder(F callback, hook_options options,
                                              std::source_location where) {
    core_->default_responder(basic_hook<State>::template of_type<hook_type::responder>(
                                 any_verb, "/*", std::move(callback), std::move(options), where)
                                 .entry_);
}

template <class State>
template <hook_function<basic_context<hook_type::responder, State>> F>
void basic_registry<State>::no_match(F callback, hook_options options, std::source_location where) {
    core_->no_match(basic_hook<State>::template of_type<hook_type::responder>(
                        any_verb, "/*", std::move(callback), std::move(options), where)
                        .entry_);
}

template <class State>
template <class Body, class Fields, asio::completion_token_for<void(error_code, response)> Token>
auto basic_registry<State>::async_dispatch(beast::http::message<true, Body, Fields> req,
                                           httphooks::origin from, Token&& token) {
    using token_type = std::remove_cvref_t<Token>;
    if constexpr (detail::is_use_awaitable<token_type>) {
        using executor = typename detail::use_awaitable_executor<token_type>::type;
        if constexpr (std::is_same_v<beast::http::message<true, Body, Fields>, request>)
            return dispatch_in_coroutine<executor>(shared_loop_, std::move(req), std::move(from));
        else
            return dispatch_in_coroutine<executor>(shared_loop_, convert(std::move(req)),
                                                   std::move(from));
    } else {
        return asio::async_initiate<Token, void(error_code, response)>(
            [](auto handler, std::shared_ptr<shared_loop> hooks, executor_type const& fallback,
               auto&& r, auto&& o) {  // as they come: moving a request is not free
                executor_type const executor = asio::get_associated_executor(handler, fallback);
                exchange_ptr ex =
                    hooks->make_exchange(std::forward<decltype(r)>(r),
                                         httphooks::origin(std::forward<decltype(o)>(o)), executor);
                detail::initiate_exchange(std::move(handler), std::move(ex), std::move(hooks));
            },
            token, shared_loop_, executor_, std::move(req), std::move(from));
    }
}

template <class State>
template <class Executor>
asio::awaitable<response, Executor> basic_registry<State>::dispatch_in_coroutine(
    std::shared_ptr<shared_loop> hooks, request req, httphooks::origin from) {
    executor_type const executor = co_await asio::this_coro::executor;
    exchange_ptr ex = hooks->make_exchange(std::move(req), std::move(from), executor);
    if (ex->start()) {
        response reply = detail::finished_reply(*ex, detail::small_file);
        ex->handed_over();
        co_return reply;
    }
    auto waiting = detail::wait_for_reply<Executor>(std::move(ex));
    response reply = co_await std::move(waiting);
    co_return reply;
}

template <class State>
basic_observer<State> basic_registry<State>::observer() const {
    return basic_observer<State>(*this);
}

template <class State>
std::unique_ptr<detail::exchange_factory> basic_registry<State>::make_loop() const {
    return std::make_unique<detail::registry_loop<State>>(core_);
}

}  // namespace httphooks

#include <httphooks/observer.hpp>
