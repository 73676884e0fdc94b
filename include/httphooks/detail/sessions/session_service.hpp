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
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

struct hook_entry;

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

/// A store that waits, whatever its type.
struct async_session_backend {
    async_session_backend() = default;
    async_session_backend(async_session_backend const&) = delete;
    async_session_backend& operator=(async_session_backend const&) = delete;
    virtual ~async_session_backend() = default;
    virtual void load(std::string id,
                      session_store_handler<std::optional<session_record>> done) = 0;
    virtual void create(std::string id, session_record record, session_time expires,
                        session_store_handler<> done) = 0;
    virtual void update(std::string id, session_changes changes, session_time used,
                        session_time expires, session_store_handler<bool> done) = 0;
    virtual void remove(std::string id, session_store_handler<> done) = 0;
};

template <async_session_store S>
struct async_session_backend_as final : async_session_backend {
    explicit async_session_backend_as(S s) : store(std::move(s)) {}

    void load(std::string id, session_store_handler<std::optional<session_record>> done) override {
        store.async_load(std::move(id), std::move(done));
    }
    void create(std::string id, session_record record, session_time expires,
                session_store_handler<> done) override {
        store.async_create(std::move(id), std::move(record), expires, std::move(done));
    }
    void update(std::string id, session_changes changes, session_time used, session_time expires,
                session_store_handler<bool> done) override {
        store.async_update(std::move(id), std::move(changes), used, expires, std::move(done));
    }
    void remove(std::string id, session_store_handler<> done) override {
        store.async_remove(std::move(id), std::move(done));
    }

    S store;
};

/// A store of either kind; the other is null.
struct session_backends {
    std::unique_ptr<session_backend> now{};
    std::unique_ptr<async_session_backend> later{};
};

/// What is known of the session that a request names.
struct found_session {
    /// The request has a cookie for one, perhaps for none that is alive.
    bool named = false;
    /// The id in the store; empty: there is none.
    std::string id{};
    session_record record{};
};

/** The end of an operation of a store, for one who may ask for it before or after.

    @par Thread safety
    All threads.
*/
class store_operation {
public:
    /// What a store is given for it to call. When it lets that go uncalled, the operation has
    /// failed.
    static session_store_handler<> completion(std::shared_ptr<store_operation> of);

    /// It has ended; the first call counts.
    void end(std::exception_ptr error);
    /// Calls a function when it has; of several the last one.
    void then(session_store_handler<> f);

private:
    std::mutex mutex_;
    bool ended_ = false;
    std::exception_ptr error_;
    session_store_handler<> then_;
};

/// What all handles of sessions share.
struct session_service : std::enable_shared_from_this<session_service> {
    session_service(session_options o, session_backends store);

    session_options const options;
    std::unique_ptr<session_backend> const store;
    /// Null, or the store is.
    std::unique_ptr<async_session_backend> const later;
    /// Saves the session of its exchange in a store that waits; null without one.
    std::shared_ptr<hook_entry const> saving{};

    session_time now() const;
    session_time expires(session_time created, session_time used) const;
    /// Whether it is too old.
    bool has_expired(session_record const& r, session_time time) const {
        return expires(r.created, r.used) <= time;
    }
    /// A session that is alive; it was used now.
    std::optional<session_record> use(std::string_view id) const;
    /// The same with a store that waits; but it was used only if `counts` is set. The function is
    /// called on any thread, perhaps before the call returns.
    void use_later(std::string id, bool counts,
                   session_store_handler<std::optional<session_record>> done) const;
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
