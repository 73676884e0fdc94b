// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/cluster_questions.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/socketio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// Erases elements of a map; the predicate may take them apart.
template <class Map, class Predicate>
void erase_where(Map& map, Predicate so) {
    for (auto at = map.begin(); at != map.end();) at = so(*at) ? map.erase(at) : std::next(at);
}

inline void put_behind(std::vector<socket_description>& all, std::vector<socket_description> more) {
    if (all.empty()) return all.swap(more);
    all.reserve(all.size() + more.size());
    std::ranges::move(more, std::back_inserter(all));
}

inline void cluster_questions::end(question q) {
    if (q.done) q.done(std::move(q.got));
}

template <class F>
bool cluster_questions::change(std::string const& id, F f) {
    question ended;
    {
        std::lock_guard const lock(mutex_);
        auto const at = questions_.find(id);
        if (at == questions_.end()) return false;
        f(at->second);
        if (!at->second.complete()) return true;
        remember(id);
        ended = std::move(at->second);
        questions_.erase(at);
    }
    end(std::move(ended));
    return true;
}

inline bool cluster_questions::add(std::string const& id, question q, time_point until) {
    q.until = until;
    {
        std::lock_guard const lock(mutex_);
        if (questions_.size() < options_.max_requests) {
            next_ = std::min({next_, q.until, q.probe_at});
            questions_.emplace(id, std::move(q));
            return true;
        }
    }
    q.got.ec = error::servers_unreachable;
    end(std::move(q));
    return false;
}

HTTPHOOKS_DECL bool cluster_questions::begin(std::string const& id, bool own, bool automatic,
                                             time_point now,
                                             std::function<void(cluster_answers)> done) {
    question q;
    q.done = std::move(done);
    q.own = own;
    q.automatic = automatic;
    if (!automatic)
        q.probe_at = httphooks::detail::deadline_after(options_.requests_timeout / 2, now);
    return add(id, std::move(q), httphooks::detail::deadline_after(options_.requests_timeout, now));
}

HTTPHOOKS_DECL bool cluster_questions::begin_probe(std::string const& id, time_point now) {
    question q;
    q.automatic = true;
    return add(id, std::move(q),
               httphooks::detail::deadline_after(options_.requests_timeout * 7 / 16, now));
}

HTTPHOOKS_DECL void cluster_questions::add_own(std::string const& id,
                                               std::vector<socket_description> sockets) {
    change(id, [&](question& q) {
        q.own = false;
        put_behind(q.got.sockets, std::move(sockets));
    });
}

HTTPHOOKS_DECL void cluster_questions::expect(std::string const& id, std::size_t servers) {
    change(id, [&](question& q) {
        q.expected = servers + q.left;
        q.others = q.answers < q.expected;
    });
}

HTTPHOOKS_DECL void cluster_questions::expect(std::string const& id, names servers) {
    change(id, [&](question& q) {
        q.by_name = true;
        q.missing = std::move(servers);
        q.others = !q.missing.empty();
    });
}

HTTPHOOKS_DECL void cluster_questions::fail(std::string const& id, error_code ec) {
    change(id, [&](question& q) {
        q.got.ec = ec;
        q.others = false;
    });
}

template <class F>
bool cluster_questions::add_answer(std::string const& id, std::string_view uid, F f) {
    bool const known = change(id, [&](question& q) {
        if (!uid.empty()) {
            if (std::ranges::find(q.heard, uid) != q.heard.end()) return;
            q.heard.emplace_back(uid);
        }
        f(q.got);
        ++q.answers;
        if (q.by_name) {
            std::erase(q.missing, uid);
            q.others = !q.missing.empty();
        } else if (q.expected != 0) {
            q.others = q.answers < q.expected;
        }
    });
    if (known) return true;
    std::lock_guard const lock(mutex_);
    heard_late(id);
    return false;
}

HTTPHOOKS_DECL bool cluster_questions::answer(std::string const& id, std::string_view uid,
                                              std::vector<socket_description> sockets) {
    return add_answer(id, uid,
                      [&](cluster_answers& got) { put_behind(got.sockets, std::move(sockets)); });
}

HTTPHOOKS_DECL bool cluster_questions::answer(std::string const& id, std::string_view uid,
                                              nlohmann::json value) {
    return add_answer(id, uid,
                      [&](cluster_answers& got) { got.values.push_back(std::move(value)); });
}

template <class F>
void cluster_questions::change_all(F f) {
    std::vector<question> ended;
    {
        std::lock_guard const lock(mutex_);
        erase_where(questions_, [&](auto& each) {
            f(each.second);
            if (!each.second.complete()) return false;
            ended.push_back(std::move(each.second));
            return true;
        });
    }
    for (question& q : ended) end(std::move(q));
}

HTTPHOOKS_DECL void cluster_questions::gone(std::string_view uid) {
    change_all([&](question& q) {
        if (q.by_name && std::erase(q.missing, uid) != 0) q.others = !q.missing.empty();
    });
}

HTTPHOOKS_DECL void cluster_questions::leaving(std::string_view uid) {
    change_all([&](question& q) {
        if (std::ranges::find(q.heard, uid) != q.heard.end()) ++q.left;
    });
}

