// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/events/event_topics.hpp>

#include <httphooks/detail/system/random_bits.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL event_frame::event_frame(std::string id, std::string_view text)
    : id_(std::move(id)), size_(text.size()) {
    append_chunk(chunk_, text);
    chunk_.shrink_to_fit();
}

// history ---------------------------------------------------------------------------------------

HTTPHOOKS_DECL void event_history::add(event_frame_ptr frame, event_source_hub_options const& o) {
    bytes_ += frame->text().size();
    frames_.push_back(std::move(frame));
    while (frames_.size() > 1 && (frames_.size() > o.history || bytes_ > o.history_bytes)) {
        bytes_ -= frames_.front()->text().size();
        frames_.pop_front();
        ++first_;
    }
}

HTTPHOOKS_DECL std::uint64_t event_history::behind(std::string_view id) const {
    for (std::uint64_t n = end(); n > first_; --n)
        if (at(n - 1)->id() == id) return n;
    return first_;
}

// a loop ----------------------------------------------------------------------------------------

HTTPHOOKS_DECL event_loop::event_loop(std::weak_ptr<event_topics> topics, std::string topic,
                                      event_source_hub_options const& o,
                                      asio::any_io_executor executor, event_history const& history)
    : topics_(std::move(topics)),
      topic_(std::move(topic)),
      options_(o),
      executor_(std::move(executor)),
      events_(history) {}

HTTPHOOKS_DECL event_loop::~event_loop() = default;

HTTPHOOKS_DECL void event_loop::enter(event_subscription& s) {
    members_.push_back(s);
    count_.fetch_add(1, std::memory_order_relaxed);
    if (!timer_ && options_.heartbeat.count() > 0) {
        timer_.emplace(executor_);
        wait();
    }
}

HTTPHOOKS_DECL void event_loop::leave(event_subscription& s) noexcept {
    s.unlink();
    if (count_.fetch_sub(1, std::memory_order_relaxed) > 1) return;
    timer_.reset();
    if (auto const topics = topics_.lock()) topics->forget(*this);
}

inline void event_loop::post() {
    asio::post(executor_, [self = shared_from_this()] { self->deliver(); });
}

HTTPHOOKS_DECL void event_loop::add(event_frame_ptr frame) {
    incoming_.push_back(std::move(frame));
    if (!std::exchange(posted_, true)) post();
}

HTTPHOOKS_DECL void event_loop::end() {
    ended_ = true;
    if (!std::exchange(posted_, true)) post();
}

/// Adds what has come, but no more than is kept: who takes it at once misses nothing.
inline bool event_loop::take_incoming() {
    std::size_t bytes = 0;
    auto it = incoming_.begin();
    auto const last = it + static_cast<std::ptrdiff_t>(std::min(
                               incoming_.size(), std::max<std::size_t>(options_.history, 1)));
    do {
        if (it == last) break;
        bytes += (*it)->text().size();
        events_.add(std::move(*it), options_);
        ++it;
    } while (it != last && bytes + (*it)->text().size() <= options_.history_bytes);
    incoming_.erase(incoming_.begin(), it);
    return incoming_.empty();
}

inline void event_loop::deliver() {
    bool all = false;
    bool over = false;
    auto const take = [&] {
        all = take_incoming();
        over = all && ended_;
        if (all) posted_ = false;
    };
    auto const topics = topics_.lock();
    if (topics)
        topics->locked(take);
    else
        take();
    for_all([over](event_subscription& s) { over ? s.end() : s.tell(); });
    if (!all) post();
}

/// Thousands of them are in no cache, and f() takes longer than to fetch those that come next.
inline void event_loop::fetch_next(list const& all) noexcept {
    auto it = all.begin();
    if (it == all.end()) return;
    it->fetch_rest();
    if (++it == all.end()) return;
    it->fetch_sink();
    if (++it == all.end()) return;
    it->fetch();
}

inline void event_loop::for_all(std::function<void(event_subscription&)> const& f) {
    auto const keep = shared_from_this();
    list all;
    all.swap(members_);
    while (!all.empty()) {
        event_subscription& s = all.front();
        members_.splice(members_.end(), all, all.begin());
        fetch_next(all);
        f(s);
    }
}

inline void event_loop::wait() {
    timer_->expires_after(options_.heartbeat);
    timer_->async_wait([weak = weak_from_this()](error_code ec) {
        auto const self = weak.lock();
        if (ec || !self || !self->timer_) return;
        self->for_all([](event_subscription& s) { s.beat(); });
        if (self->timer_) self->wait();
    });
}

// topics ----------------------------------------------------------------------------------------

/// What tells the ids of one hub from those of another, as of the process before it.
inline std::string new_epoch() {
    std::uint64_t const bits = std::uint64_t(random_bits::next()) << 32 | random_bits::next();
    char digits[16];
    return std::string(digits, std::to_chars(digits, digits + 16, bits, 36).ptr);
}

HTTPHOOKS_DECL event_topics::event_topics(event_source_hub_options const& o)
    : options_(o), epoch_(new_epoch()) {}

HTTPHOOKS_DECL void event_topics::publish(std::string_view name, server_event e) {
    std::lock_guard const lock(mutex_);
    if (closed_) return;
    if (e.id.empty()) e.id = epoch_ + '-' + std::to_string(numbers_++);
    auto const text = to_string(e);
    auto const frame = std::make_shared<event_frame const>(std::move(e.id), text);
    auto it = topics_.find(name);
    if (it == topics_.end()) it = topics_.emplace(std::string(name), topic()).first;
    it->second.history.add(frame, options_);
    for (auto const& loop : it->second.loops) loop->add(frame);
}

