// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/redis_hub.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/detail/command.hpp>
#include <httphooks/redis/error.hpp>
#include <httphooks/redis/value.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void redis_routes::add(redis::subscription kind, std::string_view channel,
                                      std::shared_ptr<redis_listener> const& by) {
    std::lock_guard const lock(mutex_);
    version_.fetch_add(1, std::memory_order_release);
    all_[name(kind, channel)] = by;
}

HTTPHOOKS_DECL bool redis_routes::remove(redis::subscription kind, std::string_view channel,
                                         redis_listener const& by) {
    std::lock_guard const lock(mutex_);
    auto const at = all_.find(name_view(kind, channel));
    if (at == all_.end() || at->second.lock().get() != &by) return false;
    version_.fetch_add(1, std::memory_order_release);
    all_.erase(at);
    return true;
}

HTTPHOOKS_DECL void redis_routes::hear(redis::message const& m) {
    auto const channel = m.kind == redis::subscription::pattern ? m.pattern : m.channel;
    if (version_.load(std::memory_order_acquire) != last_.version || last_.kind != m.kind ||
        last_.channel != channel) {
        std::lock_guard const lock(mutex_);
        auto const at = all_.find(name_view(m.kind, channel));
        if (at == all_.end()) return;
        last_.version = version_.load(std::memory_order_relaxed);
        last_.kind = m.kind;
        last_.channel = channel;
        last_.who = at->second;
    }
    if (auto const to = last_.who.lock()) to->on_message(m);
}

HTTPHOOKS_DECL std::shared_ptr<cluster_link> redis_routes::any_link() {
    std::lock_guard const lock(mutex_);
    for (auto const& [channel, listener] : all_)
        if (auto const l = listener.lock())
            if (auto link = l->link().lock()) return link;
    return nullptr;
}

/// Tells who has published messages that some are lost.
inline void redis_hub::batch::lose(std::uint32_t most) const {
    for (auto const& [link, count] : from) {
        if (most == 0) return;
        auto const to = link.lock();
        for (std::uint32_t i = 0; i < count && most != 0; ++i, --most)
            if (to) to->lost();
    }
}

/// Takes the batch when it is its turn to be sent.
class redis_hub::batch_command final : public redis::detail::command {
public:
    explicit batch_command(std::weak_ptr<redis_hub> hub) : command({}, 0), hub_(std::move(hub)) {
        separate = true;
    }
    /// The last batch of a hub that is left.
    explicit batch_command(batch last)
        : command(std::move(last.bytes), last.messages), content_(std::move(last)) {
        separate = true;
        missing = replies;
    }

    HTTPHOOKS_DECL void prepare() override {
        auto const hub = hub_.lock();
        if (!hub) return;
        std::lock_guard const lock(hub->mutex_);
        hub->collecting_ = false;
        content_ = std::exchange(hub->batch_, {});
        bytes = std::move(content_.bytes);
        replies = missing = content_.messages;
    }
    HTTPHOOKS_DECL void complete(error_code, redis::value) override {
        content_.lose(errors + missing);
        httphooks::detail::give_string(std::move(bytes));
        if (auto const hub = hub_.lock()) hub->batch_ended();
    }

private:
    std::weak_ptr<redis_hub> hub_;
    batch content_{};
};

HTTPHOOKS_DECL std::shared_ptr<redis_hub> redis_hub::of(adapter_context& context,
                                                        redis::options const& o) {
    return std::static_pointer_cast<redis_hub>(context.share(
        [&]() -> std::shared_ptr<void> { return make(context.place().executor(), o); }));
}

HTTPHOOKS_DECL std::shared_ptr<redis_hub> redis_hub::make(asio::any_io_executor const& executor,
                                                          redis::options const& o) {
    auto hub = std::make_shared<redis_hub>(executor, o);
    hub->begin();
    return hub;
}

HTTPHOOKS_DECL redis_hub::redis_hub(asio::any_io_executor const& executor, redis::options const& o)
    : options_(o), connections_(std::make_shared<connections>(executor, o)) {}

