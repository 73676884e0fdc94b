// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/connection.hpp>

#include <httphooks/detail/system/call_apart.hpp>
#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/error.hpp>
#include <httphooks/postgres/connection_state.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/identifier.hpp>
#include <httphooks/postgres/impl/connection_core.ipp>
#include <httphooks/postgres/query.hpp>
#include <httphooks/postgres/query_result.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::postgres::detail {

// ---- while it is open -----------------------------------------------------------------------

inline void connection_core::wait_for_input() {
    socket_.async_wait(socket_.wait_read, [self = shared_from_this(), mine = epoch_](error_code) {
        if (self->epoch_ != mine) return;
        self->on_input();
        if (self->epoch_ == mine) self->wait_for_input();
    });
}

inline void connection_core::wait_for_room() {
    if (std::exchange(waits_for_room_, true)) return;
    socket_.async_wait(socket_.wait_write, [self = shared_from_this(), mine = epoch_](error_code) {
        if (self->epoch_ != mine) return;
        self->waits_for_room_ = false;
        self->flush();
        self->take_input();  // libpq reads, too, when it cannot write
    });
}

inline void connection_core::flush() {
    // an error shows when it is read from
    if (PQflush(conn_.get()) == 1) wait_for_room();
}

inline void connection_core::on_input() {
    heard_ = link_timer_.now();
    bool const good = PQconsumeInput(conn_.get()) == 1;
    if (!take_input()) return;
    if (!good || PQstatus(conn_.get()) == CONNECTION_BAD)
        return lost(make_error_code(error::connection_lost), said());
    flush();
}

/// Hands on what libpq has read. @return whether the connection is still the same
inline bool connection_core::take_input() {
    auto const mine = epoch_;
    read_notifications();
    if (epoch_ != mine || !read_results() || epoch_ != mine) return false;
    read_notifications();  // those that have come behind a result
    return epoch_ == mine;
}

inline void connection_core::read_notifications() {
    while (pg_ptr<PGnotify> const n{PQnotifies(conn_.get())}) {
        count_.notifications.fetch_add(1, std::memory_order_relaxed);
        if (!on_notification) continue;
        httphooks::detail::call_apart(strand_, [&] {
            on_notification({n->relname, n->extra ? n->extra : "", n->be_pid});
        });
    }
}

inline bool connection_core::read_results() {
    while (current_ && PQisBusy(conn_.get()) == 0) {
        pg_ptr<PGresult> r(PQgetResult(conn_.get()));
        if (!r) {
            if (!finish_current()) return false;
            continue;
        }
        switch (PQresultStatus(r.get())) {
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH:
                lost(make_error_code(error::copy_not_supported), "COPY");
                return false;
            default:
                result_ = std::move(r);
        }
    }
    return true;
}

inline bool connection_core::finish_current() {
    pg_ptr<PGresult> const r = std::move(result_);
    auto const status = r ? PQresultStatus(r.get()) : PGRES_FATAL_ERROR;
    bool const good =
        status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
    std::string_view const severity =
        r ? result_reader::field_of(r.get(), PG_DIAG_SEVERITY_NONLOCALIZED) : "FATAL";
    std::string text = good || !r ? std::string() : PQresultErrorMessage(r.get());
    if (!good && (severity == "FATAL" || severity == "PANIC" || severity.empty() ||
                  PQstatus(conn_.get()) == CONNECTION_BAD)) {
        lost(make_error_code(error::connection_lost), std::move(text));
        return false;
    }
    queued_ptr q = std::move(current_);
    if (q->what == queued_query::kind::listen) {
        if (!good) {
            lost(make_error_code(error::refused), std::move(text));
            return false;
        }
        for (auto& [channel, on] : telling_) {
            if (on)
                known_.insert(std::move(channel));
            else
                known_.erase(channel);
        }
        telling_.clear();
    } else {
        end(std::move(q), good ? error_code() : make_error_code(error::query_failed),
            r ? result_reader::read(r.get()) : query_result());
    }
    auto const mine = epoch_;
    next();
    return epoch_ == mine;
}

/// What the server is to be told of channels, some at a time; null: nothing.
inline queued_ptr connection_core::changes() {
    std::string sql;
    while (!changed_.empty() && telling_.size() < 256) {
        std::string channel = std::move(changed_.extract(changed_.begin()).value());
        bool const on = wanted_.contains(channel);
        if (on == known_.contains(channel)) continue;
        sql.append(on ? "LISTEN " : "UNLISTEN ").append(*quote_identifier(channel)).append(";");
        telling_.emplace_back(std::move(channel), on);
    }
    if (sql.empty()) return nullptr;
    auto q = std::make_unique<queued_query>(queued_query::kind::listen, query(sql));
    if (options_.query_timeout.count() > 0)
        q->deadline = httphooks::detail::deadline_after(options_.query_timeout, link_timer_.now());
    return q;
}

inline void connection_core::next() {
    if (!opened_ || current_) return;
    if (queued_ptr q = changes()) {
        send(std::move(q));
        return;
    }
    if (catching_up_) {
        catching_up_ = false;
        failures_ = 0;
        phase_ = phase::up;
        count_.connections.fetch_add(1, std::memory_order_relaxed);
        if (options_.health_check_interval.count() > 0)
            arm_link(httphooks::detail::deadline_after(options_.health_check_interval, heard_));
        else
            ++armed_;
        set_state(connection_state::connected);
    }
    while (!queue_.empty() && !current_) {
        queued_ptr q = take_first();
        if (q->what == queued_query::kind::settle)
            end(std::move(q), {});
        else if (!send(std::move(q)))
            return;
    }
}

