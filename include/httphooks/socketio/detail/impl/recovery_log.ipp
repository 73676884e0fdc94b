// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/recovery_log.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/socketio/adapter.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

inline std::size_t recovery_log::size_of(entry const& e) noexcept {
    std::size_t n = sizeof(entry) + sizeof(payload) + e.data->text.size() + e.only.size();
    for (auto const& a : e.data->attachments) n += a.size();
    for (auto const& r : e.rooms) n += r.size() + sizeof r;
    for (auto const& r : e.except) n += r.size() + sizeof r;
    return n;
}

/// The rooms of a socket, which many packets are compared with.
class rooms_of_socket {
public:
    /// @param rooms live as long as this
    explicit rooms_of_socket(std::vector<std::string> const& rooms) : rooms_(rooms) {
        constexpr std::size_t few = 8;
        if (rooms.size() > few) set_.insert(rooms.begin(), rooms.end());
    }
    bool has(std::string_view name) const {
        return set_.empty() ? std::ranges::find(rooms_, name) != rooms_.end() : set_.contains(name);
    }

private:
    std::vector<std::string> const& rooms_;
    std::unordered_set<std::string_view> set_{};
};

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

HTTPHOOKS_DECL std::shared_ptr<payload const> recovery_log::mark(payload data) const {
    return std::make_shared<payload const>(with_offset(std::move(data), offset_of(newest())));
}

HTTPHOOKS_DECL std::shared_ptr<payload const> recovery_log::add(payload data,
                                                                broadcast_options const& to,
                                                                std::string only,
                                                                clock::time_point now) {
    auto const shared =
        std::make_shared<payload const>(with_offset(std::move(data), offset_of(newest() + 1)));
    log_.push_back({shared, to.rooms, to.except, std::move(only), now});
    bytes_ += size_of(log_.back());
    forget(now);
    return shared;
}

HTTPHOOKS_DECL void recovery_log::persist(session_state s, clock::time_point now) {
    if (sessions_.contains(s.pid)) return;
    // one that was restored, and comes back unused, has got nothing since
    auto const left = number_of(s.offset).value_or(newest());
    away_.push_back(
        {std::move(s), left, httphooks::detail::deadline_after(options_.max_disconnection, now)});
    auto const at = std::prev(away_.end());
    sessions_.emplace(at->state.pid, at);
    forget(now);
}

HTTPHOOKS_DECL std::optional<std::uint64_t> recovery_log::number_of(std::string_view offset) const {
    if (!offset.starts_with(prefix_)) return std::nullopt;
    offset.remove_prefix(prefix_.size());
    std::uint64_t number = 0;
    auto const [end, bad] = std::from_chars(offset.data(), offset.data() + offset.size(), number);
    if (bad != std::errc() || end != offset.data() + offset.size()) return std::nullopt;
    return number;
}

HTTPHOOKS_DECL std::optional<recovery_log::packet_list> recovery_log::behind(
    std::uint64_t number, std::string_view id, std::vector<std::string> const& rooms) const {
    if (number + 1 < first_) return std::nullopt;
    packet_list found;
    if (number >= newest()) return found;
    rooms_of_socket const mine(rooms);
    auto const joined = [&](std::string const& name) { return mine.has(name); };
    auto const barred = [&](std::string const& name) { return name == id || mine.has(name); };
    auto const concerns = [&](entry const& e) {
        if (!e.only.empty()) return e.only == id;
        return (e.rooms.empty() || std::ranges::any_of(e.rooms, joined)) &&
               std::ranges::none_of(e.except, barred);
    };
    for (std::uint64_t n = number + 1; n <= newest(); ++n)
        if (entry const& e = log_[static_cast<std::size_t>(n - first_)]; concerns(e))
            found.push_back({n, e.data});
    return found;
}

HTTPHOOKS_DECL std::optional<session_state> recovery_log::restore(std::string_view pid,
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
