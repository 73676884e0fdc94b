// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/redis_stream_reader.hpp>

#include <httphooks/redis/error.hpp>
#include <httphooks/socketio/error.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL std::optional<stream_place> stream_place::parse(std::string_view text) {
    std::size_t const dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    auto const number = [](std::string_view digits, std::uint64_t& n) {
        auto const [stop, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), n);
        return failed == std::errc() && stop == digits.data() + digits.size();
    };
    stream_place p;
    if (!number(text.substr(0, dash), p.time) || !number(text.substr(dash + 1), p.number))
        return std::nullopt;
    return p;
}

HTTPHOOKS_DECL std::string stream_place::text() const {
    return std::to_string(time) + '-' + std::to_string(number);
}

HTTPHOOKS_DECL bool stream_entry::read(redis::value const& from) {
    offset = from[0].text();
    auto const fields = from[1].elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        std::string_view const name = fields[i].text();
        std::string_view const text = fields[i + 1].text();
        if (name == "uid")
            uid = text;
        else if (name == "nsp")
            nsp = text;
        else if (name == "type")
            type = text;
        else if (name == "data")
            data = text;
    }
    return !offset.empty();
}

/// The options of a connection that blocks.
inline redis::options options_for_reader(redis::options o, std::chrono::milliseconds block) {
    constexpr std::chrono::seconds more(5);
    o.command_timeout = block + more;
    o.queue_limit = std::max<std::size_t>(o.queue_limit, 64 * 1024);
    return o;
}

HTTPHOOKS_DECL redis_stream_reader::redis_stream_reader(asio::any_io_executor const& executor,
                                                        redis::options o, std::string name,
                                                        std::size_t count,
                                                        std::chrono::milliseconds block,
                                                        std::size_t max_len)
    : connection_(executor, options_for_reader(std::move(o), block)),
      name_(std::move(name)),
      count_(std::max<std::size_t>(count, 1)),
      block_(std::max(block, std::chrono::milliseconds(1))),
      later_(executor),
      now_(count_),
      max_len_(std::max<std::size_t>(max_len, 1)) {}

HTTPHOOKS_DECL redis_stream_reader::~redis_stream_reader() {
    for (auto const& w : waiting_) w.f(std::nullopt);
}

HTTPHOOKS_DECL void redis_stream_reader::begin() {
    connection_.async_command({"XREVRANGE", name_, "+", "-", "COUNT", 1},
                              [weak = weak_from_this()](error_code ec, redis::value const& reply) {
                                  if (auto const self = weak.lock()) self->on_begun(ec, reply);
                              });
}

inline void redis_stream_reader::on_begun(error_code ec, redis::value const& reply) {
    if (ec) return on_failure(ec);
    std::string place;
    {
        std::lock_guard const lock(mutex_);
        auto const last = stream_place::parse(reply[0][0].text()).value_or(stream_place{});
        // of a stream that was made anew everything is read
        place_ = begun_ ? std::min(place_, last) : last;
        begun_ = true;
        behind_ = false;
        place = place_.text();
    }
    for (auto const& l : listeners()) l->on_begin(place);
    serve_waiting();
    read();
}

inline void redis_stream_reader::read() {
    bool whole = false;
    std::string from;
    std::size_t count = 0;
    {
        std::lock_guard const lock(mutex_);
        whole = behind_ && place_ != stream_place{};
        from = place_.text();
        count = now_;
    }
    auto on_reply = [weak = weak_from_this(), whole](error_code ec, redis::value const& reply) {
        if (auto const self = weak.lock()) self->on_read(ec, reply, whole);
    };
    if (whole)
        connection_.async_command({"XRANGE", name_, from, "+", "COUNT", count + 1},
                                  std::move(on_reply));
    else
        connection_.async_command(
            {"XREAD", "COUNT", count, "BLOCK", block_.count(), "STREAMS", name_, from},
            std::move(on_reply));
}

inline void redis_stream_reader::on_read(error_code ec, redis::value const& reply, bool whole) {
    if (ec) return on_unread(ec, whole);
    auto entries = whole ? reply.elements() : reply[0][1].elements();
    if (!whole && may_miss(entries.size())) return read();
    if (whole) {
        bool const gap = entries.empty() || !is_at_place(entries.front());
        if (gap)
            tell(error::messages_missed);
        else
            entries = entries.subspan(1);
        if (gap && entries.empty()) return begin();
    }
    for (redis::value const& entry : entries) pass(entry);
    {
        std::lock_guard const lock(mutex_);
        behind_ = entries.size() >= now_;
        now_ = std::min(now_ * 2, count_);
    }
    serve_waiting();
    read();
}

