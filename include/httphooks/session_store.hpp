// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a store of sessions does, and what it keeps.
*/

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/// The values of a session, by their names.
using session_values = std::map<std::string, std::string, std::less<>>;

/// When something happens to a session; other processes may share its store.
using session_time = std::chrono::system_clock::time_point;

/// What a store keeps of a session.
struct session_record {
    /// Its values, which nobody changes; not null.
    std::shared_ptr<session_values const> values;
    /// When it was made.
    session_time created{};
    /// When it was last used.
    session_time used{};
};

/// What one exchange does to a session: values that another one sets meanwhile stay.
struct session_changes {
    /// Whether all values go first.
    bool clear = false;
    /// The values that go.
    std::set<std::string, std::less<>> erase{};
    /// The values that are set.
    session_values set{};
    /// The id that it has from now on, when that is another one.
    std::optional<std::string> new_id{};

    /// Whether no value changes.
    bool keeps_values() const noexcept { return !clear && erase.empty() && set.empty(); }

    /// What some values become.
    session_values apply(session_values const& before) const {
        session_values after;
        if (!clear)
            for (auto const& value : before)
                if (!erase.contains(value.first)) after.insert(value);
        for (auto const& [name, value] : set) after.insert_or_assign(name, value);
        return after;
    }
};

/** Where sessions are kept; its members are called by all threads at once, and do not wait.

    `load(id)` gives a session_record or nothing; whether it is too old, the caller judges.
    `create(id, record, expires)` keeps a new one, at least until the time that it expires, if there
    is room; the id is random, its first half too. `update(id, changes, used, expires)` changes one
    and says when it was used; it gives false, and does nothing, when there is none: one that was
    removed meanwhile does not come back. `remove(id)` ends one, if it is there. What they throw
    makes a reply a 500.
    @par Source
    memory_session_store is one.
*/
template <class S>
concept session_store = requires(S& s, std::string_view id, session_record const& record,
                                 session_changes const& changes, session_time time) {
    { s.load(id) } -> std::same_as<std::optional<session_record>>;
    s.create(id, record, time);
    { s.update(id, changes, time, time) } -> std::same_as<bool>;
    s.remove(id);
};

/// What a store that waits calls, once, when an operation has ended: with what went wrong, or null,
/// and what it gives.
template <class... T>
using session_store_handler = std::function<void(std::exception_ptr, T...)>;

/** As session_store, for a store that waits for others: a data base, another server.

    `async_load(id, done)` and the others do what load() and its like do, then call `done`, on any
    thread, perhaps before they return. They are called by all threads at once, and what several
    requests ask for may be done in any order. Copies of `done` stand for one call; it is also a
    completion handler for asio::co_spawn(). When it is never called, the time limit of the hook
    makes the reply.
    @par Source
    redis::session_store is one.
*/
template <class S>
concept async_session_store = requires(S& s, std::string id, session_record record,
                                       session_changes changes, session_time time,
                                       session_store_handler<std::optional<session_record>> loaded,
                                       session_store_handler<bool> updated,
                                       session_store_handler<> done) {
    s.async_load(std::move(id), std::move(loaded));
    s.async_create(std::move(id), std::move(record), time, std::move(done));
    s.async_update(std::move(id), std::move(changes), time, time, std::move(updated));
    s.async_remove(std::move(id), std::move(done));
};

}  // namespace httphooks
