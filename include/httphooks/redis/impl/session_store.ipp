// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/session_store.hpp>

#include <httphooks/detail/text/base64url.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/detail/sha256.hpp>
#include <httphooks/redis/error.hpp>
#include <httphooks/redis/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::redis {

namespace detail {

/// Changes a session, if it is there. KEYS: its key, and a new one perhaps. ARGV: what becomes of
/// it then ("keep"; "rename": it gets the new key; "take": it goes, and is given), how many
/// milliseconds it lives, when it was used, whether all values go, how many fields go, these, and
/// then the fields that are set with what they are set to.
inline constexpr std::string_view change_session = R"(
local key = KEYS[1]
if redis.call('EXISTS', key) == 0 then return 0 end
if ARGV[4] == '1' then
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) == '=' then redis.call('HDEL', key, field) end
  end
end
local last = 5 + tonumber(ARGV[5])
for i = 6, last do redis.call('HDEL', key, ARGV[i]) end
for i = last + 1, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
local used = redis.call('HGET', key, 'used')
if not used or tonumber(used) < tonumber(ARGV[3]) then redis.call('HSET', key, 'used', ARGV[3]) end
redis.call('PEXPIRE', key, ARGV[2])
if ARGV[1] == 'rename' then redis.call('RENAME', key, KEYS[2]) end
if ARGV[1] == 'take' then
  local all = redis.call('HGETALL', key)
  redis.call('DEL', key)
  return all
end
return 1)";

inline std::string milliseconds_of(session_time t) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count());
}

/// How long a session lives; at least until it expires.
inline std::string lifetime_of(session_time used, session_time expires) {
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(expires - used).count();
    return std::to_string(left > 1 ? left : 1);
}

/// What went wrong, with what the server says.
inline std::exception_ptr exception_of(error_code ec, value const& reply) {
    if (!ec) return nullptr;
    return std::make_exception_ptr(reply.is_error() ? system_error(ec, reply.text())
                                                    : system_error(ec, "redis::session_store"));
}

/// What went wrong in a transaction, or in one of its commands.
inline std::exception_ptr exception_of_all(error_code ec, value const& reply) {
    for (value const& each : reply.elements())
        if (each.is_error()) return exception_of(make_error_code(error::error_reply), each);
    return exception_of(ec, reply);
}

/// A session as HGETALL gives it; nothing: it is none.
inline std::optional<session_record> record_of(value const& reply) {
    session_values values;
    std::optional<std::int64_t> created;
    std::optional<std::int64_t> used;
    auto const all = reply.elements();
    for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
        std::string const& field = all[i].text();
        if (field.starts_with('='))
            values.emplace(field.substr(1), all[i + 1].text());
        else if (field == "created")
            created = all[i + 1].number();
        else if (field == "used")
            used = all[i + 1].number();
    }
    if (!created || !used) return std::nullopt;
    return session_record{std::make_shared<session_values const>(std::move(values)),
                          session_time(std::chrono::milliseconds(*created)),
                          session_time(std::chrono::milliseconds(*used))};
}

}  // namespace detail

struct session_store::shared {
    connection server;
    session_store_options const options;