inline void redis_stream_reader::on_unread(error_code ec, bool whole) {
    serve_waiting();
    {
        std::lock_guard const lock(mutex_);
        bool const too_large = ec == redis::error::reply_limit;
        if (!too_large)
            behind_ = true;
        else if (now_ == 1 && whole)
            behind_ = false;
        else if (now_ == 1)
            begun_ = false;  // one that is too large by itself is passed over, with all there is
        if (too_large) now_ = std::max<std::size_t>(now_ / 2, 1);
    }
    on_failure(ec);
}

/// Whether there are so many entries that others may have been trimmed before them: then they are
/// to be read again.
inline bool redis_stream_reader::may_miss(std::size_t entries) {
    std::lock_guard const lock(mutex_);
    if (now_ == 1 || place_ == stream_place{} || entries < std::min(now_, max_len_)) return false;
    return behind_ = true;
}

inline bool redis_stream_reader::is_at_place(redis::value const& entry) const {
    std::lock_guard const lock(mutex_);
    return stream_place::parse(entry[0].text()) == place_;
}

inline void redis_stream_reader::tell(error_code ec) const {
    for (auto const& l : listeners()) l->on_failure(ec);
}

inline void redis_stream_reader::on_failure(error_code ec) {
    if (ec == redis::error::closed) return;
    // a command waits for the next connection by itself
    auto const again = [](redis_stream_reader& self) {
        self.has_begun() ? self.read() : self.begin();
    };
    if (ec != redis::error::error_reply) {
        for (auto const& l : listeners()) l->on_away();
        return again(*this);
    }
    tell(ec);
    later_.expires_after(std::chrono::seconds(1));
    later_.async_wait([weak = weak_from_this(), again](error_code cancelled) {
        auto const self = weak.lock();
        if (!cancelled && self) again(*self);
    });
}

inline void redis_stream_reader::pass(redis::value const& entry) {
    stream_entry e;
    auto const at = e.read(entry) ? stream_place::parse(e.offset) : std::nullopt;
    if (!at) return;
    std::shared_ptr<stream_listener> l;
    {
        std::lock_guard const lock(mutex_);
        passing_ = true;
        auto const found = listeners_.find(e.nsp);
        if (found != listeners_.end()) l = found->second.lock();
    }
    if (l) l->on_entry(e);
    std::lock_guard const lock(mutex_);
    passing_ = false;
    place_ = *at;
}

inline std::vector<std::shared_ptr<stream_listener>> redis_stream_reader::listeners() const {
    std::vector<std::shared_ptr<stream_listener>> all;
    std::lock_guard const lock(mutex_);
    for (auto const& [nsp, weak] : listeners_)
        if (auto l = weak.lock()) all.push_back(std::move(l));
    return all;
}

HTTPHOOKS_DECL void redis_stream_reader::add(std::string nsp,
                                             std::shared_ptr<stream_listener> const& l) {
    std::optional<stream_place> begun;
    {
        std::lock_guard const lock(mutex_);
        if (begun_) begun = place_;
        listeners_[std::move(nsp)] = l;
    }
    if (begun) l->on_begin(begun->text());
}

HTTPHOOKS_DECL bool redis_stream_reader::remove(std::string const& nsp, stream_listener const& l) {
    std::lock_guard const lock(mutex_);
    auto const at = listeners_.find(nsp);
    if (at != listeners_.end() && at->second.lock().get() == &l) listeners_.erase(at);
    return listeners_.empty();
}

HTTPHOOKS_DECL void redis_stream_reader::when_read(
    stream_place upto, std::chrono::milliseconds patience,
    std::function<void(std::optional<stream_place>)> f) {
    stream_place place;
    {
        std::lock_guard const lock(mutex_);
        if (!was_passed(upto))
            return waiting_.push_back({upto, clock::now() + patience, std::move(f)});
        place = place_;
    }
    f(place);
}

inline void redis_stream_reader::serve_waiting() {
    auto const now = clock::now();
    std::vector<waiting> there;
    std::vector<waiting> late;
    stream_place place;
    {
        std::lock_guard const lock(mutex_);
        place = place_;
        for (waiting& w : std::exchange(waiting_, {}))
            (was_passed(w.upto) ? there : w.until <= now ? late : waiting_).push_back(std::move(w));
    }
    for (waiting const& w : there) w.f(place);
    for (waiting const& w : late) w.f(std::nullopt);
}

}  // namespace httphooks::socketio::detail