/// @return whether the connection is still the same
inline bool connection_core::send(queued_ptr q) {
    current_ = std::move(q);
    query const& e = current_->statement;
    int good = 0;
    if (current_->what == queued_query::kind::listen) {
        good = PQsendQuery(conn_.get(), e.sql().c_str());
    } else {
        std::vector<char const*> values;
        std::vector<int> sizes, binary;
        for (auto const& p : e.values()) {
            values.push_back(p.null ? nullptr : p.bytes.c_str());
            sizes.push_back(static_cast<int>(p.bytes.size()));
            binary.push_back(p.binary ? 1 : 0);
        }
        good = PQsendQueryParams(conn_.get(), e.sql().c_str(), static_cast<int>(values.size()),
                                 nullptr, values.data(), sizes.data(), binary.data(), 0);
    }
    if (current_->what == queued_query::kind::query)
        count_.sent.fetch_add(1, std::memory_order_relaxed);
    if (good == 1) {
        flush();
        arm_queries();
        return true;
    }
    if (PQstatus(conn_.get()) != CONNECTION_BAD) {  // libpq itself does not take it
        query_result r = result_reader::failure(said());
        end(std::move(current_), make_error_code(error::query_failed), std::move(r));
        return true;
    }
    lost(make_error_code(error::connection_lost), said());
    return false;
}

// ---- the queue ------------------------------------------------------------------------------

inline queued_ptr connection_core::take_first() {
    queued_ptr q = std::move(queue_.front());
    queue_.pop_front();
    waiting_ -= q->statement.size();
    count_.queued.store(waiting_, std::memory_order_relaxed);
    return q;
}

inline void connection_core::add(queued_ptr q) {
    if (closed()) return end(std::move(q), make_error_code(error::closed));
    if (q->statement.has_zero()) return end(std::move(q), make_error_code(error::invalid_text));
    start();
    bool const there = opened_ && !catching_up_;
    bool const at_once = there && !current_ && queue_.empty();
    if (q->what == queued_query::kind::query && !at_once) {
        auto const refuse = [&](error why) {
            count_.dropped.fetch_add(1, std::memory_order_relaxed);
            end(std::move(q), make_error_code(why));
        };
        if (options_.queue_limit == 0 && !there) return refuse(error::not_connected);
        std::size_t const size = q->statement.size();
        std::size_t const limit = queue_limit();
        if (size <= limit && options_.queue_full == queue_policy::drop)
            while (waiting_ + size > limit) {
                count_.dropped.fetch_add(1, std::memory_order_relaxed);
                end(take_first(), make_error_code(error::dropped));
            }
        if (waiting_ + size > limit) return refuse(error::queue_full);
    }
    waiting_ += q->statement.size();
    count_.queued.store(waiting_, std::memory_order_relaxed);
    queue_.push_back(std::move(q));
    arm_queries();
    next();
}

inline void connection_core::want(std::string channel, bool wanted) {
    if (closed()) return;
    if (wanted)
        wanted_.insert(channel);
    else
        wanted_.erase(channel);
    changed_.insert(std::move(channel));
    if (wanted) start();
    next();
}

/// Calls the handler, but not from here: what it throws leaves the event loop, and harms nobody.
inline void connection_core::end(queued_ptr q, error_code ec, query_result r) {
    if (!q->handler && !q->settled) return;
    asio::post(strand_, [q = std::move(q), ec, r = std::move(r)]() mutable {
        auto const work = std::move(q->work);
        if (q->settled)
            asio::dispatch(work, asio::append(std::move(q->settled), ec));
        else
            asio::dispatch(work, asio::append(std::move(q->handler), ec, std::move(r)));
    });
}

// ---- time -----------------------------------------------------------------------------------

inline void connection_core::arm_link(time_point at) {
    link_timer_.expires_at(at);
    link_timer_.async_wait([self = shared_from_this(), mine = ++armed_](error_code ec) {
        if (!ec && self->armed_ == mine) self->on_link_timer();
    });
}

inline void connection_core::on_link_timer() {
    switch (phase_) {
        case phase::opening:
            return lost(asio::error::timed_out, "no answer in time");
        case phase::waiting:
            return attempt();
        case phase::up:
            return look_after();
    }
}

/// Asks the server whether it is there, if it has been silent.
inline void connection_core::look_after() {
    auto const now = link_timer_.now();
    auto const silent = httphooks::detail::deadline_after(options_.health_check_interval, heard_);
    arm_link(silent > now ? silent
                          : httphooks::detail::deadline_after(options_.health_check_interval, now));
    if (silent > now || current_) return;
    auto q = std::make_unique<queued_query>(queued_query::kind::health, query(""));
    q->deadline = httphooks::detail::deadline_after(options_.health_check_timeout, now);
    send(std::move(q));
}

/// Has the timer go off when the first of those that wait has waited too long.
inline void connection_core::arm_queries() {
    auto at = current_ ? current_->deadline : time_point::max();
    if (!queue_.empty()) at = std::min(at, queue_.front()->deadline);
    if (at >= queries_armed_) return;  // it goes off earlier, and looks then
    queries_armed_ = at;
    query_timer_.expires_at(at);
    query_timer_.async_wait([self = shared_from_this()](error_code ec) {
        if (ec || self->closed()) return;
        self->queries_armed_ = time_point::max();
        self->on_query_timer();
        self->arm_queries();
    });
}

inline void connection_core::on_query_timer() {
    auto const now = query_timer_.now();
    while (!queue_.empty() && queue_.front()->deadline <= now) {
        count_.dropped.fetch_add(1, std::memory_order_relaxed);
        end(take_first(), asio::error::timed_out);
    }
    if (current_ && current_->deadline <= now) lost(asio::error::timed_out, "no answer in time");
}

}  // namespace httphooks::postgres::detail