HTTPHOOKS_DECL std::size_t event_topics::subscribers(std::string_view name) const {
    std::lock_guard const lock(mutex_);
    std::size_t sum = 0;
    if (auto const it = topics_.find(name); it != topics_.end())
        for (auto const& loop : it->second.loops) sum += loop->size();
    return sum;
}

HTTPHOOKS_DECL void event_topics::close() {
    std::lock_guard const lock(mutex_);
    closed_ = true;
    for (auto const& [name, t] : topics_)
        for (auto const& loop : t.loops) loop->end();
}

HTTPHOOKS_DECL std::optional<std::uint64_t> event_topics::enter(
    event_subscription& s, std::string_view name, std::string_view last,
    asio::any_io_executor const& executor) {
    std::lock_guard const lock(mutex_);
    if (closed_) return std::nullopt;
    auto it = topics_.find(name);
    if (it == topics_.end()) it = topics_.emplace(std::string(name), topic()).first;
    auto& loops = it->second.loops;
    auto own = std::find_if(loops.begin(), loops.end(),
                            [&](auto const& l) { return l->executor() == executor; });
    if (own == loops.end()) {
        loops.push_back(std::make_shared<event_loop>(weak_from_this(), it->first, options_,
                                                     executor, it->second.history));
        own = loops.end() - 1;
    }
    event_loop& loop = **own;
    loop.enter(s);
    s.loop(*own);
    // of the same numbers as the loop's, which may not be that far yet
    event_history const& all = it->second.history;
    return last.empty() ? all.end() : all.behind(last);
}

HTTPHOOKS_DECL void event_topics::forget(event_loop& loop) noexcept {
    std::lock_guard const lock(mutex_);
    auto const it = topics_.find(loop.topic());
    if (it == topics_.end() || loop.size() > 0) return;
    auto& loops = it->second.loops;
    auto const own =
        std::find_if(loops.begin(), loops.end(), [&](auto const& l) { return l.get() == &loop; });
    if (own != loops.end()) loops.erase(own);
    if (loops.empty() && it->second.history.end() == 0) topics_.erase(it);
}

// a subscription --------------------------------------------------------------------------------

HTTPHOOKS_DECL event_subscription::event_subscription(std::shared_ptr<event_topics> topics,
                                                      std::string_view topic, std::string_view last)
    : stream_body(std::nullopt),
      wish_(
          std::make_unique<wish>(wish{std::move(topics), std::string(topic), std::string(last)})) {}

HTTPHOOKS_DECL event_subscription::~event_subscription() {
    stop();
}

HTTPHOOKS_DECL void event_subscription::start(asio::any_io_executor const& executor,
                                              stream_sink& sink) {
    auto const w = std::move(wish_);
    started_ = true;
    sink_ = &sink;
    try {
        auto const at = w->topics->enter(*this, w->topic, w->last, executor);
        number_ = at.value_or(0);
        ended_ = !at;
    } catch (...) {  // no memory
        failed_ = true;
    }
}

HTTPHOOKS_DECL void event_subscription::stop() noexcept {
    sink_ = nullptr;
    begun_.reset();
    if (auto const loop = std::move(loop_)) loop->leave(*this);
}

/// A comment for who has got nothing for a while.
inline event_frame_ptr const& heartbeat_frame() {
    static event_frame_ptr const frame =
        std::make_shared<event_frame const>(std::string(), event_heartbeat);
    return frame;
}

HTTPHOOKS_DECL void event_subscription::beat() noexcept {
    if (!std::exchange(quiet_, true) || begun_) return;
    begun_ = heartbeat_frame();
    tell();
}

HTTPHOOKS_DECL std::string_view event_subscription::next() noexcept {
    if (!begun_ && loop_) {
        event_history const& events = loop_->events();
        if (number_ < events.first()) {
            ended_ = ended_ || loop_->options().slow == slow_reader::disconnect;
            if (ended_) return {};
            number_ = events.first();
        }
        if (number_ < events.end()) {
            begun_ = events.at(number_++);
            quiet_ = false;
        }
    }
    return begun_ ? begun_->text().substr(offset_) : std::string_view();
}

HTTPHOOKS_DECL void event_subscription::consume(std::size_t n) {
    offset_ += n;
    if (offset_ < begun_->text().size()) return;
    begun_.reset();
    offset_ = 0;
}

/// Who is behind what is kept, or has got a part of an event, has none.
HTTPHOOKS_DECL std::string_view event_subscription::next_chunk() noexcept {
    if (begun_) return offset_ == 0 ? begun_->chunk() : std::string_view();
    if (!loop_) return {};
    event_history const& events = loop_->events();
    bool const there = number_ >= events.first() && number_ < events.end();
    return there ? events.at(number_)->chunk() : std::string_view();
}

HTTPHOOKS_DECL std::size_t event_subscription::consume_chunk() noexcept {
    std::size_t const n = (begun_ ? begun_ : loop_->events().at(number_))->text().size();
    if (begun_) {
        begun_.reset();
    } else {
        ++number_;
        quiet_ = false;
    }
    return n;
}

HTTPHOOKS_DECL bool event_subscription::ended(bool& failed) const noexcept {
    failed = failed_;
    return ended_ || failed_;
}

HTTPHOOKS_DECL void event_subscription::break_off(error_code, std::exception_ptr) noexcept {
    failed_ = true;
}

}  // namespace httphooks::detail