    std::string key_of(std::string_view id) const {
        std::string key = options.prefix;
        httphooks::detail::append_base64url(key, detail::sha256(id));
        return key;
    }
    /// Keeps a new session. @param fields and what they are set to
    template <class Done>
    void create(std::string const& key, std::vector<std::string_view> fields,
                std::string const& lifetime, Done done) {
        fields.insert(fields.begin(), {"HSET", key});
        transaction t;
        t.add(arguments(fields)).add({"PEXPIRE", key, lifetime});
        server.async_transaction(std::move(t), [done](error_code ec, value const& reply) {
            done(detail::exception_of_all(ec, reply));
        });
    }
    /// Runs change_session. @param as the new key, or nothing
    template <class Done>
    void change(std::string_view how, std::string const& key, std::string const& as,
                session_changes const& changes, session_time used, session_time expires,
                Done done) {
        std::vector<std::string> fields;
        for (std::string const& name : changes.erase) fields.push_back("=" + name);
        std::string const erased = std::to_string(fields.size());
        for (auto const& [name, text] : changes.set) {
            fields.push_back("=" + name);
            fields.push_back(text);
        }
        std::string const lifetime = detail::lifetime_of(used, expires);
        std::string const time = detail::milliseconds_of(used);
        std::vector<std::string_view> all{"EVAL", detail::change_session, as.empty() ? "1" : "2",
                                          key};
        if (!as.empty()) all.emplace_back(as);
        all.insert(all.end(), {how, lifetime, time, changes.clear ? "1" : "0", erased});
        all.insert(all.end(), fields.begin(), fields.end());
        server.async_command(arguments(all), std::move(done));
    }
    /// Gives a session the new id where two nodes of a cluster have the keys.
    void move(std::shared_ptr<shared> const& self, std::string const& key, std::string const& as,
              session_changes const& changes, session_time used, session_time expires,
              session_store_handler<bool> done) {
        auto taken = [self, as, lifetime = detail::lifetime_of(used, expires), done](
                         error_code ec, value const& reply) {
            if (ec || !reply.is_array()) return done(detail::exception_of(ec, reply), false);
            std::vector<std::string_view> fields;
            for (value const& v : reply.elements()) fields.emplace_back(v.text());
            self->create(as, std::move(fields), lifetime,
                         [done](std::exception_ptr e) { done(e, !e); });
        };
        change("take", key, {}, changes, used, expires, std::move(taken));
    }
};

HTTPHOOKS_DECL session_store::session_store(connection c, session_store_options o)
    : shared_(std::make_shared<shared>(shared{std::move(c), std::move(o)})) {}

HTTPHOOKS_DECL void session_store::async_load(
    std::string id, session_store_handler<std::optional<session_record>> done) const {
    shared_->server.async_command({"HGETALL", shared_->key_of(id)},
                                  [done = std::move(done)](error_code ec, value const& reply) {
                                      if (ec)
                                          done(detail::exception_of(ec, reply), std::nullopt);
                                      else
                                          done(nullptr, detail::record_of(reply));
                                  });
}

HTTPHOOKS_DECL void session_store::async_create(std::string id, session_record record,
                                                session_time expires,
                                                session_store_handler<> done) const {
    std::string const created = detail::milliseconds_of(record.created);
    std::string const used = detail::milliseconds_of(record.used);
    std::vector<std::string> names;
    names.reserve(record.values->size());
    std::vector<std::string_view> fields{"created", created, "used", used};
    for (auto const& [name, text] : *record.values) {
        fields.emplace_back(names.emplace_back("=" + name));
        fields.emplace_back(text);
    }
    shared_->create(shared_->key_of(id), std::move(fields),
                    detail::lifetime_of(record.used, expires), std::move(done));
}

HTTPHOOKS_DECL void session_store::async_update(std::string id, session_changes changes,
                                                session_time used, session_time expires,
                                                session_store_handler<bool> done) const {
    std::string const key = shared_->key_of(id);
    if (!changes.new_id)
        return shared_->change("keep", key, {}, changes, used, expires,
                               [done = std::move(done)](error_code ec, value const& reply) {
                                   done(detail::exception_of(ec, reply), reply.number() == 1);
                               });
    std::string const as = shared_->key_of(*changes.new_id);
    auto renamed = [self = shared_, key, as, changes, used, expires, done](error_code ec,
                                                                           value const& reply) {
        if (ec && reply.text().starts_with("CROSSSLOT"))
            return self->move(self, key, as, changes, used, expires, done);
        done(detail::exception_of(ec, reply), reply.number() == 1);
    };
    shared_->change("rename", key, as, changes, used, expires, std::move(renamed));
}

HTTPHOOKS_DECL void session_store::async_remove(std::string id,
                                                session_store_handler<> done) const {
    shared_->server.async_command({"DEL", shared_->key_of(id)},
                                  [done = std::move(done)](error_code ec, value const& reply) {
                                      done(detail::exception_of(ec, reply));
                                  });
}

}  // namespace httphooks::redis
