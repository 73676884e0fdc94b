// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Sessions: values that a server keeps for a client, which a cookie names.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/detail/sessions/session_service.hpp>
#include <httphooks/memory_session_store.hpp>
#include <httphooks/message.hpp>
#include <httphooks/session.hpp>
#include <httphooks/session_options.hpp>
#include <httphooks/session_store.hpp>

#include <memory>
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

/** Sessions: values that a server keeps for a client, which a cookie names. Copies are handles of
    the same sessions.

    A hook has the session of its request by of(); a request for which nobody calls it is not looked
    at. An id has 256 random bits; one that the store does not know names no session, and is never
    taken over.

    As a pre-responder, for the paths where it is registered, it has each request that names a
    session count as a use of it, of() or not, and passes.

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
    template <session_store Store>
    sessions(session_options options, Store store)
        : sessions(std::move(options),
                   std::make_unique<detail::session_backend_as<Store>>(std::move(store))) {}

    /** The session of a hook's request, which lives as long as the callback runs; a listener may
        only read it. The first call looks it up, and counts as a use.
        @throws what the store throws */
    template <hook_type Type, class State>
    auto& of(basic_context<Type, State> const& c) const {
        using type = std::conditional_t<is_responder(Type), session, session const>;
        return static_cast<type&>(attached(detail::context_access::run(c)));
    }

    /** The session that a request names, for handshakes: of Socket.IO, SockJS and WebSockets, and
        for Beast sessions without hooks. Counts as a use.
        @throws what the store throws */
    session_snapshot find(request const& r) const;

    /// Looks the session up, and passes.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        of(c);
        c.pass();
    }

private:
    sessions(session_options options, std::unique_ptr<detail::session_backend> store);

    session& attached(detail::hook_run& run) const;

    std::shared_ptr<detail::session_service> service_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/sessions.ipp>
#endif
