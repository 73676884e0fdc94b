// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/subscriber_core.hpp>

#include <httphooks/detail/system/call_apart.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/detail/cluster_slots.hpp>
#include <httphooks/redis/detail/push_reader.hpp>
#include <httphooks/redis/detail/pushed_message.hpp>
#include <httphooks/redis/error.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::redis::detail {

/// A server, and what it has been asked.
class subscriber_core::node final : public link_owner {
public:
    node(subscriber_core& c, url address, bool primary)
        : core(c),
          connection(
              std::make_shared<link>(c.strand_, c.options_, std::move(address), primary, *this)) {}
    ~node() = default;

    bool unused() const noexcept { return held_ == 0 && asked_.empty(); }

    void on_up() override {
        {
            std::lock_guard const lock(core.mutex_);
            ++core.stats_.connections;
        }
        core.review_all();
        core.check_settled();
    }

    void on_slots(value const& slots) override {
        if (!slots.is_error())
            core.nodes_.learn(*this, slots, [this](url u) { return core.make_node(std::move(u)); });
    }

    bool takes_bytes() const noexcept override { return true; }
    std::size_t take(std::string_view bytes, bool& unfinished) override;
    reply_sink& sink() override { return said_; }

    void on_reply() override {
        if (said_.kind() == value_kind::error) return on_error();
        std::string_view const what = said_[0];
        if (what == "message" && said_.size() == 3)
            hear({subscription::channel, said_[1], {}, said_[2]});
        else if (what == "pmessage" && said_.size() == 4)
            hear({subscription::pattern, said_[2], said_[1], said_[3]});
        else if (what == "smessage" && said_.size() == 3)
            hear({subscription::shard, said_[1], {}, said_[2]});
        else if (what == "subscribe" || what == "psubscribe" || what == "ssubscribe")
            on_answer(what[0], true);
        else if (what == "unsubscribe" || what == "punsubscribe" || what == "sunsubscribe")
            on_answer(what[0], false);
        else if ((what == "pong" || what == "PONG") && !asked_.empty() && !asked_.front().about)
            asked_.pop_front();
        else
            connection->fail(error::bad_reply);
    }

    void on_room() override { send(); }

    void on_down(error_code ec) override {
        bool const concerned = core.nodes_.is_primary(*this) || !unused();
        asked_.clear();
        held_ = 0;
        out_.clear();
        for (auto& list : core.entries_)
            for (auto& [name, e] : list)
                if (e.where == this) {
                    e.asked = e.held = e.refused = false;
                    e.redirections = 0;
                }
        if (concerned) core.set_state(connection_state::away, ec);
        core.review_all();
    }

    bool on_silence() override {
        out_ += arguments("PING").bytes();
        asked_.push_back({nullptr, false});
        send();
        return true;
    }

    void ask(entry& e) {
        static constexpr std::string_view on[] = {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"};
        static constexpr std::string_view off[] = {"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"};
        auto const kind = static_cast<std::size_t>(e.kind);
        out_ += arguments(e.wanted ? on[kind] : off[kind], e.name).bytes();
        asked_.push_back({&e, e.wanted});
        e.asked = true;
        e.where = this;
    }

    void send() {
        if (!out_.empty() && connection->has_room()) connection->write(out_);
    }

    subscriber_core& core;
    std::shared_ptr<link> connection;

private:
    struct question {
        /// Null: PING.
        entry* about;
        bool subscribe;
    };

    void tell(message const& m) {
        // nobody else counts
        core.messages_.store(core.messages_.load(std::memory_order_relaxed) + 1,
                             std::memory_order_relaxed);
        if (core.on_message_)
            httphooks::detail::call_apart(core.strand_, [&] { core.on_message_(m); });
    }
    void hear(message const& m) {
        tell(m);
        said_.shrink();
    }

    void on_answer(char letter, bool subscribe) {
        subscription const kind = letter == 'p' ? subscription::pattern
                                  : said_[0].starts_with("ss") || said_[0].starts_with("sun")
                                      ? subscription::shard
                                      : subscription::channel;
        question const q = asked_.empty() ? question{nullptr, false} : asked_.front();
        if (q.about && q.about->kind == kind && q.about->name == said_[1] &&
            q.subscribe == subscribe) {
            asked_.pop_front();
            entry& e = *q.about;
            e.asked = false;
            e.redirections = 0;
            hold(e, subscribe);
            core.review(e);
        } else if (subscribe) {
            return connection->fail(error::bad_reply);
        } else if (entry* const e = core.find(kind, said_[1]); e && e->where == this && !e->asked) {
            hold(*e, false);  // its slot has gone to another node
            core.review(*e);
        }
        core.flush();
        core.check_settled();
    }

    void on_error() {
        if (asked_.empty()) return connection->fail(error::bad_reply);
        question const q = asked_.front();
        asked_.pop_front();
        if (!q.about) return;
        entry& e = *q.about;
        std::string_view const text = said_[0];
        e.asked = false;
        if (!q.subscribe) hold(e, false);
        if (text.starts_with("MOVED "))
            core.moved(*this, e, text);
        else if (text.starts_with("CLUSTERDOWN") || text.starts_with("TRYAGAIN") ||
                 text.starts_with("LOADING") || text.starts_with("MASTERDOWN"))
            core.ask_later();
        else if (q.subscribe)
            core.refuse(e, text);
        else
            core.review(e);
        core.flush();
        core.check_settled();
    }

    void hold(entry& e, bool held) {
        if (e.held != held) held_ += held ? 1 : std::size_t(-1);
        e.held = held;
    }

    push_reader said_{};
    std::deque<question> asked_{};
    std::size_t held_ = 0;
    std::string out_{};
};

inline std::size_t subscriber_core::node::take(std::string_view bytes, bool& unfinished) {
    // what is not within limits is for the sink, which says so
    if (core.options_.reply_elements < 5 || core.options_.reply_depth < 1) return 0;
    std::size_t const all = bytes.size();
    while (!bytes.empty()) {
        message m;
        std::size_t size = 0;
        pushed const what = read_pushed(bytes, m, size);
        unfinished = what == pushed::unfinished;
        if (what != pushed::message || size > core.options_.reply_limit) break;
        bytes.remove_prefix(size);
        tell(m);
    }
    return all - bytes.size();
}

/// Who waits until entries are settled.
class subscriber_core::waiter : public std::enable_shared_from_this<waiter> {
public:
    waiter(asio::any_io_executor strand, settle_handler done)
        : strand_(std::move(strand)), timer_(strand_), done_(std::move(done)) {}