HTTPHOOKS_DECL void redis_hub::begin() {
    auto const weak = weak_from_this();
    auto const on_state = [weak](redis::connection_state state, error_code ec) {
        auto const self = weak.lock();
        if (!self) return;
        if (state == redis::connection_state::away) self->tell(ec);
        self->on_state();
    };
    redis::subscriber const& subscriber = connections_->subscriber;
    connections_->commands.on_state(on_state);
    subscriber.on_state(on_state);
    subscriber.on_message([to = routes_](redis::message const& m) { to->hear(m); });
    subscriber.on_refused([weak](redis::subscription, std::string_view, std::string_view) {
        if (auto const self = weak.lock()) self->tell(redis::error::error_reply);
    });
    connections_->commands.connect();
}

HTTPHOOKS_DECL void redis_hub::leave() {
    shared_connections gone;
    std::deque<waiting> dropped;
    batch unsent;
    {
        std::lock_guard const lock(mutex_);
        if (--users_ != 0) return;
        unsent = std::exchange(batch_, {});
        if (unsent.messages != 0 && is_plain())
            connections_->commands.submit(
                std::make_unique<batch_command>(std::exchange(unsent, {})));
        gone.swap(connections_);
        dropped.swap(waiting_);
    }
    unsent.lose(unsent.messages);
    for (waiting& w : dropped)
        if (w.done) w.done(redis::error::closed, {});
    if (!gone) return;
    gone->commands.close();
    gone->subscriber.close();
}

HTTPHOOKS_DECL void redis_hub::want(redis::subscription kind, std::string_view channel,
                                    std::shared_ptr<redis_listener> const& by) {
    // behind the mutex, so that Redis hears it in the order of the routes
    std::lock_guard const lock(mutex_);
    routes_->add(kind, channel, by);
    if (connections_) connections_->subscriber.want(kind, channel, true);
}

HTTPHOOKS_DECL void redis_hub::forget(redis::subscription kind, std::string_view channel,
                                      redis_listener const& by) {
    std::lock_guard const lock(mutex_);
    if (routes_->remove(kind, channel, by) && connections_)
        connections_->subscriber.want(kind, channel, false);
}

HTTPHOOKS_DECL void redis_hub::settle() {
    shared_connections c;
    {
        std::lock_guard const lock(mutex_);
        c = connections_;
        if (!c) return;
        ++settling_;
    }
    c->subscriber.async_settle([weak = weak_from_this()](error_code) {
        auto const self = weak.lock();
        if (!self) return;
        {
            std::lock_guard const lock(self->mutex_);
            --self->settling_;
        }
        self->flush();
    });
}

HTTPHOOKS_DECL bool redis_hub::is_away() const noexcept {
    auto const gone = [](redis::connection_state s) {
        return s == redis::connection_state::away || s == redis::connection_state::closed;
    };
    auto const c = both();
    return !c || gone(c->commands.state()) || gone(c->subscriber.state());
}

/// Tells the application, once for each time that Redis goes away.
inline void redis_hub::tell(error_code ec) {
    {
        std::lock_guard const lock(mutex_);
        if (std::exchange(told_, true)) return;
    }
    if (auto const one = routes_->any_link()) one->failed(ec, "Redis");
}

inline bool redis_hub::is_late(clock::time_point since) const {
    return options_.command_timeout.count() != 0 && since < clock::now() - options_.command_timeout;
}

HTTPHOOKS_DECL bool redis_hub::is_ready() const {
    return settling_ == 0 && connections_ && connections_->commands.is_connected() &&
           connections_->subscriber.is_connected();
}

inline void redis_hub::on_state() {
    std::vector<waiting> ended;
    bool const away = is_away();
    {
        std::lock_guard const lock(mutex_);
        if (away)
            for (waiting& w : waiting_)
                if (w.hasty && w.done)
                    ended.push_back({redis::arguments("-"), std::exchange(w.done, {}), {}, true});
    }
    for (waiting& w : ended) w.done(redis::error::not_connected, {});
    flush();
}

inline void redis_hub::drop_late_batch() {
    batch late;
    {
        std::lock_guard const lock(mutex_);
        if (batch_.messages != 0 && !collecting_ && is_late(batch_.since))
            late = std::exchange(batch_, {});
    }
    late.lose(late.messages);
}

