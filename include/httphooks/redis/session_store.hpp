// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Sessions in Redis, which several servers share.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/session_store.hpp>

#include <memory>
#include <optional>
#include <string>

namespace httphooks::redis {

/// How sessions are kept in Redis.
struct session_store_options {
    /// What their keys begin with.
    std::string prefix = "session:";
};

/** Sessions in Redis, which several servers share, and which outlive them: for `sessions`.

    A session is a hash: `created` and `used`, in milliseconds since 1970, and its values, whose
    names have a `=` in front. Its key is the prefix and the base64url of the SHA-256 of its id, so
    that who reads the keys can take no session over. Redis drops it when it expires. Changes are
    made by a script, at once: requests on several servers that change different values lose none,
    and a session that has ended does not come back. The user of the connection may run EVAL,
    EXISTS, HGETALL, HKEYS, HGET, HSET, HDEL, PEXPIRE, RENAME, DEL, MULTI and EXEC.

    In a cluster a session that gets a new id goes to another node as a rule: it is taken from the
    one, then given to the other. If a server dies in between, the session has ended.

    What Redis does not answer, because it is away or slow, ends as options of the connection say:
    the reply is a 500, or a 504 when session_options::time_limit passes first.

    Copies are handles of one connection.

    @par Thread safety
    All threads.
    @par Source
    npm's connect-redis 7 (a key a session, with an expiry), which keeps a session as one JSON text,
    under its id
    @par Example
    examples/redis_sessions.cpp
*/
class session_store {
public:
    explicit session_store(connection c, session_store_options o = {});

    /// See async_session_store.
    void async_load(std::string id,
                    session_store_handler<std::optional<session_record>> done) const;
    void async_create(std::string id, session_record record, session_time expires,
                      session_store_handler<> done) const;
    void async_update(std::string id, session_changes changes, session_time used,
                      session_time expires, session_store_handler<bool> done) const;
    void async_remove(std::string id, session_store_handler<> done) const;

private:
    struct shared;

    std::shared_ptr<shared> shared_;
};

static_assert(async_session_store<session_store>);

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/session_store.ipp>
#endif
