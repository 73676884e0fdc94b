// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/connection_core.hpp>

#include <httphooks/detail/system/call_apart.hpp>
#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace httphooks::redis::detail {

/// A server: what waits for it, and what it has to answer.
class connection_core::node final : public link_owner {
public:
    node(connection_core& c, url address, bool primary)
        : core(c),
          connection(
              std::make_shared<link>(c.strand_, c.options_, std::move(address), primary, *this)) {}
    ~node() = default;

    void on_up() override {
        {
            std::lock_guard const lock(core.mutex_);
            ++core.stats_.connections;
        }
        if (core.nodes_.is_primary(*this)) core.set_state(connection_state::connected, {});
        core.flush();
    }

    void on_slots(value const& slots) override {
        if (!slots.is_error()) core.learn(*this, slots);
    }

    reply_sink& sink() override { return builder; }

    void on_reply() override {
        if (sent.empty()) return connection->fail(error::bad_reply);
        command& first = *sent.front();
        if (first.missing > 1 && !builder.is_error()) {
            --first.missing;
            return;
        }
        value reply = builder.take();
        if (reply.is_error()) ++first.errors;
        if (reply.is_error() && first.redirection.empty() && read_redirection(reply.text())) {
            if (first.separate)
                core.note_moved(*this, reply.text());
            else
                first.redirection = reply.text();
        }
        if (--first.missing != 0) return;
        command_ptr c = std::move(sent.front());
        sent.pop_front();
        if (!c->redirection.empty() && core.redirect(*this, c)) return;
        error_code const ec = reply.is_error() ? make_error_code(error::error_reply) : error_code();
        core.complete(std::move(c), ec, std::move(reply));
    }

    void on_room() override { send(); }

    void on_down(error_code ec) override {
        auto const now = core.timer_.now();
        auto lost = std::exchange(sent, {});
        {
            std::lock_guard const lock(core.mutex_);
            core.stats_.lost += lost.size();
        }
        if (core.nodes_.is_primary(*this)) core.set_state(connection_state::away, ec);
        // the reply that could not be read was that to the first
        bool unreadable = ec == error::bad_reply || ec == error::reply_limit;
        for (auto& c : lost) {
            error_code const why =
                std::exchange(unreadable, false) ? ec : make_error_code(error::connection_lost);
            bool const late = c->deadline <= now;
            core.complete(std::move(c), late ? asio::error::timed_out : why, {});
        }
        for (auto& c : std::exchange(waiting, {})) {
            if (c->hasty || core.options_.queue_limit == 0)
                core.give_up(std::move(c), error::not_connected);
            else
                waiting.push_back(std::move(c));
        }
        if (core.nodes_.is_cluster()) core.flush();
    }

    bool on_silence() override;
    bool unused() const noexcept { return waiting.empty() && sent.empty(); }

    /// Sends what waits, in one write.
    void send() {
        if (waiting.empty() || !connection->has_room()) return;
        std::size_t bytes = 0;
        for (command_ptr& c : waiting) {
            bytes += c->bytes.size();
            if (c->asking) out += "*1\r\n$6\r\nASKING\r\n";
            if (out.empty() && c->separate)
                out.swap(c->bytes);  // nobody asks for them again
            else
                out += c->bytes;
            c->missing = c->replies + (c->asking ? 1 : 0);
            sent.push_back(std::move(c));
        }
        {
            std::lock_guard const lock(core.mutex_);
            core.queued_ -= bytes;
            core.stats_.sent += waiting.size();
        }
        waiting.clear();
        connection->write(out);
    }

    connection_core& core;
    std::shared_ptr<link> connection;
    value_builder builder{};
    std::deque<command_ptr> waiting{};
    std::deque<command_ptr> sent{};
    std::string out{};
};

/// A command of the core's own.
class connection_core::own_command final : public command {
public:
    using handler = std::function<void(error_code, value const&)>;

    own_command(arguments a, handler done)
        : command(std::move(a).bytes(), 1), done_(std::move(done)) {
        deadline = std::chrono::steady_clock::time_point::max();
        hasty = stays = true;
    }
    void complete(error_code ec, value reply) override {
        if (done_) done_(ec, reply);
    }

private:
    handler done_;
};

inline bool connection_core::node::on_silence() {
    // a command that blocks has not been answered either; its deadline says whether that is good
    if (!sent.empty() || !waiting.empty()) return false;
    core.enqueue(*this, std::make_unique<own_command>(arguments("PING"), own_command::handler()));
    return true;
}

HTTPHOOKS_DECL connection_core::connection_core(asio::any_io_executor const& executor, options o)
    : executor_(executor),
      strand_(asio::make_strand(executor)),
      options_(std::move(o)),
      nodes_(std::make_unique<node>(*this, address_of(options_), true)),
      timer_(strand_),
      guard_(executor) {}

HTTPHOOKS_DECL connection_core::~connection_core() = default;

// ---- from any thread ----

