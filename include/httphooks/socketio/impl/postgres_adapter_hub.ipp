// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/postgres_adapter.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/postgres/connection.hpp>
#include <httphooks/postgres/connection_state.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/identifier.hpp>
#include <httphooks/postgres/notification.hpp>
#include <httphooks/postgres/options.hpp>
#include <httphooks/postgres/query.hpp>
#include <httphooks/postgres/query_result.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/websocket/detail/sha1.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// The channel of a namespace.
inline std::string postgres_channel(std::string_view prefix, std::string_view nsp) {
    std::string name(prefix);
    name.append("#").append(nsp);
    if (postgres::quote_identifier(name)) return name;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hashed = "sha1#";
    for (char const c : websocket::detail::sha1(name)) {
        auto const byte = static_cast<unsigned char>(c);
        hashed.push_back(digits[byte >> 4]);
        hashed.push_back(digits[byte & 15]);
    }
    return hashed;
}

/// The table's name, quoted. @throws boost::system::system_error it is none
inline std::string postgres_table(postgres_adapter_options const& o) {
    std::string name = o.table_name;
    if (name.empty()) {
        // as JavaScript counts characters: those beyond 16 bits are two
        for (char const c : o.channel_prefix) {
            auto const byte = static_cast<unsigned char>(c);
            bool const word = c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z');
            if (word)
                name.push_back(c);
            else if (byte < 0x80 || byte >= 0xc0)
                name.append(byte >= 0xf0 ? 2 : 1, '_');
        }
        name.append("_attachments");
        name.resize(std::min(name.size(), postgres::longest_identifier));
    }
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    std::string quoted;
    for (std::size_t at = 0; at <= name.size();) {
        std::size_t const end = std::min(name.find('.', at), name.size());
        auto const part = postgres::quote_identifier(std::string_view(name).substr(at, end - at));
        if (!part) throw boost::system::system_error(part.error(), name);
        if (!quoted.empty()) quoted.push_back('.');
        quoted.append(*part);
        at = end + 1;
    }
    return quoted;
}

/** What the namespaces of one server have in common: the connection, what waits for it, and what
    has come. Thread-safe; what has come is handled one thing after another. */
