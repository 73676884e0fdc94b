// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Requests whose hooks begin before the body has come.
*/

#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/http/detail/dispatch.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace httphooks::http::detail {

/// Lets go of what a hook reads, which ends with an error unless the body was whole.
inline void end_reading(exchange& ex, error_code why) {
    ex.body()->attach(nullptr);
    ex.body()->fail(why);
}

/// Starts the hooks for a header; the reply has its place among the others from now on.
inline void dispatch::begin_before_body() {
    journey_->origin() = origin_of(journey_->incoming());
    journey_->take_streams();
    bool const http10 = journey_->incoming().version() < 11;
    bool const head = journey_->incoming().method() == verb::head;
    queue_.push_back(
        entry{journey_, wheel().now(), false, !reader_->parser->keep_alive(), http10, head});
    body_way_ = body_way::unread;
    waited_ = 0;
    try {
        queue_.back().ready = journey_->start_before_body();
    } catch (...) {
        queue_.pop_back();
        body_way_ = body_way::gathered;
        journey_.reset();
        throw;
    }
    if (auto const& channel = journey_->body()) {
        body_way_ = body_way::streamed;
        wait_begun_ = wheel().now();
        channel->attach(this);
        reader_->parser->pass_body_to(*channel);
    }
    collect_ready();
}

/// The place of the reply to the request whose body is on its way; null: it is being written.
HTTPHOOKS_DECL dispatch::entry* dispatch::begun_entry() noexcept {
    bool const there = queue_.size() > first_ && queue_.back().journey == journey_;
    return there ? &queue_.back() : nullptr;
}

/// Whether the reply is a stream, whose writer may go on reading the body.
HTTPHOOKS_DECL bool dispatch::writes_on(entry const& e) {
    return !e.refusal && !e.head && e.journey->body() && e.journey->reply().body().stream() &&
           !bodiless(e.journey->reply().result_int());
}

/// Whether more of the body of a request that has begun is to be taken.
HTTPHOOKS_DECL bool dispatch::takes_body() const noexcept {
    switch (body_way_) {
        case body_way::gathered:
        case body_way::unread:
            break;
        case body_way::streamed:
            return journey_->body()->wants();
        case body_way::wanted:
        case body_way::dropped:
            return true;
    }
    return false;
}

HTTPHOOKS_DECL void dispatch::on_body_wanted(exchange& ex) noexcept {
    if (journey_.get() != &ex) return;
    body_way_ = body_way::wanted;
    begun_ = wheel().now();
    tell_listener();
}

HTTPHOOKS_DECL void dispatch::on_read() noexcept {
    if (journey_->claim()) [[unlikely]]
        count_buffered();
    wait_begun_ = wheel().now();
    tell_listener();
}

/// Some bytes of the body of a request that has begun were taken. @return false: no more are
HTTPHOOKS_DECL bool dispatch::count_body(std::size_t taken) {
    if (body_way_ != body_way::dropped || reader_->dropped.add(taken, loop_.options())) return true;
    forget_body();
    return false;
}

/// Has the hook that waits get what has come.
inline void dispatch::flush_body() {
    auto& channel = *journey_->body();
    bool const waited = channel.waits();
    channel.flush();
    if (loop_.bodies()) [[unlikely]]
        count_buffered();
    if (!waited || channel.waits()) return;
    tick const now = wheel().now();
    waited_ += now - wait_begun_;
    if (entry* const e = begun_entry()) e->begun = now;
}

/// The body of a request that has begun is whole.
HTTPHOOKS_DECL void dispatch::finish_begun_body() {
    entry* const e = begun_entry();
    bool const last = e ? e->last : !reader_->parser->keep_alive() || loop_.draining();
    body_way const way = std::exchange(body_way_, body_way::gathered);
    exchange_ptr const ex = std::move(journey_);
    journey_.reset();
    reader_->parser.reset();
    reader_->guard.reset();
    continue_due_ = false;
    reader_->dropped.release();
    if (last) stopped_ = true;
    if (way == body_way::dropped) return;
    if (e) e->begun = wheel().now();
    if (way == body_way::streamed) {
        ex->body()->attach(nullptr);
        return ex->body()->finish();
    }
    status const taken = decompress(ex->incoming());
    if (ex->claim()) [[unlikely]]
        count_whole(*ex);
    if (taken == status::ok) {
        e->ready = ex->go_on();
    } else {
        count_refusal(taken);
        ex->refuse_body(taken);
    }
    if (e->ready) collect_ready();
}

/// The reply is about to be written before the body is whole, or was: what is left is skipped, if
/// that is not too much, and if the client is known to send it; else the connection closes.
/// @param e the reply, if it is about to be written
HTTPHOOKS_DECL void dispatch::leave_body(entry* e) {
    auto const rest = reader_->parser->body_rest();
    bool const skips = reader_->parser->keep_alive() && !stopped_ && !continue_due_ &&
                       !loop_.draining() && rest.value_or(0) <= loop_.options().linger_bytes;
    exchange_ptr const ex = journey_;
    close_claim();
    if (skips) {
        reader_->parser->drop_body();
        body_way_ = body_way::dropped;
        begun_ = wheel().now();
    } else {
        if (e) e->last = true;
        forget_body();
    }
    if (ex->body()) end_reading(*ex, asio::error::operation_aborted);
}

/// What the hook that reads is told in place of a status.
inline error_code body_error(status s) noexcept {
    switch (s) {
        case status::payload_too_large:
            return error::body_limit;
        case status::request_timeout:
            return error::body_timeout;
        case status::internal_server_error:
            return asio::error::no_memory;
        default:
            return error::malformed_body;
    }
}