inline void connection_core::wake() {
    if (std::exchange(awake_, true)) return;
    asio::post(strand_, [self = shared_from_this()] { self->drain(); });
}

HTTPHOOKS_DECL void connection_core::submit(command_ptr c) {
    auto const timeout = options_.command_timeout;
    c->deadline = timeout.count() > 0 ? httphooks::detail::deadline_after(timeout, timer_.now())
                                      : std::chrono::steady_clock::time_point::max();
    std::size_t const size = c->bytes.size();
    std::lock_guard const lock(mutex_);
    if (closing_)
        c->refused = error::closed;
    else if (options_.queue_limit == 0 && state() != connection_state::connected)
        c->refused = error::not_connected;
    else if (options_.queue_full == queue_policy::fail && queued_ > 0 &&
             queued_ + size > queue_limit())
        c->refused = error::queue_full;
    if (!c->refused) queued_ += size;
    inbox_.push_back(std::move(c));
    wake();
}

HTTPHOOKS_DECL void connection_core::connect() {
    std::lock_guard const lock(mutex_);
    wanted_ = true;
    wake();
}

HTTPHOOKS_DECL void connection_core::close() {
    std::lock_guard const lock(mutex_);
    if (std::exchange(closing_, true)) return;
    wake();
}

HTTPHOOKS_DECL void connection_core::on_state(std::function<void(connection_state, error_code)> f) {
    std::lock_guard const lock(mutex_);
    on_state_ = std::move(f);
}

HTTPHOOKS_DECL connection_stats connection_core::stats() const {
    std::lock_guard const lock(mutex_);
    connection_stats s = stats_;
    s.queued = queued_;
    return s;
}

// ---- on the strand ----

inline void connection_core::set_state(connection_state s, error_code why) {
    bool const same = state_.exchange(s, std::memory_order_acq_rel) == s;
    if (same && why == why_) return;
    why_ = why;
    std::function<void(connection_state, error_code)> tell;
    {
        std::lock_guard const lock(mutex_);
        tell = on_state_;
    }
    if (tell) httphooks::detail::call_apart(strand_, [&] { tell(s, why); });
}

inline void connection_core::drain() {
    std::deque<command_ptr> taken;
    bool closing = false;
    bool wanted = false;
    {
        std::lock_guard const lock(mutex_);
        taken.swap(inbox_);
        awake_ = false;
        closing = closing_;
        wanted = wanted_ || !taken.empty();
    }
    bool const closed = state() == connection_state::closed;
    if (wanted && !closing && !nodes_.primary().connection->started()) {
        set_state(connection_state::connecting, {});
        nodes_.primary().connection->start();
    }
    for (command_ptr& c : taken) {
        std::size_t const before = c->bytes.size();
        c->prepare();
        if (!c->refused && c->bytes.size() != before) {
            std::lock_guard const lock(mutex_);
            queued_ += c->bytes.size() - before;
        }
        if (c->replies == 0) {
            complete(std::move(c), {}, {});
            continue;
        }
        if (c->refused || closed) {
            error_code const ec = c->refused ? c->refused : make_error_code(error::closed);
            give_up(std::move(c), ec);
            continue;
        }
        if (c->hasty && state() != connection_state::connected) {
            give_up(std::move(c), error::not_connected);
            continue;
        }
        watch(c->deadline);
        route(*c).waiting.push_back(std::move(c));
    }
    flush();
    if (closing) return shut();
    shed();
}

inline void connection_core::give_up(command_ptr c, error_code ec) {
    {
        std::lock_guard const lock(mutex_);
        ++stats_.dropped;
        if (!c->refused) queued_ -= c->bytes.size();
    }
    complete(std::move(c), ec, {});
}

inline void connection_core::complete(command_ptr c, error_code ec, value reply) {
    httphooks::detail::call_apart(strand_, [&] { c->complete(ec, std::move(reply)); });
}

inline void connection_core::flush() {
    nodes_.for_each([](node& n) { n.send(); });
}

inline void connection_core::shed() {
    if (options_.queue_full == queue_policy::fail) return;
    for (;;) {
        {
            std::lock_guard const lock(mutex_);
            if (queued_ <= queue_limit()) return;
        }
        node* oldest = nullptr;
        std::size_t waiting = 0;
        nodes_.for_each([&](node& n) {
            waiting += n.waiting.size();
            if (n.waiting.empty()) return;
            if (!oldest || n.waiting.front()->deadline < oldest->waiting.front()->deadline)
                oldest = &n;
        });
        if (waiting < 2) return;  // one of any size may wait
        command_ptr c = std::move(oldest->waiting.front());
        oldest->waiting.pop_front();
        give_up(std::move(c), error::dropped);
    }
}

