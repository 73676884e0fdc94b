// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/memory_session_store.hpp>

#include <httphooks/detail/text/base64url.hpp>

#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace httphooks {

struct memory_session_store::state {
    struct entry {
        std::string id;
        session_record record;
        session_time expires;
        std::size_t bytes;
    };
    using entries = std::list<entry>;

    explicit state(memory_session_store_options const& o) : options(o) {
        if (o.max_sessions == 0 || o.max_bytes == 0)
            throw std::invalid_argument("memory_session_store: a limit is 0");
    }

    /// What an id is looked up by; the rest of it is compared in constant time.
    static std::string_view key_of(std::string_view id) noexcept {
        return id.substr(0, (id.size() + 1) / 2);
    }

    static std::size_t bytes_of(std::string_view id, session_values const& values) noexcept {
        std::size_t n = id.size();
        for (auto const& [name, value] : values) n += name.size() + value.size();
        return n;
    }

    entries::iterator find(std::string_view id) {
        auto const found = index.find(key_of(id));
        if (found == index.end() || !detail::equal_in_constant_time(found->second->id, id))
            return used.end();
        return found->second;
    }

    void drop(entries::iterator e) {
        bytes -= e->bytes;
        index.erase(key_of(e->id));
        used.erase(e);
    }

    /// Drops what has expired or is too much, but for the one that was used last.
    void tidy(session_time now) {
        while (used.size() > 1 && (used.size() > options.max_sessions ||
                                   bytes > options.max_bytes || used.back().expires <= now))
            drop(std::prev(used.end()));
    }

    memory_session_store_options const options;
    mutable std::mutex mutex{};
    /// The one that was used last is the first.
    entries used{};
    std::unordered_map<std::string_view, entries::iterator> index{};
    std::size_t bytes = 0;
};

HTTPHOOKS_DECL memory_session_store::memory_session_store(memory_session_store_options o)
    : state_(std::make_shared<state>(o)) {}

HTTPHOOKS_DECL std::optional<session_record> memory_session_store::load(std::string_view id) {
    std::lock_guard const lock(state_->mutex);
    auto const e = state_->find(id);
    if (e == state_->used.end()) return std::nullopt;
    return e->record;
}

HTTPHOOKS_DECL void memory_session_store::create(std::string_view id, session_record const& record,
                                                 session_time expires) {
    std::size_t const bytes = state::bytes_of(id, *record.values);
    std::lock_guard const lock(state_->mutex);
    state_->used.push_front({std::string(id), record, expires, bytes});
    auto const e = state_->used.begin();
    if (!state_->index.emplace(state::key_of(e->id), e).second) {
        state_->used.erase(e);
        throw std::logic_error("memory_session_store: the id is taken");
    }
    state_->bytes += bytes;
    state_->tidy(record.used);
}

HTTPHOOKS_DECL bool memory_session_store::update(std::string_view id,
                                                 session_changes const& changes, session_time time,
                                                 session_time expires) {
    std::lock_guard const lock(state_->mutex);
    auto const e = state_->find(id);
    if (e == state_->used.end()) return false;
    if (!changes.keeps_values())
        e->record.values = std::make_shared<session_values const>(changes.apply(*e->record.values));
    if (changes.new_id) {
        std::string next = *changes.new_id;
        if (state_->index.contains(state::key_of(next)))
            throw std::logic_error("memory_session_store: the id is taken");
        auto node = state_->index.extract(state::key_of(e->id));
        e->id.swap(next);
        node.key() = state::key_of(e->id);
        state_->index.insert(std::move(node));
    }
    std::size_t const bytes = state::bytes_of(e->id, *e->record.values);
    state_->bytes += bytes - e->bytes;
    e->bytes = bytes;
    if (time > e->record.used) e->record.used = time;
    e->expires = expires;
    state_->used.splice(state_->used.begin(), state_->used, e);
    state_->tidy(time);
    return true;
}

HTTPHOOKS_DECL void memory_session_store::remove(std::string_view id) {
    std::lock_guard const lock(state_->mutex);
    auto const e = state_->find(id);
    if (e != state_->used.end()) state_->drop(e);
}

HTTPHOOKS_DECL std::size_t memory_session_store::size() const {
    std::lock_guard const lock(state_->mutex);
    return state_->used.size();
}

}  // namespace httphooks
