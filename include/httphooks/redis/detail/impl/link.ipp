// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/detail/link.hpp>

#include <httphooks/detail/system/back_off.hpp>
#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::redis::detail {

HTTPHOOKS_DECL url address_of(options const& o) {
    auto u = url::parse(o.url);
    if (!u) throw boost::system::system_error(u.error());
    if (u->tls && !o.tls)
        throw boost::system::system_error(
            make_error_code(boost::system::errc::operation_not_supported));
    return std::move(*u);
}

HTTPHOOKS_DECL link::link(asio::any_io_executor const& executor, options const& o, url address,
                          bool asks, link_owner& owner)
    : executor_(executor),
      options_(o),
      address_(std::move(address)),
      asks_(asks),
      owner_(&owner),
      timer_(executor) {}

HTTPHOOKS_DECL link::~link() {
    if (stream_) stream_->close();
}

HTTPHOOKS_DECL void link::start() {
    if (state_ == state::idle) attempt();
}

inline void link::attempt() {
    reader_.emplace(
        reply_limits{options_.reply_limit, options_.reply_elements, options_.reply_depth});
    state_ = state::opening;
    asked_ = false;
    arm(options_.connect_timeout);
    stream_ = std::make_shared<link_stream>(executor_, static_cast<link_stream_owner&>(*this));
    stream_->open(address_, options_.tls);
}

HTTPHOOKS_DECL void link::on_open(error_code ec) {
    if (ec) return fail(ec);
    greet();
    stream_->read();
}

inline void link::greet() {
    std::string bytes;
    auto const say = [&](char what, std::initializer_list<std::string_view> words) {
        bytes += arguments(std::span<std::string_view const>(words.begin(), words.size())).bytes();
        greetings_ += what;
    };
    greetings_.clear();
    if (!address_.user.empty())
        say('a', {"AUTH", address_.user, address_.password});
    else if (!address_.password.empty())
        say('a', {"AUTH", address_.password});
    if (address_.database != 0) say('d', {"SELECT", std::to_string(address_.database)});
    if (asks_) say('s', {"CLUSTER", "SLOTS"});
    say('p', {"PING"});
    std::ranges::reverse(greetings_);
    state_ = state::greeting;
    stream_->write(bytes);
}

inline error_code link::on_greeting(value const& reply) {
    std::string_view const text = reply.text();
    char const what = greetings_.back();
    greetings_.pop_back();
    // a user may have been given neither of these commands
    bool const may_fail = what == 's' || (what == 'p' && text.starts_with("NOPERM"));
    if (what == 's') owner_->on_slots(reply);
    if (!reply.is_error() || may_fail) return {};
    bool const who = what == 'a' || text.starts_with("NOAUTH") || text.starts_with("WRONGPASS");
    return who ? error::authentication_failed : error::not_ready;
}

HTTPHOOKS_DECL void link::on_read(error_code ec, std::string_view bytes) {
    auto const self = shared_from_this();
    if (ec) return fail(ec == asio::error::eof ? make_error_code(error::connection_lost) : ec);
    heard_ = timer_.now();
    asked_ = false;
    bool const looked_at = owner_->takes_bytes();
    while (!bytes.empty()) {
        if (looked_at && up() && reader_->at_beginning()) {
            auto const stream = stream_.get();
            bool unfinished = false;
            bytes.remove_prefix(owner_->take(bytes, unfinished));
            if (stream != stream_.get()) return;
            if (bytes.empty() || (unfinished && stream_->keep(bytes))) break;
        }
        std::string_view const piece =
            bytes.substr(0, looked_at ? reader_->portion(bytes) : reply_reader::piece);
        bytes.remove_prefix(piece.size());
        if (!parse(piece)) return;
    }
    stream_->read();
}

inline bool link::parse(std::string_view bytes) {
    auto const stream = stream_.get();
    auto const same = [&] { return stream_.get() == stream; };
    error_code ec = reader_->feed(bytes);
    while (!ec) {
        bool const greeting = state_ == state::greeting;
        if (!reader_->next(greeting ? greeting_ : owner_->sink(), ec)) break;
        if (!greeting) {
            owner_->on_reply();
            if (!same()) return false;
            continue;
        }
        ec = on_greeting(greeting_.take());
        if (!same()) return false;
        if (ec || !greetings_.empty()) continue;
        state_ = state::up;
        failures_ = 0;
        arm(options_.health_check_interval);
        owner_->on_up();
        if (!same()) return false;
    }
    if (ec) fail(ec);
    return !ec;
}

HTTPHOOKS_DECL void link::on_write(error_code ec) {
    auto const self = shared_from_this();
    if (ec) return fail(ec);
    if (up()) owner_->on_room();
}

inline void link::arm(std::chrono::milliseconds after) {
    std::uint32_t const number = ++armed_;
    timer_.cancel();
    if (after.count() <= 0 && state_ == state::up) return;
    timer_.expires_after(after);
    timer_.async_wait([weak = weak_from_this(), number](error_code ec) {
        auto const self = weak.lock();
        if (!ec && self && self->armed_ == number) self->on_timer();
    });
}

inline void link::on_timer() {
    switch (state_) {
        case state::opening:
        case state::greeting:
            return fail(asio::error::timed_out);
        case state::waiting:
            return attempt();
        case state::up:
            return look_after();
        case state::idle:
        case state::closed:
            return;
    }
}

inline void link::look_after() {
    if (asked_) return fail(asio::error::timed_out);
    auto const rest = std::chrono::ceil<std::chrono::milliseconds>(
        httphooks::detail::deadline_after(options_.health_check_interval, heard_) - timer_.now());
    if (rest.count() > 0) return arm(rest);
    asked_ = owner_->on_silence();
    if (up()) arm(asked_ ? options_.health_check_timeout : options_.health_check_interval);
}

HTTPHOOKS_DECL void link::fail(error_code ec) {
    if (state_ == state::closed || !stream_) return;
    auto const self = shared_from_this();
    std::exchange(stream_, nullptr)->close();
    state_ = state::waiting;
    auto const delay =
        httphooks::detail::back_off(options_, failures_++, httphooks::detail::random_bits::next());
    owner_->on_down(ec);
    if (state_ == state::waiting) arm(delay);
}

HTTPHOOKS_DECL void link::close() noexcept {
    if (stream_) std::exchange(stream_, nullptr)->close();
    state_ = state::closed;
    timer_.cancel();
}

}  // namespace httphooks::redis::detail