/// The body of a request that has begun is refused.
HTTPHOOKS_DECL void dispatch::refuse_begun_body(status s) noexcept {
    exchange_ptr const ex = journey_;
    bool const outer = std::exchange(consuming_, true);
    if (entry* const e = begun_entry()) {
        e->last = true;
        e->begun = wheel().now();  // however long the client was waited for
    }
    forget_body();
    if (ex->body())
        end_reading(*ex, body_error(s));
    else
        ex->refuse_body(s);
    consuming_ = outer;
}

/// The body of a request that has begun will not be whole, as the client sends no more.
HTTPHOOKS_DECL void dispatch::end_begun_body() noexcept {
    exchange_ptr const ex = journey_;
    bool const replied = body_way_ == body_way::dropped;
    entry* const e = begun_entry();
    forget_body();
    if (replied) return;
    if (e) e->last = true;
    if (e && e->ready) return;
    if (ex->body()) {
        end_reading(*ex, error::body_incomplete);
        if (e) e->begun = wheel().now();
        return;
    }
    queue_.pop_back();
    ex->cancel();
}

/// The client has gone, or gets no more.
HTTPHOOKS_DECL void dispatch::abandon_body() noexcept {
    exchange_ptr const ex = journey_;
    forget_body();
    if (ex->body()) end_reading(*ex, error::body_incomplete);
}

/// Takes no more of the body of a request that has begun, nor anything behind it.
HTTPHOOKS_DECL void dispatch::forget_body() noexcept {
    close_claim();
    body_way_ = body_way::gathered;
    reader_->parser.reset();
    reader_->guard.reset();
    journey_.reset();
    reader_->dropped.release();
    continue_due_ = false;
    stopped_ = true;
}

HTTPHOOKS_DECL std::optional<dispatch::tick> dispatch::body_deadline() const noexcept {
    http::options const& o = loop_.options();
    std::chrono::milliseconds earned{};
    if (o.body_rate)
        earned = std::chrono::milliseconds(
            std::min<std::uint64_t>(reader_->parser->body_received(), 1u << 30) * 1000 /
            o.body_rate);
    switch (body_way_) {
        case body_way::gathered:
        case body_way::wanted:
            if (o.body_rate || reader_->parser->body_received() == 0)
                return begun_ + timer_wheel::ticks(o.body_grace + earned);
            break;
        case body_way::streamed:
            if (!journey_->body()->waits()) break;
            // only the time counts in which the client is waited for
            return wait_begun_ + timer_wheel::ticks(o.body_grace + earned) -
                   (o.body_rate ? waited_ : 0);
        case body_way::dropped:
            return begun_ + timer_wheel::ticks(o.linger_timeout);
        case body_way::unread:
            break;
    }
    return std::nullopt;
}

// the budget for bodies -----------------------------------------------------------------------

/// Whether what comes of the body is kept until it is whole.
HTTPHOOKS_DECL bool dispatch::keeps_body() const noexcept {
    return parsing() && (body_way_ == body_way::gathered || body_way_ == body_way::wanted);
}

/// What counts the body that is being read.
HTTPHOOKS_DECL httphooks::detail::body_claim& dispatch::claim() {
    auto& own = journey_->claim();
    if (!own) own = loop_.bodies()->open();
    return *own;
}

/// Some of a body has come.
HTTPHOOKS_DECL void dispatch::count_bodies() {
    if (keeps_body()) claim().set(journey_->incoming().body().size());
}

/// Of a body that a hook reads, some has come or was read.
HTTPHOOKS_DECL void dispatch::count_buffered() {
    claim().set(journey_->body()->buffered());
}

/// A body is as the hooks get it.
HTTPHOOKS_DECL void dispatch::count_whole(exchange& ex) noexcept {
    ex.claim()->set(ex.incoming().body().size());
    ex.claim()->close();
}

/// How many bytes may be read now, of up to `most`; 0: the body has to wait for room.
HTTPHOOKS_DECL std::size_t dispatch::room_for_body(std::size_t most) {
    auto const& bodies = *loop_.bodies();
    if (!keeps_body() || !can_consume()) return bodies.read_size(most);
    std::uint64_t const come = reader_->parser->body_received();
    std::uint64_t const left = reader_->parser->body_limit() - come;
    std::uint64_t n = std::min(reader_->parser->body_rest().value_or(left),
                               std::clamp<std::uint64_t>(come, bodies.least_read, bodies.step));
    // what may become of it when it is decompressed has its room beforehand
    if (!reader_->mount && loop_.options().decompress &&
        journey_->incoming().contains(field::content_encoding))
        n = left;
    n = claim().ask(std::max<std::uint64_t>(n, 1), *this, loop_.executor());
    return static_cast<std::size_t>(std::min<std::uint64_t>(n, most));
}

HTTPHOOKS_DECL void dispatch::on_room() noexcept {
    tell_listener();
}

/// Nothing more comes of the body that is being read.
HTTPHOOKS_DECL void dispatch::close_claim() noexcept {
    if (journey_ && journey_->claim()) [[unlikely]]
        journey_->claim()->close();
}

/// Whether a reply is not there because the client has not sent the body.
HTTPHOOKS_DECL bool dispatch::waits_for_client(entry const& e) const noexcept {
    if (e.journey != journey_) return false;
    return body_way_ == body_way::wanted ||
           (body_way_ == body_way::streamed && journey_->body()->waits());
}

}  // namespace httphooks::http::detail
