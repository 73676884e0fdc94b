// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What all handles of sessions share: their options, and a store of any type.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/session_options.hpp>
#include <httphooks/session_store.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// A store, whatever its type.
struct session_backend {
    session_backend() = default;
    session_backend(session_backend const&) = delete;
    session_backend& operator=(session_backend const&) = delete;
    virtual ~session_backend() = default;
    virtual std::optional<session_record> load(std::string_view id) = 0;
    virtual void create(std::string_view id, session_record const& record,
                        session_time expires) = 0;
    virtual bool update(std::string_view id, session_changes const& changes, session_time used,
                        session_time expires) = 0;
    virtual void remove(std::string_view id) = 0;
};

template <session_store S>
struct session_backend_as final : session_backend {
    explicit session_backend_as(S s) : store(std::move(s)) {}

    std::optional<session_record> load(std::string_view id) override { return store.load(id); }
    void create(std::string_view id, session_record const& record, session_time expires) override {
        store.create(id, record, expires);
    }
    bool update(std::string_view id, session_changes const& changes, session_time used,
                session_time expires) override {
        return store.update(id, changes, used, expires);
    }
    void remove(std::string_view id) override { store.remove(id); }

    S store;
};

/// What all handles of sessions share.
struct session_service {
    session_options options;
    std::unique_ptr<session_backend> store;

    session_time now() const;
    session_time expires(session_time created, session_time used) const;
    /// A session that is alive; it was used now.
    std::optional<session_record> use(std::string_view id) const;
};

/// Random bytes of an id.
inline constexpr std::size_t session_id_bytes = 32;

/// The value under which a session keeps the secret behind its CSRF tokens.
inline constexpr std::string_view csrf_value = "csrf.secret";

/// What a request's cookie says: an id, or nothing that could be one; nothing: it has none.
std::optional<std::string> session_cookie(session_service const& service, request const& r);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/sessions/impl/session_service.ipp>
#endif
