// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/connection.hpp>

#include <httphooks/detail/system/call_apart.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/error.hpp>
#include <httphooks/postgres/connection_state.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/identifier.hpp>
#include <httphooks/postgres/notification.hpp>
#include <httphooks/postgres/options.hpp>
#include <httphooks/postgres/query.hpp>
#include <httphooks/postgres/query_result.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::postgres::detail {

struct free_pg {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
    void operator()(PGresult* r) const noexcept { PQclear(r); }
    void operator()(PGnotify* n) const noexcept { PQfreemem(n); }
    void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
    void operator()(char* text) const noexcept { PQfreemem(text); }
};

template <class T>
using pg_ptr = std::unique_ptr<T, free_pg>;

/// Copies what libpq has.
class result_reader {
public:
    static query_result read(PGresult const* from) {
        query_result r;
        int const columns = PQnfields(from);
        int const rows = PQntuples(from);
        for (int c = 0; c < columns; ++c) r.names_.emplace_back(PQfname(from, c));
        r.cells_.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
        for (int row = 0; row < rows; ++row)
            for (int c = 0; c < columns; ++c) {
                auto const size = static_cast<std::size_t>(PQgetlength(from, row, c));
                r.cells_.push_back({r.text_.size(), size, PQgetisnull(from, row, c) != 0});
                r.text_.append(PQgetvalue(from, row, c), size);
            }
        std::string_view const affected = PQcmdTuples(const_cast<PGresult*>(from));
        std::from_chars(affected.data(), affected.data() + affected.size(), r.affected_);
        r.message_ = field_of(from, PG_DIAG_MESSAGE_PRIMARY);
        r.sqlstate_ = field_of(from, PG_DIAG_SQLSTATE);
        return r;
    }

    static query_result failure(std::string text) {
        query_result r;
        r.message_ = std::move(text);
        return r;
    }

    static std::string_view field_of(PGresult const* from, int which) {
        char const* const text = PQresultErrorField(from, which);
        return text ? std::string_view(text) : std::string_view();
    }
};

/// What waits for its turn.
class queued_query {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// What it is for.
    enum class kind : std::uint8_t { query, settle, listen, health };

    queued_query(kind k, query q) : what(k), statement(std::move(q)) {}

    kind what;
    query statement;
    time_point deadline = time_point::max();
    /// Empty for what the connection asks for itself.
    asio::any_completion_handler<void(error_code, query_result)> handler{};
    /// That of a wait for what was listened to.
    asio::any_completion_handler<void(error_code)> settled{};
    /// Keeps the handler's executor running.
    asio::any_completion_executor work{};
};

using queued_ptr = std::unique_ptr<queued_query>;

/** A connection. All members but those that say so are called on its strand. */
class connection_core final : public std::enable_shared_from_this<connection_core> {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using state_handler = std::function<void(connection_state, error_code, std::string_view)>;
    using notification_handler = std::function<void(notification const&)>;

    connection_core(asio::any_io_executor const& executor, options o)
        : executor_(executor),
          strand_(asio::make_strand(executor)),
          options_(std::move(o)),
          settings_(parse(options_.conninfo)),
          resolver_(strand_),
          socket_(strand_),
          link_timer_(strand_),
          query_timer_(strand_),
          guard_(executor) {}
    ~connection_core() { disconnect(); }

    // from any thread

    asio::any_io_executor const& executor() const noexcept { return executor_; }
    connection_state state() const noexcept { return state_.load(std::memory_order_acquire); }
    connection_stats stats() const noexcept;

    /// Calls `f(core)` later, on the strand.
    template <class F>
    void later(F f) {
        asio::post(strand_, [self = shared_from_this(), f = std::move(f)]() mutable { f(*self); });
    }

    /// Has a handler called with what comes of it.
    template <class Handler>
    queued_ptr prepare(queued_ptr q, Handler queued_query::*where, Handler handler) {
        asio::any_completion_executor const work = asio::get_associated_executor(handler, strand_);
        q->work = asio::prefer(work, asio::execution::outstanding_work.tracked);
        ((*q).*where).swap(handler);
        if (options_.query_timeout.count() > 0)
            q->deadline =
                httphooks::detail::deadline_after(options_.query_timeout, link_timer_.now());
        return q;
    }

    // on the strand

    inline void add(queued_ptr q);
    inline void want(std::string channel, bool wanted);
    inline void start();
    inline void close();

    state_handler on_state{};
    notification_handler on_notification{};

private:
    using setting = std::pair<std::string, std::string>;

    struct counters {
        std::atomic<std::uint64_t> sent{0}, dropped{0}, lost{0}, notifications{0}, connections{0},
            queued{0};
    };

