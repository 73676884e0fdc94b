// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Sessions in the process's memory.
*/

#include <httphooks/config.hpp>
#include <httphooks/session_store.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace httphooks {

/// How much a memory_session_store keeps; beyond it the sessions that were not used for the longest
/// time are dropped.
struct memory_session_store_options {
    /// Sessions.
    std::size_t max_sessions = 100'000;
    /// Bytes of all ids, names and values.
    std::size_t max_bytes = 64 * 1024 * 1024;
};

/** Sessions in the process's memory; they end with it. Copies are handles of one store.

    What has expired is dropped when sessions are made or used. Ids are compared in a time that does
    not tell how much of one was guessed.

    @par Thread safety
    All threads.
*/
class memory_session_store {
public:
    /** An empty store.
        @throws std::invalid_argument a limit is 0 */
    explicit memory_session_store(memory_session_store_options o = {});

    /// The session of an id.
    std::optional<session_record> load(std::string_view id);
    /// Keeps a new one; drops others when there are too many.
    void create(std::string_view id, session_record const& record, session_time expires);
    /// Changes one. @return whether it is there
    bool update(std::string_view id, session_changes const& changes, session_time used,
                session_time expires);
    /// Ends one.
    void remove(std::string_view id);

    /// How many there are, those that have expired and were not dropped yet too.
    std::size_t size() const;

private:
    struct state;

    std::shared_ptr<state> state_;
};

static_assert(session_store<memory_session_store>);

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/memory_session_store.ipp>
#endif