inline void connection_core::shut() {
    if (state() == connection_state::closed) return;
    timer_.cancel();
    nodes_.for_each([](node& n) { n.connection->close(); });
    nodes_.for_each([this](node& n) {
        auto sent = std::exchange(n.sent, {});
        {
            std::lock_guard const lock(mutex_);
            stats_.lost += sent.size();
        }
        for (auto& c : sent) complete(std::move(c), error::closed, {});
        for (auto& c : std::exchange(n.waiting, {})) give_up(std::move(c), error::closed);
    });
    set_state(connection_state::closed, {});
    std::lock_guard const lock(mutex_);
    on_state_ = {};
}

inline void connection_core::watch(std::chrono::steady_clock::time_point deadline) {
    if (watching_ || deadline == std::chrono::steady_clock::time_point::max()) return;
    watching_ = true;
    timer_.expires_at(deadline);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
        auto const self = weak.lock();
        if (!ec && self) self->on_deadline();
    });
}

inline void connection_core::on_deadline() {
    watching_ = false;
    auto const now = timer_.now();
    auto next = std::chrono::steady_clock::time_point::max();
    std::multimap<std::chrono::steady_clock::time_point, command_ptr> late;
    std::vector<std::shared_ptr<link>> stuck;
    nodes_.for_each([&](node& n) {
        // all of them: redirected ones are behind younger ones, the core's own have no deadline
        for (command_ptr& c : std::exchange(n.waiting, {})) {
            if (c->deadline <= now) {
                auto const deadline = c->deadline;
                late.emplace(deadline, std::move(c));
            } else {
                next = std::min(next, c->deadline);
                n.waiting.push_back(std::move(c));
            }
        }
        auto first = std::chrono::steady_clock::time_point::max();
        for (command_ptr const& c : n.sent) first = std::min(first, c->deadline);
        if (first <= now) stuck.push_back(n.connection);
        next = std::min(next, first);
    });
    for (auto& [deadline, c] : late) give_up(std::move(c), asio::error::timed_out);
    for (auto const& l : stuck) l->fail(asio::error::timed_out);
    watch(std::max(next, now + std::chrono::milliseconds(1)));
}

// ---- clusters ----

inline connection_core::node& connection_core::route(command const& c) {
    if (!nodes_.is_cluster()) return nodes_.primary();
    auto const key = key_of(c.bytes);
    node* const right = key ? nodes_.owner(*key) : &nodes_.primary();
    if (right && !right->connection->troubled()) return *right;
    node* const other = nodes_.any_up();
    return other ? *other : right ? *right : nodes_.primary();
}

inline std::unique_ptr<connection_core::node> connection_core::make_node(url address) {
    return std::make_unique<node>(*this, std::move(address), false);
}

inline bool connection_core::redirect(node& from, command_ptr& c) {
    auto const to = read_redirection(c->redirection);
    node* const target =
        to ? nodes_.find(from, to->node, [this](url u) { return make_node(std::move(u)); })
           : nullptr;
    if (!target) return false;
    if (++c->redirections > most_redirections) {
        complete(std::move(c), error::redirection_limit, {});
        return true;
    }
    if (!to->ask) {
        nodes_.move_slot(to->slot, *target);
        cluster_.store(true, std::memory_order_release);
    }
    c->asking = to->ask;
    c->redirection.clear();
    enqueue(*target, std::move(c));
    if (!to->ask) ask_for_slots(from);
    return true;
}

inline void connection_core::note_moved(node& from, std::string_view text) {
    auto const to = read_redirection(text);
    node* const target =
        to ? nodes_.find(from, to->node, [this](url u) { return make_node(std::move(u)); })
           : nullptr;
    if (!target || to->ask) return;
    nodes_.move_slot(to->slot, *target);
    cluster_.store(true, std::memory_order_release);
    ask_for_slots(from);
}

inline void connection_core::enqueue(node& n, command_ptr c) {
    {
        std::lock_guard const lock(mutex_);
        queued_ += c->bytes.size();
    }
    n.waiting.push_back(std::move(c));
    n.send();
}

inline void connection_core::ask_for_slots(node& from) {
    constexpr std::chrono::seconds pause(1);
    auto const now = timer_.now();
    if (now < slots_asked_ + pause) return;
    slots_asked_ = now;
    enqueue(from,
            std::make_unique<own_command>(arguments("CLUSTER", "SLOTS"),
                                          [this, asked = &from](error_code ec, value const& slots) {
                                              if (!ec) learn(*asked, slots);
                                          }));
}

inline void connection_core::learn(node& from, value const& slots) {
    bool const learnt =
        nodes_.learn(from, slots, [this](url u) { return make_node(std::move(u)); });
    cluster_.store(nodes_.is_cluster(), std::memory_order_release);
    if (!learnt) return;
    // what waits may be for another node by now
    std::deque<command_ptr> again;
    nodes_.for_each([&](node& n) {
        for (command_ptr& c : std::exchange(n.waiting, {}))
            (c->asking || c->stays ? n.waiting : again).push_back(std::move(c));
    });
    for (command_ptr& c : again) route(*c).waiting.push_back(std::move(c));
    flush();
}

}  // namespace httphooks::redis::detail