inline void redis_hub::flush() {
    drop_late_batch();
    for (;;) {
        std::deque<waiting> all;
        shared_connections c;
        {
            std::lock_guard const lock(mutex_);
            if (flushing_ || !is_ready()) return;
            c = connections_;
            told_ = false;
            submit_batch();
            if (waiting_.empty()) return;
            flushing_ = true;
            all.swap(waiting_);
            bytes_ = 0;
        }
        for (waiting& w : all) {
            if (!w.done) continue;
            if (is_late(w.since))
                w.done(redis::error::dropped, {});
            else
                c->commands.async_command(std::move(w.command), std::move(w.done));
        }
        std::lock_guard const lock(mutex_);
        flushing_ = false;
    }
}

HTTPHOOKS_DECL bool redis_hub::ask_now(redis::arguments command, handler done) {
    std::lock_guard const lock(mutex_);
    if (!leaves_at_once()) return false;
    submit_batch();
    auto c = std::make_unique<redis::detail::command_of<handler>>(std::move(done),
                                                                  std::move(command).bytes(), 1);
    c->hasty = true;
    connections_->commands.submit(std::move(c));
    return true;
}

HTTPHOOKS_DECL void redis_hub::send(redis::arguments command, handler done, bool hasty) {
    std::vector<waiting> dropped;
    {
        std::lock_guard const lock(mutex_);
        if (leaves_at_once()) {
            // behind the mutex, so that nothing overtakes
            submit_batch();
            connections_->commands.async_command(std::move(command), std::move(done));
            return;
        }
        bytes_ += command.bytes().size();
        waiting_.push_back({std::move(command), std::move(done), clock::now(), hasty});
        while (bytes_ > options_.queue_limit && !waiting_.empty()) {
            bytes_ -= waiting_.front().command.bytes().size();
            dropped.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
    }
    for (waiting& w : dropped)
        if (w.done) w.done(redis::error::dropped, {});
    flush();
}

// batches -------------------------------------------------------------------------------------
inline void redis_hub::submit_batch() {
    if (batch_.messages == 0 || std::exchange(collecting_, true)) return;
    ++batches_;
    connections_->commands.submit(std::make_unique<batch_command>(weak_from_this()));
}

inline void redis_hub::batch_ended() {
    std::lock_guard const lock(mutex_);
    --batches_;
    if (is_plain()) submit_batch();
}

HTTPHOOKS_DECL void redis_hub::publish(std::string_view command, std::string_view channel,
                                       std::string_view payload, std::weak_ptr<cluster_link> from) {
    constexpr std::size_t most_kept = 64 * 1024;
    constexpr std::size_t most_batches = 2;
    {
        std::lock_guard const lock(mutex_);
        if (is_plain()) {
            std::string_view const parts[] = {command, channel, payload};
            if (batch_.messages++ == 0) {
                batch_.bytes = httphooks::detail::take_string();
                batch_.since = clock::now();
            }
            redis::detail::append_command(batch_.bytes, parts);
            auto& all = batch_.from;
            bool const same = !all.empty() && !all.back().first.owner_before(from) &&
                              !from.owner_before(all.back().first);
            if (same)
                ++all.back().second;
            else
                all.emplace_back(std::move(from), 1);
            if (batches_ < most_batches || batch_.bytes.size() >= most_kept) submit_batch();
            return;
        }
    }
    send(
        {command, channel, payload},
        [from = std::move(from)](error_code ec, redis::value const&) {
            if (!ec) return;
            if (auto const link = from.lock()) link->lost();
        },
        false);
}

HTTPHOOKS_DECL void redis_hub::ask(redis::arguments command, handler done) {
    if (is_away()) return done(redis::error::not_connected, {});
    send(std::move(command), std::move(done), true);
}

HTTPHOOKS_DECL void redis_hub::ask(redis::transaction commands, handler done) {
    auto const c = both();
    if (!c || is_away()) return done(redis::error::not_connected, {});
    c->commands.async_transaction(std::move(commands), std::move(done));
}

}  // namespace httphooks::socketio::detail
