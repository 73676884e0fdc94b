// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Sessions: values that a server keeps for a client, which a cookie names.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/detail/sessions/session_service.hpp>
#include <httphooks/hook_done.hpp>
#include <httphooks/memory_session_store.hpp>
#include <httphooks/message.hpp>
#include <httphooks/session.hpp>
#include <httphooks/session_options.hpp>
#include <httphooks/session_store.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks {

/// The values of a session when it was looked up; none: empty.
class session_snapshot {
public:
    /// No session.
    session_snapshot() = default;
    /// For sessions.
    explicit session_snapshot(std::shared_ptr<session_values const> values)
        : values_(std::move(values)) {}

    /// Whether there is a session.
    explicit operator bool() const noexcept { return values_ != nullptr; }
    /// A value, as long as the snapshot; empty when absent.
    std::string_view get(std::string_view name) const noexcept;
    /// Whether there is a value of that name.
    bool has(std::string_view name) const noexcept;

private:
    std::shared_ptr<session_values const> values_;
};

namespace detail {

/// Who waits for a session; called once, on an executor of its own if it has one.
template <class Handler>
class session_wait {
public:
    explicit session_wait(Handler&& handler)
        : handler_(std::move(handler)), work_(asio::make_work_guard(handler_)) {}

    void end(std::exception_ptr error, session_snapshot found) {
        if (ended_.exchange(true)) return;
        if constexpr (std::is_same_v<asio::associated_executor_t<Handler>, asio::system_executor>) {
            std::move(handler_)(std::move(error), std::move(found));
        } else {
            asio::post(work_.get_executor(),
                       asio::append(std::move(handler_), std::move(error), std::move(found)));
            work_.reset();
        }
    }

private:
    Handler handler_;
    asio::executor_work_guard<asio::associated_executor_t<Handler>> work_;
    std::atomic<bool> ended_{false};
};

}  // namespace detail

/** Sessions: values that a server keeps for a client, which a cookie names. Copies are handles of
    the same sessions.

    A hook has the session of its request by of(); a request for which nobody calls it is not looked
    at. An id has 256 random bits; one that the store does not know names no session, and is never
    taken over.

    As a pre-responder, for the paths where it is registered, it has each request that names a
    session count as a use of it, of() or not, and passes.

    With a store that waits, an async_session_store, it must be registered so in front of the hooks
    that call of(): there it loads the session and waits, for session_options::time_limit at most. A
    store that fails makes the reply a 500, one that takes too long a 504.

    Over sockets the session is that of the request that opened the socket. It can be read, changed
    and ended, but neither made nor given a new id, since no cookie can be sent.

    @par Thread safety
    All threads.
    @par Source
    OWASP Session Management Cheat Sheet; npm's express-session 1.18, but values are saved one by
    one, not as a whole, and a session that was ended does not come back.
    @par Example
    examples/sessions.cpp
*/
class sessions {
public:
    /** Sessions in the process's memory.
        @throws std::invalid_argument the cookie cannot be one, or has a value, Max-Age or Expires;
        a time is not positive */
    explicit sessions(session_options options = {})
        : sessions(std::move(options), memory_session_store()) {}

    /** As above, in a store. */
    template <class Store>
    requires(session_store<Store> || async_session_store<Store>)
        sessions(session_options options, Store store)
        : sessions(std::move(options), backends(std::move(store))) {}

    /** The session of a hook's request, which lives as long as the callback runs; a listener may
        only read it. The first call looks it up, and counts as a use.
        @throws what the store throws; std::logic_error: the store waits, and the session was not
            loaded */
    template <hook_type Type, class State>
    auto& of(basic_context<Type, State> const& c) const {
        using type = std::conditional_t<is_responder(Type), session, session const>;
        return static_cast<type&>(attached(detail::context_access::run(c)));
    }

    /** The session that a request names, for handshakes: of Socket.IO, SockJS and WebSockets, and
        for Beast sessions without hooks. Counts as a use.
        @throws what the store throws; std::logic_error: the store waits */
    session_snapshot find(request const& r) const;

    /** The same with a store of either kind.

        @param r is not needed any more when the call returns
        @param token for `void(std::exception_ptr, session_snapshot)`; without an executor of its
            own it completes where the store does, perhaps before the call returns
        @par Completes with
        what the store throws or gives as error. It takes as long as the store does. */
    template <asio::completion_token_for<void(std::exception_ptr, session_snapshot)> Token =
                  asio::use_awaitable_t<>>
    auto async_find(request const& r, Token&& token = Token()) const {
        return asio::async_initiate<Token, void(std::exception_ptr, session_snapshot)>(
            [](auto handler, sessions const& self, std::optional<std::string> id) {
                using waiting = detail::session_wait<decltype(handler)>;
                self.find_later(std::move(id),
                                [w = std::make_shared<waiting>(std::move(handler))](
                                    std::exception_ptr error, session_snapshot found) {
                                    w->end(std::move(error), std::move(found));
                                });
            },
            token, *this, id_in(r));
    }

    /// Looks the session up, and passes.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        of(c);
        c.pass();
    }
    /// The same with a store that waits.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c, hook_done done) const {
        load(detail::context_access::run(c), std::move(done));
    }
    /// How long the store may wait; nothing: it does not. For registration.
    std::optional<std::chrono::milliseconds> waits() const;

private:
    sessions(session_options options, detail::session_backends store);

    template <class Store>
    static detail::session_backends backends(Store store) {
        detail::session_backends b;
        if constexpr (async_session_store<Store>)
            b.later = std::make_unique<detail::async_session_backend_as<Store>>(std::move(store));
        else
            b.now = std::make_unique<detail::session_backend_as<Store>>(std::move(store));
        return b;
    }

    session& attached(detail::hook_run& run) const;
    void load(detail::hook_run& run, hook_done done) const;
    std::optional<std::string> id_in(request const& r) const;
    void find_later(std::optional<std::string> id,
                    session_store_handler<session_snapshot> done) const;

    std::shared_ptr<detail::session_service> service_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/sessions.ipp>
#endif
