// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What clients that are away miss, and what they had before.
*/

#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/options.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** The packets of a namespace that clients may have missed, and the sessions of clients that are
    away. Not thread-safe. */
class recovery_log {
public:
    using clock = std::chrono::steady_clock;
    using packet_list = std::vector<std::shared_ptr<payload const>>;

    explicit recovery_log(recovery_options const& o)
        : options_(o), prefix_(engineio::detail::random_id()) {
        prefix_.resize(6);
    }

    /// Adds an event, and to its arguments the offset that names it.
    std::shared_ptr<payload const> add(payload data, broadcast_options const& to,
                                       clock::time_point now = clock::now());

    /// Keeps a session.
    void persist(session_state s, clock::time_point now = clock::now());

    /// Takes a session that is known, and has missed what follows an offset that is known.
    std::optional<session_state> restore(std::string_view pid, std::string_view offset,
                                         clock::time_point now = clock::now());

    /// The packets for some rooms behind an offset; nothing when not all of them are known any
    /// more.
    std::optional<packet_list> behind(std::string_view offset,
                                      std::vector<std::string> const& rooms) const;

    std::size_t packets() const noexcept { return log_.size(); }
    std::size_t sessions() const noexcept { return sessions_.size(); }

private:
    struct entry {
        std::shared_ptr<payload const> data;
        std::vector<std::string> rooms;
        std::vector<std::string> except;
        clock::time_point at;
    };
    struct session {
        session_state state;
        clock::time_point until;
    };
    using session_list = std::list<session>;

    static std::size_t size_of(entry const& e) noexcept;
    static bool concerns(entry const& e, std::vector<std::string> const& rooms);
    std::string offset_of(std::uint64_t number) const { return prefix_ + std::to_string(number); }
    std::optional<std::uint64_t> number_of(std::string_view offset) const;
    void forget(clock::time_point now);

    recovery_options options_;
    std::string prefix_;
    std::deque<entry> log_{};
    /// The number of the first entry.
    std::uint64_t first_ = 0;
    std::size_t bytes_ = 0;
    session_list away_{};
    std::unordered_map<std::string_view, session_list::iterator> sessions_{};
};

// ---------------------------------------------------------------------------------------------

inline std::size_t recovery_log::size_of(entry const& e) noexcept {
    std::size_t n = sizeof(entry) + sizeof(payload) + e.data->text.size();
    for (auto const& a : e.data->attachments) n += a.size();
    for (auto const& r : e.rooms) n += r.size() + sizeof r;
    for (auto const& r : e.except) n += r.size() + sizeof r;
    return n;
}

inline bool recovery_log::concerns(entry const& e, std::vector<std::string> const& rooms) {
    auto const has = [&rooms](std::string const& name) {
        return std::find(rooms.begin(), rooms.end(), name) != rooms.end();
    };
    return (e.rooms.empty() || std::any_of(e.rooms.begin(), e.rooms.end(), has)) &&
           std::none_of(e.except.begin(), e.except.end(), has);
}

inline void recovery_log::forget(clock::time_point now) {
    while (!log_.empty() && (log_.size() > options_.max_packets || bytes_ > options_.max_bytes ||
                             now - log_.front().at > options_.max_disconnection)) {
        bytes_ -= size_of(log_.front());
        log_.pop_front();
        ++first_;
    }
    while (!away_.empty() && (away_.size() > options_.max_sessions || away_.front().until <= now)) {
        sessions_.erase(away_.front().state.pid);
        away_.pop_front();
    }
}

inline std::shared_ptr<payload const> recovery_log::add(payload data, broadcast_options const& to,
                                                        clock::time_point now) {
    data.text.back() = ',';
    data.text.append("\"").append(offset_of(first_ + log_.size())).append("\"]");
    auto const shared = std::make_shared<payload const>(std::move(data));
    log_.push_back({shared, to.rooms, to.except, now});
    bytes_ += size_of(log_.back());
    forget(now);
    return shared;
}

inline void recovery_log::persist(session_state s, clock::time_point now) {
    if (sessions_.contains(s.pid)) return;
    away_.push_back({std::move(s), now + options_.max_disconnection});
    auto const at = std::prev(away_.end());
    sessions_.emplace(at->state.pid, at);
    forget(now);
}

/// What number the packet of an offset has, or had, or would have.
inline std::optional<std::uint64_t> recovery_log::number_of(std::string_view offset) const {
    if (!offset.starts_with(prefix_)) return std::nullopt;
    offset.remove_prefix(prefix_.size());
    std::uint64_t number = 0;
    auto const [end, bad] = std::from_chars(offset.data(), offset.data() + offset.size(), number);
    if (bad != std::errc() || end != offset.data() + offset.size()) return std::nullopt;
    return number;
}

inline std::optional<recovery_log::packet_list> recovery_log::behind(
    std::string_view offset, std::vector<std::string> const& rooms) const {
    auto const number = number_of(offset);
    if (!number || *number + 1 < first_) return std::nullopt;
    packet_list found;
    for (std::uint64_t n = *number + 1; n < first_ + log_.size(); ++n)
        if (entry const& e = log_[static_cast<std::size_t>(n - first_)]; concerns(e, rooms))
            found.push_back(e.data);
    return found;
}

inline std::optional<session_state> recovery_log::restore(std::string_view pid,
                                                          std::string_view offset,
                                                          clock::time_point now) {
    forget(now);
    auto const known = sessions_.find(pid);
    if (known == sessions_.end()) return std::nullopt;
    // whatever comes of it, it is restored once
    session_list taken;
    taken.splice(taken.begin(), away_, known->second);
    sessions_.erase(known);
    session_state& s = taken.front().state;
    auto const number = number_of(offset);
    if (!number || *number < first_ || *number - first_ >= log_.size()) return std::nullopt;
    auto const missed = behind(offset, s.rooms);
    if (!missed) return std::nullopt;
    for (auto const& p : *missed) s.missed.push_back(*p);
    s.offset = offset_of(first_ + log_.size() - 1);
    return std::move(s);
}

}  // namespace httphooks::socketio::detail
