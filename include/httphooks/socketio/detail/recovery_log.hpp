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
    /// A packet, and the number that its offset has, from 1 on.
    struct numbered {
        std::uint64_t number;
        std::shared_ptr<payload const> data;
    };
    using packet_list = std::vector<numbered>;

    explicit recovery_log(recovery_options const& o)
        : options_(o), prefix_(engineio::detail::random_id()) {
        prefix_.resize(6);
    }

    /// Adds an event, and to its arguments the offset that names it.
    std::shared_ptr<payload const> add(payload data, broadcast_options const& to,
                                       clock::time_point now = clock::now()) {
        return add(std::move(data), to, {}, now);
    }
    /// The same for an event to one socket.
    std::shared_ptr<payload const> add_for(std::string const& id, payload data,
                                           clock::time_point now = clock::now()) {
        return add(std::move(data), {}, id, now);
    }
    /// An event that is not kept, with the offset of the newest that is.
    std::shared_ptr<payload const> mark(payload data) const;
    /// The number of the newest packet; 0: there was none.
    std::uint64_t newest() const noexcept { return first_ + log_.size() - 1; }

    /// Keeps a session.
    void persist(session_state s, clock::time_point now = clock::now());

    /// Takes a session that is known, if all is known that its client has missed.
    /// @param offset of the newest packet that the client has
    std::optional<session_state> restore(std::string_view pid, std::string_view offset,
                                         clock::time_point now = clock::now());

    /// The packets behind a number for a socket and its rooms; nothing when not all packets behind
    /// it are known any more.
    std::optional<packet_list> behind(std::uint64_t number, std::string_view id,
                                      std::vector<std::string> const& rooms) const;

    std::string offset_of(std::uint64_t number) const { return prefix_ + std::to_string(number); }
    /// The number in an offset of this log.
    std::optional<std::uint64_t> number_of(std::string_view offset) const;

    std::size_t packets() const noexcept { return log_.size(); }
    std::size_t sessions() const noexcept { return sessions_.size(); }

private:
    struct entry {
        std::shared_ptr<payload const> data;
        std::vector<std::string> rooms;
        std::vector<std::string> except;
        /// The id of the only socket that gets it, if there is but one.
        std::string only;
        clock::time_point at;
    };
    struct session {
        session_state state;
        /// The newest packet when it left.
        std::uint64_t left;
        clock::time_point until;
    };
    using session_list = std::list<session>;

    std::shared_ptr<payload const> add(payload data, broadcast_options const& to, std::string only,
                                       clock::time_point now);
    static payload with_offset(payload data, std::string_view offset);
    static std::size_t size_of(entry const& e) noexcept;
    static bool concerns(entry const& e, std::string_view id,
                         std::vector<std::string> const& rooms);
    void forget(clock::time_point now);

    recovery_options options_;
    std::string prefix_;
    std::deque<entry> log_{};
    /// The number of the first entry.
    std::uint64_t first_ = 1;
    std::size_t bytes_ = 0;
    session_list away_{};
    std::unordered_map<std::string_view, session_list::iterator> sessions_{};
};

// ---------------------------------------------------------------------------------------------

inline std::size_t recovery_log::size_of(entry const& e) noexcept {
    std::size_t n = sizeof(entry) + sizeof(payload) + e.data->text.size() + e.only.size();
    for (auto const& a : e.data->attachments) n += a.size();
    for (auto const& r : e.rooms) n += r.size() + sizeof r;
    for (auto const& r : e.except) n += r.size() + sizeof r;
    return n;
}

inline bool recovery_log::concerns(entry const& e, std::string_view id,
                                   std::vector<std::string> const& rooms) {
    if (!e.only.empty()) return e.only == id;
    auto const has = [&rooms](std::string const& name) {
        return std::find(rooms.begin(), rooms.end(), name) != rooms.end();
    };
    return (e.rooms.empty() || std::any_of(e.rooms.begin(), e.rooms.end(), has)) &&
           std::none_of(e.except.begin(), e.except.end(),
                        [&](std::string const& name) { return name == id || has(name); });
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

inline payload recovery_log::with_offset(payload data, std::string_view offset) {
    data.text.back() = ',';
    data.text.append("\"").append(offset).append("\"]");
    return data;
}

inline std::shared_ptr<payload const> recovery_log::mark(payload data) const {
    return std::make_shared<payload const>(with_offset(std::move(data), offset_of(newest())));
}

inline std::shared_ptr<payload const> recovery_log::add(payload data, broadcast_options const& to,
                                                        std::string only, clock::time_point now) {
    auto const shared =
        std::make_shared<payload const>(with_offset(std::move(data), offset_of(newest() + 1)));
    log_.push_back({shared, to.rooms, to.except, std::move(only), now});
    bytes_ += size_of(log_.back());
    forget(now);
    return shared;
}

inline void recovery_log::persist(session_state s, clock::time_point now) {
    if (sessions_.contains(s.pid)) return;
    // one that was restored, and comes back unused, has got nothing since
    auto const left = number_of(s.offset).value_or(newest());
    away_.push_back({std::move(s), left, now + options_.max_disconnection});
    auto const at = std::prev(away_.end());
    sessions_.emplace(at->state.pid, at);
    forget(now);
}

inline std::optional<std::uint64_t> recovery_log::number_of(std::string_view offset) const {
    if (!offset.starts_with(prefix_)) return std::nullopt;
    offset.remove_prefix(prefix_.size());
    std::uint64_t number = 0;
    auto const [end, bad] = std::from_chars(offset.data(), offset.data() + offset.size(), number);
    if (bad != std::errc() || end != offset.data() + offset.size()) return std::nullopt;
    return number;
}

inline std::optional<recovery_log::packet_list> recovery_log::behind(
    std::uint64_t number, std::string_view id, std::vector<std::string> const& rooms) const {
    if (number + 1 < first_) return std::nullopt;
    packet_list found;
    for (std::uint64_t n = number + 1; n <= newest(); ++n)
        if (entry const& e = log_[static_cast<std::size_t>(n - first_)]; concerns(e, id, rooms))
            found.push_back({n, e.data});
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
    if (!number || *number > newest()) return std::nullopt;
    // a client that has all it was sent has missed nothing before it left
    bool const has_all = *number >= number_of(s.sent).value_or(0);
    auto const from = has_all ? std::max(*number, taken.front().left) : *number;
    auto const missed = behind(from, s.sid, s.rooms);
    if (!missed) return std::nullopt;
    for (numbered const& p : *missed) s.missed.push_back(*p.data);
    if (!missed->empty()) s.sent = offset_of(missed->back().number);
    s.offset = offset_of(newest());
    return std::move(s);
}

}  // namespace httphooks::socketio::detail