    void wait(std::size_t entries, std::chrono::milliseconds most) {
        missing_ = entries;
        if (missing_ == 0) return end({});
        if (most.count() <= 0) return;
        timer_.expires_after(most);
        timer_.async_wait([weak = weak_from_this()](error_code ec) {
            auto const self = weak.lock();
            if (!ec && self) self->end(asio::error::timed_out);
        });
    }
    void one_settled() {
        if (--missing_ == 0) end({});
    }
    void end(error_code ec) {
        if (!done_) return;
        timer_.cancel();
        settle_handler done;
        done.swap(done_);
        auto const executor = asio::get_associated_executor(done, strand_);
        httphooks::detail::call_apart(
            strand_, [&] { asio::dispatch(executor, asio::append(std::move(done), ec)); });
    }

private:
    asio::any_io_executor strand_;
    httphooks::detail::timer timer_;
    settle_handler done_;
    std::size_t missing_ = 0;
};

HTTPHOOKS_DECL subscriber_core::subscriber_core(asio::any_io_executor const& executor, options o)
    : executor_(executor),
      strand_(asio::make_strand(executor)),
      options_(std::move(o)),
      nodes_(std::make_unique<node>(*this, address_of(options_), true)),
      later_(strand_),
      guard_(executor) {}

HTTPHOOKS_DECL subscriber_core::~subscriber_core() = default;

// ---- from any thread ----

HTTPHOOKS_DECL void subscriber_core::on_message(std::function<void(message const&)> f) {
    std::lock_guard const lock(mutex_);
    on_message_ = std::move(f);
}

HTTPHOOKS_DECL void subscriber_core::on_state(state_handler f) {
    std::lock_guard const lock(mutex_);
    on_state_ = std::move(f);
}

HTTPHOOKS_DECL void subscriber_core::on_refused(refused_handler f) {
    std::lock_guard const lock(mutex_);
    on_refused_ = std::move(f);
}

inline void subscriber_core::wake() {
    if (std::exchange(awake_, true)) return;
    asio::post(strand_, [self = shared_from_this()] { self->drain(); });
}

HTTPHOOKS_DECL void subscriber_core::want(subscription kind, std::string_view channel,
                                          bool wanted) {
    std::lock_guard const lock(mutex_);
    if (closing_) return;
    inbox_.push_back({kind, std::string(channel), wanted, {}});
    wake();
}

HTTPHOOKS_DECL void subscriber_core::settle(settle_handler done) {
    request r;
    r.who = std::make_shared<waiter>(strand_, std::move(done));
    std::lock_guard const lock(mutex_);
    inbox_.push_back(std::move(r));
    wake();
}

HTTPHOOKS_DECL void subscriber_core::close() {
    std::lock_guard const lock(mutex_);
    if (std::exchange(closing_, true)) return;
    wake();
}

HTTPHOOKS_DECL subscriber_stats subscriber_core::stats() const {
    std::lock_guard const lock(mutex_);
    subscriber_stats s = stats_;
    s.messages = messages_.load(std::memory_order_relaxed);
    return s;
}

// ---- on the strand ----

inline void subscriber_core::set_state(connection_state s, error_code why) {
    bool const same = state_.exchange(s, std::memory_order_acq_rel) == s;
    if (same && why == why_) return;
    why_ = why;
    if (on_state_) httphooks::detail::call_apart(strand_, [&] { on_state_(s, why); });
}

inline void subscriber_core::check_settled() {
    if (unsettled_.empty() && nodes_.primary().connection->up())
        set_state(connection_state::connected, {});
}

inline void subscriber_core::drain() {
    std::vector<request> taken;
    bool closing = false;
    {
        std::lock_guard const lock(mutex_);
        taken.swap(inbox_);
        awake_ = false;
        closing = closing_;
    }
    for (request const& r : taken) {
        if (closing && r.who)
            r.who->end(error::closed);
        else if (!closing)
            r.who ? wait_for(r.who) : apply(r);
    }
    if (closing) return shut();
    flush();
}

inline void subscriber_core::apply(request const& r) {
    entry* e = find(r.kind, r.name);
    if (!e) {
        if (!r.wanted) return;
        auto const at = all(r.kind).try_emplace(r.name).first;
        e = &at->second;
        e->kind = r.kind;
        e->name = at->first;
    }
    if (r.wanted && !e->wanted) e->refused = false;
    e->wanted = r.wanted;
    if (r.wanted && !nodes_.primary().connection->started()) {
        set_state(connection_state::connecting, {});
        nodes_.primary().connection->start();
    }
    review(*e);
}

inline subscriber_core::entry* subscriber_core::find(subscription kind, std::string_view name) {
    auto const at = all(kind).find(name);
    return at == all(kind).end() ? nullptr : &at->second;
}

inline subscriber_core::node* subscriber_core::route(entry const& e) const {
    if (e.held) return e.where;
    if (e.kind != subscription::shard) return &nodes_.primary();
    node* const right = nodes_.owner(e.name);
    if (right && !right->connection->troubled()) return right;
    node* const other = nodes_.any_up();  // which knows perhaps who has taken its place
    return other ? other : right;
}

inline void subscriber_core::review(entry& e) {
    if (!e.settled()) {
        unsettled_.insert(&e);
        if (e.asked) return;
        node* const n = route(e);
        if (n && n->connection->up()) n->ask(e);
        return;
    }
    unsettled_.erase(&e);
    for (auto const& w : std::exchange(e.waiters, {})) w->one_settled();
    if (!e.wanted && !e.held) all(e.kind).erase(all(e.kind).find(e.name));
}

inline void subscriber_core::review_all() {
    std::vector<entry*> list;
    for (auto& some : entries_)
        for (auto& [name, e] : some) list.push_back(&e);
    for (entry* const e : list) review(*e);
    flush();
}

inline void subscriber_core::flush() {
    nodes_.for_each([](node& n) { n.send(); });
}

inline void subscriber_core::refuse(entry& e, std::string_view text) {
    e.refused = true;
    {
        std::lock_guard const lock(mutex_);
        ++stats_.refused;
    }
    if (on_refused_)
        httphooks::detail::call_apart(strand_, [&] { on_refused_(e.kind, e.name, text); });
    review(e);
}

inline void subscriber_core::moved(node& from, entry& e, std::string_view text) {
    auto const to = read_redirection(text);
    node* const target =
        to ? nodes_.find(from, to->node, [this](url u) { return make_node(std::move(u)); })
           : nullptr;
    if (!target || ++e.redirections > most_redirections) return refuse(e, text);
    nodes_.move_slot(to->slot, *target);
    // if it is not there, it is asked when it is, or somebody else when it has failed to be
    if (target->connection->up()) review(e);
}

inline void subscriber_core::ask_later() {
    constexpr std::chrono::milliseconds pause(250);
    if (std::exchange(later_set_, true)) return;
    later_.expires_after(pause);
    later_.async_wait([weak = weak_from_this()](error_code ec) {
        auto const self = weak.lock();
        if (ec || !self) return;
        self->later_set_ = false;
        self->review_all();
    });
}

inline std::unique_ptr<subscriber_core::node> subscriber_core::make_node(url address) {
    return std::make_unique<node>(*this, std::move(address), false);
}

inline void subscriber_core::wait_for(std::shared_ptr<waiter> const& who) {
    for (entry* const e : unsettled_) e->waiters.push_back(who);
    who->wait(unsettled_.size(), options_.command_timeout);
}

inline void subscriber_core::shut() {
    if (state() == connection_state::closed) return;
    later_.cancel();
    nodes_.for_each([](node& n) { n.connection->close(); });
    for (entry* const e : std::exchange(unsettled_, {}))
        for (auto const& w : std::exchange(e->waiters, {})) w->end(error::closed);
    for (auto& list : entries_) list.clear();
    set_state(connection_state::closed, {});
    on_message_ = {};
    on_state_ = {};
    on_refused_ = {};
}

}  // namespace httphooks::redis::detail