HTTPHOOKS_DECL void cluster_questions::expect_at_most(std::size_t servers) {
    change_all([&](question& q) {
        if (q.by_name || q.expected == 0) return;
        q.expected = std::min(q.expected, servers + q.left);
        q.others = q.answers < q.expected;
    });
}

HTTPHOOKS_DECL void cluster_questions::begin_acks(std::string const& id, time_point now,
                                                  std::chrono::milliseconds timeout,
                                                  client_count_handler count,
                                                  std::function<void(nlohmann::json)> ack) {
    std::lock_guard const lock(mutex_);
    if (acks_.size() >= options_.max_requests) return;
    auto const until = httphooks::detail::deadline_after(timeout, now);
    next_ = std::min(next_, until);
    acks_.emplace(
        id,
        ack_question{std::move(count),
                     std::make_shared<std::function<void(nlohmann::json)> const>(std::move(ack)),
                     until, 0, timeout >= options_.requests_timeout});
}

HTTPHOOKS_DECL bool cluster_questions::add_count(std::string const& id, std::size_t clients) {
    client_count_handler f;
    {
        std::lock_guard const lock(mutex_);
        auto const at = acks_.find(id);
        if (at == acks_.end()) {
            heard_late(id);
            return false;
        }
        ++at->second.counts;
        if (silent_ != 0 && at->second.counts + silent_ >= servers_) silent_ = 0;
        f = at->second.count;
    }
    f(clients);
    return true;
}

HTTPHOOKS_DECL bool cluster_questions::add_ack(std::string const& id, nlohmann::json value) {
    std::shared_ptr<std::function<void(nlohmann::json)> const> f;
    {
        std::lock_guard const lock(mutex_);
        auto const at = acks_.find(id);
        if (at == acks_.end()) return false;
        f = at->second.ack;
    }
    (*f)(std::move(value));
    return true;
}

HTTPHOOKS_DECL bool cluster_questions::awaits(std::string_view id) const {
    std::string const name(id);
    std::lock_guard const lock(mutex_);
    return questions_.contains(name) || acks_.contains(name) ||
           std::ranges::find(late_, name) != late_.end();
}

HTTPHOOKS_DECL std::size_t cluster_questions::others(std::size_t servers) {
    std::lock_guard const lock(mutex_);
    if (servers < servers_) silent_ -= std::min(silent_, servers_ - servers);
    servers_ = servers;
    std::size_t const all = servers == 0 ? 0 : servers - 1;
    return all - std::min(all, silent_);
}

inline void cluster_questions::heard_late(std::string const& id) {
    if (std::ranges::find(late_, id) == late_.end()) return;
    silent_ = 0;
    late_.clear();
}

inline void cluster_questions::remember(std::string const& id) {
    constexpr std::size_t most_late = 64;
    if (silent_ == 0) return;
    late_.push_back(id);
    if (late_.size() > most_late) late_.pop_front();
}

inline void cluster_questions::count_silent(std::size_t answers) {
    if (answers + 1 < servers_) silent_ = std::max(silent_, servers_ - 1 - answers);
}

HTTPHOOKS_DECL std::optional<cluster_questions::time_point> cluster_questions::deadline() const {
    std::lock_guard const lock(mutex_);
    return next_ == time_point::max() ? std::nullopt : std::optional(next_);
}

HTTPHOOKS_DECL bool cluster_questions::expire(time_point now) {
    std::vector<question> ended;
    std::vector<ack_question> done;
    bool probe = false;
    {
        std::lock_guard const lock(mutex_);
        next_ = time_point::max();
        erase_where(questions_, [&](auto& each) {
            question& q = each.second;
            if (q.until <= now) {
                q.got.ec = error::servers_timed_out;
                if (q.automatic && !q.by_name && q.expected != 0) count_silent(q.answers);
                remember(each.first);
                ended.push_back(std::move(q));
                return true;
            }
            if (q.probe_at <= now) {
                q.probe_at = time_point::max();
                probe = probe || (!q.by_name && q.others && q.expected != 0);
            }
            next_ = std::min({next_, q.until, q.probe_at});
            return false;
        });
        erase_where(acks_, [&](auto& each) {
            ack_question& a = each.second;
            if (a.until > now) {
                next_ = std::min(next_, a.until);
                return false;
            }
            if (a.patient) count_silent(a.counts);
            remember(each.first);
            done.push_back(std::move(a));
            return true;
        });
    }
    for (question& q : ended) end(std::move(q));
    return probe;
}

HTTPHOOKS_DECL void cluster_questions::end_all(error_code ec) {
    question_map all;
    {
        std::lock_guard const lock(mutex_);
        all.swap(questions_);
        acks_.clear();
    }
    for (auto& [id, q] : all) {
        q.got.ec = ec;
        end(std::move(q));
    }
}

HTTPHOOKS_DECL void cluster_questions::clear() noexcept {
    question_map questions;
    std::unordered_map<std::string, ack_question> acks;
    std::lock_guard const lock(mutex_);
    questions.swap(questions_);
    acks.swap(acks_);
}

HTTPHOOKS_DECL std::size_t cluster_questions::size() const {
    std::lock_guard const lock(mutex_);
    return questions_.size() + acks_.size();
}

}  // namespace httphooks::socketio::detail
