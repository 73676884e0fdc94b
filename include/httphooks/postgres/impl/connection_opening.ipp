// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/connection.hpp>

#include <httphooks/detail/system/back_off.hpp>
#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/error.hpp>
#include <httphooks/postgres/connection_state.hpp>
#include <httphooks/postgres/error.hpp>
#include <httphooks/postgres/impl/connection_core.ipp>
#include <httphooks/postgres/query.hpp>

#include <boost/asio/error.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::postgres::detail {

inline void connection_core::start() {
    if (state() != connection_state::idle) return;
    set_state(connection_state::connecting);
    attempt();
}

inline void connection_core::attempt() {
    ++epoch_;
    hosts_.clear();
    addresses_.clear();
    ports_.clear();
    looked_up_ = 0;
    phase_ = phase::opening;
    arm_link(httphooks::detail::deadline_after(options_.connect_timeout, link_timer_.now()));
    resolve(0);
}

/// The part of a list with commas; the last one if there are less.
inline std::string_view part_of(std::string_view list, std::size_t at, bool& there) noexcept {
    for (;; --at) {
        std::size_t const end = list.find(',');
        there = at == 0;
        if (at == 0 || end == std::string_view::npos) return list.substr(0, end);
        list.remove_prefix(end + 1);
    }
}

/// Looks names up, which libpq would do at the cost of everybody else on the thread.
inline void connection_core::resolve(std::size_t at) {
    std::string const* const host = setting_of("host");
    bool there = false;
    std::string_view name;
    if (host && !setting_of("hostaddr")) name = part_of(*host, at, there);
    if (!there) return open();
    std::string const* const ports = setting_of("port");
    bool ignored = false;
    std::string const port(ports ? part_of(*ports, at, ignored) : std::string_view());
    auto const take = [this, name = std::string(name), port](std::string const& address) {
        std::string_view const comma = looked_up_++ == 0 ? "" : ",";
        hosts_.append(comma).append(name);
        addresses_.append(comma).append(address);
        ports_.append(comma).append(port);
    };
    if (name.empty() || name.starts_with('/') || name.starts_with('@')) {
        take("");
        return resolve(at + 1);
    }
    resolver_.async_resolve(
        name, "",
        [self = shared_from_this(), take, at, mine = epoch_](error_code, auto const& found) {
            if (self->epoch_ != mine) return;
            for (auto const& entry : found) take(entry.endpoint().address().to_string());
            self->resolve(at + 1);
        });
}

inline void connection_core::open() {
    bool const looked_up = setting_of("host") && !setting_of("hostaddr");
    if (looked_up && looked_up_ == 0)
        return lost(make_error_code(error::unreachable), "the host is not known");
    std::vector<char const*> keys, values;
    auto const put = [&](char const* key, char const* value) {
        keys.push_back(key);
        values.push_back(value);
    };
    put("fallback_application_name", "httphooks");
    for (auto const& [key, value] : settings_) put(key.c_str(), value.c_str());
    if (looked_up) {
        put("host", hosts_.c_str());
        put("hostaddr", addresses_.c_str());
        if (setting_of("port")) put("port", ports_.c_str());
    }
    put("client_encoding", "UTF8");
    put(nullptr, nullptr);
    conn_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!conn_ || PQstatus(conn_.get()) == CONNECTION_BAD)
        return lost(make_error_code(error::unreachable), said());
    PQsetNoticeProcessor(
        conn_.get(), [](void*, char const*) {}, nullptr);
    wait_to_poll(true);
}

inline void connection_core::wait_to_poll(bool write) {
    error_code ec;
    socket_.assign(PQsocket(conn_.get()), ec);
    if (ec) return lost(ec, "");
    auto const what = write ? socket_.wait_write : socket_.wait_read;
    socket_.async_wait(what, [self = shared_from_this(), mine = epoch_](error_code) {
        if (self->epoch_ != mine) return;
        self->socket_.release();  // libpq may close it, and take another one
        self->poll();
    });
}

inline void connection_core::poll() {
    bool const talks = PQstatus(conn_.get()) >= CONNECTION_AWAITING_RESPONSE;
    switch (PQconnectPoll(conn_.get())) {
        case PGRES_POLLING_READING:
            return wait_to_poll(false);
        case PGRES_POLLING_WRITING:
            return wait_to_poll(true);
        case PGRES_POLLING_OK:
            return established();
        default:
            return lost(make_error_code(talks ? error::refused : error::unreachable), said());
    }
}

inline void connection_core::established() {
    error_code ec;
    socket_.assign(PQsocket(conn_.get()), ec);
    if (ec || PQsetnonblocking(conn_.get(), 1) != 0) return lost(ec, said());
    opened_ = true;
    catching_up_ = true;
    heard_ = link_timer_.now();
    known_.clear();
    changed_ = wanted_;
    wait_for_input();
    // values of type bytea are read as the server has them by default
    auto first = std::make_unique<queued_query>(queued_query::kind::listen,
                                                query("SET bytea_output = 'hex'"));
    send(std::move(first));
}

inline void connection_core::disconnect() noexcept {
    ++epoch_;
    resolver_.cancel();
    if (socket_.is_open()) socket_.release();
    result_.reset();
    conn_.reset();
    opened_ = waits_for_room_ = catching_up_ = false;
    telling_.clear();
}

inline void connection_core::lost(error_code why, std::string text) {
    disconnect();
    if (queued_ptr q = std::move(current_)) {
        count_.lost.fetch_add(1, std::memory_order_relaxed);
        bool const of_query =
            why == asio::error::timed_out || why == make_error_code(error::copy_not_supported);
        end(std::move(q), of_query ? why : make_error_code(error::connection_lost));
    }
    if (closed()) return;
    if (options_.queue_limit == 0)
        while (!queue_.empty()) end(take_first(), make_error_code(error::not_connected));
    phase_ = phase::waiting;
    arm_link(link_timer_.now() + httphooks::detail::back_off(
                                     options_, failures_, httphooks::detail::random_bits::next()));
    failures_ = std::min(failures_ + 1, 32u);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    set_state(connection_state::away, why, text);
}

inline void connection_core::close() {
    if (closed()) return;
    disconnect();
    link_timer_.cancel();
    query_timer_.cancel();
    ++armed_;
    if (current_) end(std::move(current_), make_error_code(error::closed));
    while (!queue_.empty()) end(take_first(), make_error_code(error::closed));
    on_state = nullptr;
    on_notification = nullptr;
    set_state(connection_state::closed);
}

}  // namespace httphooks::postgres::detail
