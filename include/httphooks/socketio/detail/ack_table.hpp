// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The acknowledgements that a client owes.
*/

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// The acknowledgements that a client owes. Not thread-safe.
class ack_table {
public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    /// @return whether there is a deadline that is the first now
    bool add(std::uint64_t id, ack_handler f, std::optional<std::chrono::milliseconds> timeout,
             time_point now = clock::now()) {
        auto const until =
            timeout ? httphooks::detail::deadline_after(*timeout, now) : time_point::max();
        bool const first = until < first_;
        if (first) first_ = until;
        waiting_.push_back({id, until, std::move(f)});
        return first;
    }

    /// Takes the function of a number; an empty one if there is none.
    ack_handler take(std::uint64_t id) {
        for (auto& w : waiting_) {
            if (w.id != id) continue;
            ack_handler f = std::move(w.f);
            if (&w != &waiting_.back()) w = std::move(waiting_.back());
            waiting_.pop_back();
            return f;
        }
        return {};
    }

    std::vector<ack_handler> take_all() {
        std::vector<ack_handler> all;
        for (auto& w : std::exchange(waiting_, {})) all.push_back(std::move(w.f));
        first_ = time_point::max();
        return all;
    }

    /// Takes those whose time is over.
    std::vector<ack_handler> expire(time_point now) {
        std::vector<ack_handler> due;
        if (first_ > now) return due;
        first_ = time_point::max();
        auto kept = waiting_.begin();
        for (auto& w : waiting_) {
            if (w.until <= now) {
                due.push_back(std::move(w.f));
                continue;
            }
            if (w.until < first_) first_ = w.until;
            if (&*kept != &w) *kept = std::move(w);
            ++kept;
        }
        waiting_.erase(kept, waiting_.end());
        return due;
    }

    /// When expire() is to be called; perhaps too early.
    std::optional<time_point> deadline() const noexcept {
        if (first_ == time_point::max()) return std::nullopt;
        return first_;
    }
    std::size_t size() const noexcept { return waiting_.size(); }

private:
    struct entry {
        std::uint64_t id;
        time_point until;
        ack_handler f;
    };

    std::vector<entry> waiting_{};
    time_point first_ = time_point::max();
};

}  // namespace httphooks::socketio::detail