    static inline std::vector<setting> parse(std::string const& conninfo);
    std::string const* setting_of(std::string_view key) const noexcept {
        for (auto const& [name, value] : settings_)
            if (name == key) return &value;
        return nullptr;
    }

    bool closed() const noexcept { return state() == connection_state::closed; }
    inline void set_state(connection_state s, error_code why = {}, std::string_view text = {});

    // opening
    inline void attempt();
    inline void resolve(std::size_t at);
    inline void open();
    inline void wait_to_poll(bool write);
    inline void poll();
    inline void established();
    inline void disconnect() noexcept;
    inline void lost(error_code why, std::string text);
    /// What libpq says of the connection.
    std::string said() const { return conn_ ? PQerrorMessage(conn_.get()) : ""; }

    // while it is open
    inline void wait_for_input();
    inline void wait_for_room();
    inline void on_input();
    inline bool take_input();
    inline void read_notifications();
    /// @return whether the connection is still the same
    inline bool read_results();
    inline bool finish_current();
    inline void next();
    inline bool send(queued_ptr q);
    inline queued_ptr changes();
    inline void flush();

    // time
    inline void arm_link(time_point at);
    inline void on_link_timer();
    inline void look_after();
    inline void arm_queries();
    inline void on_query_timer();

    /// Bytes that may wait; without a queue, what may wait for its turn.
    std::size_t queue_limit() const noexcept {
        return options_.queue_limit != 0 ? options_.queue_limit : 1024 * 1024;
    }
    inline void end(queued_ptr q, error_code ec, query_result r = {});
    inline queued_ptr take_first();

    asio::any_io_executor const executor_;
    asio::strand<asio::any_io_executor> const strand_;
    options const options_;
    std::vector<setting> const settings_;
    std::atomic<connection_state> state_{connection_state::idle};
    counters count_{};

    asio::ip::tcp::resolver resolver_;
    pg_ptr<PGconn> conn_{};
    /// libpq's socket, which it closes.
    asio::posix::stream_descriptor socket_;
    httphooks::detail::timer link_timer_;
    httphooks::detail::timer query_timer_;
    enum class phase : std::uint8_t { opening, up, waiting };
    /// What the timer of the connection is for.
    phase phase_ = phase::waiting;
    /// Tells handlers of an earlier connection, or attempt, from those of this one.
    std::uint64_t epoch_ = 0;
    std::uint64_t armed_ = 0;
    bool opened_ = false;
    bool waits_for_room_ = false;
    unsigned failures_ = 0;
    error_code told_{};
    time_point heard_{};
    time_point queries_armed_ = time_point::max();
    /// The hosts that were looked up: names, addresses and ports, with commas between.
    std::string hosts_{}, addresses_{}, ports_{};
    std::size_t looked_up_ = 0;

    queued_ptr current_{};
    pg_ptr<PGresult> result_{};
    std::deque<queued_ptr> queue_{};
    std::size_t waiting_ = 0;
    /// Whether the server was not yet told of all channels since the connection is open.
    bool catching_up_ = false;
    std::set<std::string, std::less<>> wanted_{};
    std::set<std::string, std::less<>> known_{};
    /// Those that the server is perhaps to be told of.
    std::set<std::string, std::less<>> changed_{};
    /// Those that it is being told of.
    std::vector<std::pair<std::string, bool>> telling_{};
    httphooks::detail::context_guard guard_;
};

// ---------------------------------------------------------------------------------------------

inline std::vector<connection_core::setting> connection_core::parse(std::string const& conninfo) {
    char* why = nullptr;
    bool const good = conninfo.find('\0') == std::string::npos;
    pg_ptr<PQconninfoOption> const all(good ? PQconninfoParse(conninfo.c_str(), &why) : nullptr);
    pg_ptr<char> const text(why);
    if (!all)
        throw boost::system::system_error(make_error_code(error::invalid_conninfo),
                                          text ? text.get() : "");
    std::vector<setting> given;
    for (PQconninfoOption const* o = all.get(); o->keyword; ++o)
        if (o->val) given.emplace_back(o->keyword, o->val);
    return given;
}

inline connection_stats connection_core::stats() const noexcept {
    auto const get = [](auto const& n) { return n.load(std::memory_order_relaxed); };
    return {get(count_.sent),          get(count_.dropped),     get(count_.lost),
            get(count_.notifications), get(count_.connections), get(count_.queued)};
}

inline void connection_core::set_state(connection_state s, error_code why, std::string_view text) {
    bool const same = state() == s && told_ == why;
    state_.store(s, std::memory_order_release);
    told_ = why;
    if (same || !on_state) return;
    httphooks::detail::call_apart(strand_, [&] { on_state(s, why, text); });
}

}  // namespace httphooks::postgres::detail