class postgres_hub final : public http::detail::timed {
public:
    postgres_hub(http::detail::home place, postgres::options o, postgres_adapter_options a,
                 std::string table)
        : home_(std::move(place)),
          options_(std::move(a)),
          table_(std::move(table)),
          threshold_(std::min<std::size_t>(options_.payload_threshold, 8'000)),
          where_(unbounded(std::move(o))),
          connection_(std::in_place, home_.executor(), where_) {}
    ~postgres_hub() override { home_.timers().leave(*this); }

    void open(std::weak_ptr<cluster_link> to);
    /// A namespace goes, unless another one of its name has come in its place.
    void close(std::string const& nsp, std::weak_ptr<cluster_link> const& link);
    void publish(cluster_message const& m);
    bool is_away() const {
        std::lock_guard const lock(mutex_);
        return !up_;
    }

    HTTPHOOKS_DECL void on_deadline() override;
    HTTPHOOKS_DECL void on_loop_end() noexcept override;

private:
    using time_point = std::chrono::steady_clock::time_point;
    using link_ptr = std::shared_ptr<cluster_link>;

    struct outgoing {
        std::weak_ptr<cluster_link> from;
        std::string channel;
        /// The notification; of a row, its beginning, behind which there is the row's number.
        std::string text;
        /// What is in the row; empty: there is none.
        std::string row;
        time_point since;
        /// Whether it was sent in vain.
        bool again = false;

        std::size_t size() const noexcept { return text.size() + row.size() + channel.size(); }
    };
    struct incoming {
        std::string channel;
        /// The message; of a row, its number.
        std::string text;
        bool row = false;
        /// Whether it can be handled.
        bool here = true;
    };

    /// What has come over one connection: handled on its executor, one after another.
    struct inbox {
        std::deque<incoming> arrived{};
        std::size_t bytes = 0;
        bool fetching = false;
    };
    using inbox_ptr = std::shared_ptr<inbox>;

    static postgres::options unbounded(postgres::options o) {
        o.queue_limit = std::numeric_limits<std::size_t>::max();  // few things wait there
        return o;
    }
    std::shared_ptr<postgres_hub> self() {
        return std::static_pointer_cast<postgres_hub>(shared_from_this());
    }
    std::optional<postgres::connection> connection() const {
        std::lock_guard const lock(mutex_);
        return connection_;
    }
    std::vector<link_ptr> links_of(std::string_view channel) const;
    std::vector<link_ptr> all_links() const;
    /// Tells the application, by one of the namespaces.
    inline void failed(error_code ec, char const* what) const;

    // the connection
    /// Behind the mutex.
    inline void attach();
    /// Closes it when no namespace is left, and everything has been sent. Behind the mutex.
    inline void close_when_done();
    inline void on_state(postgres::connection_state s, error_code why);
    inline void begin();
    inline void make_table();
    inline void up();

    // sending
    inline void pump();
    inline postgres::query statement(std::vector<outgoing>& batch);
    inline void sent(std::vector<outgoing> batch, error_code ec, postgres::query_result const& r);
    /// Takes the oldest message away. @return who has sent it
    inline std::weak_ptr<cluster_link> drop_first();
    static inline void tell(std::vector<std::weak_ptr<cluster_link>> const& lost);

    // receiving
    inline void on_notification(inbox_ptr const& in, postgres::notification const& n);
    inline void fetch(inbox_ptr const& in);
    inline void fetched(inbox_ptr const& in, std::size_t rows, error_code ec,
                        postgres::query_result const& r);
    inline void handle(inbox_ptr const& in);
    inline void pass_on(incoming const& m) const;

    http::detail::home const home_;
    postgres_adapter_options const options_;
    std::string const table_;
    std::size_t const threshold_;
    postgres::options const where_;

    mutable std::mutex mutex_{};
    std::optional<postgres::connection> connection_;
    /// Whether the connection tells the hub what happens.
    bool attached_ = false;
    bool ended_ = false;
    bool up_ = false;
    bool sending_ = false;
    std::map<std::string, std::weak_ptr<cluster_link>, std::less<>> links_{};
    /// The namespaces of each channel: one, but for accidents.
    std::map<std::string, std::set<std::string>, std::less<>> channels_{};
    std::deque<outgoing> queue_{};
    std::size_t queued_ = 0;
};

/// That of one namespace.
class postgres_transport final : public cluster_transport {
public:
    explicit postgres_transport(std::shared_ptr<postgres_hub> hub, std::string nsp)
        : hub_(std::move(hub)), nsp_(std::move(nsp)) {}

    void open(std::weak_ptr<cluster_link> to) override {
        link_ = to;
        hub_->open(std::move(to));
    }
    bool publish(cluster_message const& m) override {
        hub_->publish(m);
        return false;
    }
    bool is_away() const override { return hub_->is_away(); }
    void close() override { hub_->close(nsp_, link_); }

private:
    std::shared_ptr<postgres_hub> hub_;
    std::string nsp_;
    std::weak_ptr<cluster_link> link_{};
};

// the connection ------------------------------------------------------------------------------

inline void postgres_hub::attach() {
    if (ended_ || attached_) return;
    attached_ = true;
    if (!connection_) connection_.emplace(home_.executor(), where_);
    // the connection is the hub's: handlers do not keep it
    std::weak_ptr<postgres_hub> const weak = self();
    connection_->on_state([weak](postgres::connection_state s, error_code ec, std::string_view) {
        if (auto const hub = weak.lock()) hub->on_state(s, ec);
    });
    connection_->on_notification(
        [weak, in = std::make_shared<inbox>()](postgres::notification const& n) {
            if (auto const hub = weak.lock()) hub->on_notification(in, n);
        });
    home_.timers().enter(*this);
    if (options_.cleanup_interval.count() > 0)
        home_.timers().set(*this, httphooks::detail::deadline_after(options_.cleanup_interval,
                                                                    home_.timers().now()));
}

inline void postgres_hub::close_when_done() {
    if (!links_.empty() || sending_ || (up_ && !queue_.empty()) || !attached_) return;
    attached_ = up_ = false;
    queue_.clear();
    queued_ = 0;
    connection_.reset();
    home_.timers().leave(*this);
}

inline void postgres_hub::on_state(postgres::connection_state s, error_code why) {
    if (s == postgres::connection_state::connected) return begin();
    {
        std::lock_guard const lock(mutex_);
        up_ = false;
    }
    if (s == postgres::connection_state::away) failed(why, "PostgreSQL");
}

/// Looks for the table; answers need not wait for the disk.
inline void postgres_hub::begin() {
    auto const c = connection();
    if (!c) return;
    std::weak_ptr<postgres_hub> const weak = self();
    c->async_query({"SELECT to_regclass($1) IS NOT NULL, "
                    "set_config('synchronous_commit', 'off', false)",
                    table_},
                   [weak](error_code ec, postgres::query_result const& r) {
                       auto const hub = weak.lock();
                       if (!hub || ec == postgres::error::connection_lost) return;
                       if (ec) hub->failed(ec, "PostgreSQL: the table of attachments");
                       if (!ec && r.value(0, 0) == "f") return hub->make_table();
                       hub->up();
                   });
}

inline void postgres_hub::make_table() {
    auto const c = connection();
    if (!c) return;
    std::weak_ptr<postgres_hub> const weak = self();
    c->async_query("CREATE TABLE IF NOT EXISTS " + table_ +
                       " (id bigserial UNIQUE, created_at timestamptz DEFAULT now(), "
                       "payload bytea)",
                   [weak](error_code ec, postgres::query_result const& r) {
                       auto const hub = weak.lock();
                       if (!hub || ec == postgres::error::connection_lost) return;
                       // another server may have made it at the same time
                       bool const there = r.sqlstate() == "23505" || r.sqlstate() == "42P07";
                       if (ec && !there) hub->failed(ec, "PostgreSQL: the table of attachments");
                       hub->up();
                   });
}

inline void postgres_hub::up() {
    {
        std::lock_guard const lock(mutex_);
        if (!connection_ || !connection_->is_connected()) return;
        up_ = true;
    }
    pump();  // what has waited comes before what is said now
    for (auto const& link : all_links()) link->ready();
}

HTTPHOOKS_DECL void postgres_hub::open(std::weak_ptr<cluster_link> to) {
    auto const link = to.lock();
    if (!link) return;
    std::string const channel = postgres_channel(options_.channel_prefix, link->nsp());
    std::optional<postgres::connection> c;
    {
        std::lock_guard const lock(mutex_);
        attach();
        links_.insert_or_assign(link->nsp(), to);
        channels_[channel].insert(link->nsp());
        c = connection_;
        if (c) c->listen(channel);  // behind the mutex: in the order of what is wanted
    }
    if (!c) return;
    c->async_settle([weak = std::weak_ptr(self()), to](error_code ec) {
        auto const hub = weak.lock();
        auto const l = to.lock();
        if (!ec && hub && l && !hub->is_away()) l->ready();
    });
}

HTTPHOOKS_DECL void postgres_hub::close(std::string const& nsp,
                                        std::weak_ptr<cluster_link> const& link) {
    std::string const channel = postgres_channel(options_.channel_prefix, nsp);
    std::lock_guard const lock(mutex_);
    auto const own = links_.find(nsp);
    if (own == links_.end() || own->second.owner_before(link) || link.owner_before(own->second))
        return;
    links_.erase(own);
    if (auto const at = channels_.find(channel); at != channels_.end()) {
        at->second.erase(nsp);
        if (at->second.empty()) {
            channels_.erase(at);
            if (connection_) connection_->unlisten(channel);
        }
    }
    close_when_done();
}

inline std::vector<postgres_hub::link_ptr> postgres_hub::links_of(std::string_view channel) const {
    std::vector<link_ptr> all;
    std::lock_guard const lock(mutex_);
    if (auto const at = channels_.find(channel); at != channels_.end())
        for (std::string const& nsp : at->second)
            if (auto const l = links_.find(nsp); l != links_.end())
                if (auto link = l->second.lock()) all.push_back(std::move(link));
    return all;
}

inline std::vector<postgres_hub::link_ptr> postgres_hub::all_links() const {
    std::vector<link_ptr> all;
    std::lock_guard const lock(mutex_);
    for (auto const& [nsp, weak] : links_)
        if (auto link = weak.lock()) all.push_back(std::move(link));
    return all;
}

inline void postgres_hub::failed(error_code ec, char const* what) const {
    auto const all = all_links();
    if (!all.empty()) all.front()->failed(ec, what);
}

// time ----------------------------------------------------------------------------------------

HTTPHOOKS_DECL void postgres_hub::on_deadline() {
    auto const every = options_.cleanup_interval;
    std::optional<postgres::connection> c;
    {
        std::lock_guard const lock(mutex_);
        if (!attached_) return;
        home_.timers().set(*this, httphooks::detail::deadline_after(every, home_.timers().now()));
        if (!up_) return;
        c = connection_;
    }
    c->async_query({"DELETE FROM " + table_ +
                        " WHERE created_at < now() - $1::bigint * interval '1 millisecond'",
                    every.count()},
                   [weak = std::weak_ptr(self())](error_code ec, postgres::query_result const&) {
                       auto const hub = weak.lock();
                       if (hub && ec == postgres::error::query_failed)
                           hub->failed(ec, "PostgreSQL: the clean-up of attachments");
                   });
}

HTTPHOOKS_DECL void postgres_hub::on_loop_end() noexcept {
    std::optional<postgres::connection> last;
    std::lock_guard const lock(mutex_);
    last.swap(connection_);
    ended_ = true;
    attached_ = up_ = false;
    queue_.clear();
    queued_ = 0;
}

}  // namespace httphooks::socketio::detail
