// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/dispatch.hpp>

#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/http/detail/known_request.hpp>
#include <httphooks/http/detail/reply_writer.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

HTTPHOOKS_DECL void dispatch::open(listener& l, asio::ip::tcp::endpoint const& peer, bool tls,
                                   bool sends_files) noexcept {
    listener_ = &l;
    sends_files_ = sends_files;
    peer_ = &peer;
    tls_ = tls;
    trusted_peer_ = !loop_.proxies().empty() && loop_.proxies().contains(peer.address());
}

HTTPHOOKS_DECL void dispatch::clear() noexcept {
    if (stopped_ || !idle()) {
        abandon();
        if (reader_) reader_->guard.reset();
    }
    constexpr std::size_t keep = 256 * 1024;
    for (std::string* s : {&output_, &held_}) {
        s->clear();
        if (s->capacity() > keep) s->shrink_to_fit();
    }
    listener_ = nullptr;
    stalled_ = stopped_ = consuming_ = collecting_ = broken_ = false;
}

HTTPHOOKS_DECL bool dispatch::can_consume() const noexcept {
    if (body_way_ != body_way::gathered) [[unlikely]]
        return takes_body();
    return !stopped_ && !has_mount() && !source_ &&
           queue_.size() - first_ < loop_.options().pipeline_limit &&
           output_.size() < loop_.options().output_limit;
}

HTTPHOOKS_DECL bool dispatch::awaits_hooks() const noexcept {
    return std::any_of(queue_.begin() + static_cast<std::ptrdiff_t>(first_), queue_.end(),
                       [](entry const& e) { return !e.ready; });
}

HTTPHOOKS_DECL std::size_t dispatch::consume(std::string_view input) {
    std::size_t used = 0;
    consuming_ = true;
    while (used < input.size() && can_consume()) {
        if (!reader_) reader_ = std::make_unique<reader>(loop_);
        std::string_view const rest = input.substr(used);
        if (!reader_->parser) {
            if (std::size_t const blank = reader_->guard.skip(rest)) {
                used += blank;
                header_begun_ = false;
                continue;
            }
            std::size_t const header = reader_->guard.scan(rest);
            if (header == framing_guard::refused) {
                refuse(reader_->guard.refusal(), rest);
                break;
            }
            if (header == 0) {
                if (!std::exchange(header_begun_, true)) begun_ = wheel().now();
                break;
            }
            used += header;
            if (!begin_request(rest.substr(0, header), header < rest.size())) break;
        } else {
            std::size_t taken = 0;
            if (continue_due_) [[unlikely]] {  // it sends without having been asked to
                count_stall();
                continue_due_ = false;
            }
            bool const good = reader_->parser->put_body(rest, taken);
            used += taken;
            if (!good) {
                refuse(reader_->parser->refusal());
                break;
            }
            if (loop_.bodies()) [[unlikely]]
                count_bodies();
            if (body_way_ != body_way::gathered && !count_body(taken)) break;
            if (!reader_->parser->done()) {
                if (taken == 0) break;
                continue;
            }
            finish_request();
        }
    }
    if (body_way_ == body_way::streamed) [[unlikely]]
        flush_body();
    if (parsing() && reader_->mount) await_body();
    consuming_ = false;
    return used;
}

/// There may be output, or room for input; whoever is at work here finds out by himself.
HTTPHOOKS_DECL void dispatch::tell_listener() noexcept {
    if (!consuming_ && !collecting_ && listener_) listener_->on_output();
}

/// Tells the mount that the body of its request is on its way.
inline void dispatch::await_body() {
    if (!std::exchange(body_awaited_, true))
        reader_->body_ends = reader_->mount->body_begins(journey_->incoming());
}

/// The body comes no more. @param good whether the client did not go
inline void dispatch::end_body(bool good) noexcept {
    body_awaited_ = false;
    if (!reader_) return;
    auto const f = std::exchange(reader_->body_ends, nullptr);
    if (!f) return;
    try {
        f(good);
    } catch (...) {  // the mount's own affair
        return;
    }
}

inline bool dispatch::begin_request(std::string_view block, bool body_follows) {
    journey_ = loop_.hooks().make_exchange(loop_.executor(), this);
    request& message = journey_->incoming();
    reader_->parser.emplace(message, reader_->guard);
    if (!reader_->parser->put_header(block)) {
        refuse(reader_->parser->refusal(), block);
        return false;
    }
    header_begun_ = false;
    reader_->mount = loop_.mounts().find(message);
    if (reader_->parser->done()) {
        finish_request();
        return true;
    }
    begun_ = wheel().now();
    auto const plan = reader_->mount ? httphooks::detail::body_plan{reader_->mount->body_limit()}
                                     : loop_.hooks().plan_body(message);
    if (!reader_->parser->limit_body(plan.limit.value_or(loop_.options().body_limit))) {
        refuse(reader_->parser->refusal());
        return false;
    }
    continue_due_ = reader_->guard.expects_continue() && !body_follows;
    if (plan.hooks_before) [[unlikely]]
        begin_before_body();
    else
        append_continue();
    return true;
}

inline void dispatch::append_continue() {
    if (!continue_due_) return;
    bool const early = body_way_ == body_way::gathered
                           ? in_flight()
                           : !takes_body() || queue_.size() - first_ != 1 || source_;
    if (early) return;
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    continue_due_ = false;
}

inline origin dispatch::origin_of(request const& r) const {
    if (!trusted_peer_) [[likely]]
        return origin(transport::http, *peer_, tls_);
    auto const said = loop_.proxies().client(r, loop_.options().trusted_field);
    auto const peer = said.address ? asio::ip::tcp::endpoint(*said.address, 0) : *peer_;
    return origin(transport::http, peer, said.tls.value_or(tls_), nullptr, nullptr, true);
}

inline void dispatch::finish_request() {
    if (body_way_ != body_way::gathered) [[unlikely]]
        return finish_begun_body();
    bool const keep = reader_->parser->keep_alive();
    bool const http10 = journey_->incoming().version() < 11;
    reader_->parser.reset();
    reader_->guard.reset();
    continue_due_ = false;
    end_body(true);
    if (reader_->mount) {
        close_claim();
        origin const from = origin_of(journey_->incoming());
        reader_->mount_request.emplace(
            mount_request{reader_->mount, std::move(journey_->incoming()),
                          keep && !loop_.draining(), from.peer(), from.tls(), from.proxied()});
        reader_->mount_request->claim = std::move(journey_->claim());
        if (loop_.ids()) [[unlikely]]
            reader_->mount_request->reply_line = id_line(reader_->mount_request->message, from);
        reader_->mount = nullptr;
        journey_.reset();
        return;
    }
    journey_->origin() = origin_of(journey_->incoming());
    journey_->take_streams();
    bool const head = journey_->incoming().method() == verb::head;
    // what has started must have its place
    if (queue_.size() == queue_.capacity()) queue_.reserve(queue_.size() * 2 + 4);
    status const taken = decompress(journey_->incoming());
    if (journey_->claim()) [[unlikely]]
        count_whole(*journey_);
    entry e{std::move(journey_), wheel().now(), false, !keep, http10, head};
    journey_.reset();
    if (e.last) stopped_ = true;
    if (taken == status::ok) [[likely]] {
        e.ready = e.journey->start();
    } else {
        count_refusal(taken);
        e.journey->refuse(taken);
        e.ready = true;
    }
    if (e.ready && !in_flight())
        write(e);
    else
        queue_.push_back(std::move(e));
}

/// Decompresses the body of a whole request, if that is wanted. @return ok, or why not
HTTPHOOKS_DECL status dispatch::decompress(request& r) const {
    auto const& how = loop_.options().decompress;
    if (!how || !r.contains(field::content_encoding)) [[likely]]
        return status::ok;
    auto const limit = loop_.hooks().plan_body(r).limit;
    return how->apply(r, limit.value_or(loop_.options().body_limit));
}

HTTPHOOKS_DECL void dispatch::count_refusal(status s) const {
    auto const reason = beast::http::obsolete_reason(s);
    loop_.counters().refuse({reason.data(), reason.size()});
}

/// Refuses the request that is being read. @param header what there is of one not parsed yet
inline void dispatch::refuse(status s, std::string_view header) {
    if (body_way_ == body_way::dropped) return forget_body();  // its reply was given
    count_refusal(s);
    if (body_way_ != body_way::gathered) [[unlikely]]
        return refuse_begun_body(s);
    answer_refused(s, header);
}

HTTPHOOKS_DECL void dispatch::answer_refused(status s, std::string_view header) {
    bool const parsed = header.empty() && journey_;
    leave_request(true);
    if (!journey_) journey_ = loop_.hooks().make_exchange(loop_.executor(), this);
    request& asked = journey_->incoming();
    if (!parsed) asked = known_request(header, loop_.options().framing.fields);
    journey_->origin() = origin_of(asked);
    entry e{std::move(journey_), wheel().now(), true, true, false, asked.method() == verb::head};
    journey_.reset();
    header_begun_ = continue_due_ = false;
    stopped_ = true;
    try {
        e.journey->refuse(s);
    } catch (...) {  // the client is told all the same
        e.refusal = std::make_unique<response>(error_response(s));
    }
    if (!in_flight())
        write(e);
    else
        queue_.push_back(std::move(e));
}

/// Has a reply that no hook has seen the fields that pages of other origins need, and what else a
/// mount gives to its replies.
HTTPHOOKS_DECL void dispatch::dress(exchange& ex, response& reply) noexcept {
    status const s = reply.result();
    request const& asked = ex.incoming();
    try {
        if (mounted const* const owner = loop_.mounts().owner(asked))
            owner->dress_refusal(asked, reply);
        else if (auto const& policy = loop_.options().cors)
            policy->apply(asked, reply.base());
        if (auto const& how = loop_.options().decompress;
            how && s == status::unsupported_media_type)
            reply.set(field::accept_encoding, how->accepted());
        remove_owned(reply);
    } catch (...) {  // the client is told all the same
        reply = error_response(s);
    }
}

/// The id of a mount's request, as a line of its replies.
inline std::string dispatch::id_line(request const& r, origin const& from) const {
    std::string id;
    loop_.ids()->assign(id, r, from);
    return loop_.ids()->header() + ": " + id + "\r\n";
}

HTTPHOOKS_DECL void dispatch::fail() {
    consuming_ = collecting_ = false;
    if (!stopped_) refuse(status::internal_server_error);
}

/// Lets go of what is being read. @param good whether the client did not go
inline void dispatch::leave_request(bool good) noexcept {
    close_claim();
    end_body(good);
    if (!reader_) return;
    reader_->parser.reset();
    reader_->mount = nullptr;
    reader_->mount_request.reset();
}

/// Takes no more, and lets go of what is due; what is in the output stays.
inline void dispatch::abandon() noexcept {
    if (body_way_ != body_way::gathered) [[unlikely]]
        abandon_body();
    // a hook that is cancelled may complete another one, which has no place any more
    std::vector<entry> due = std::exchange(queue_, {});
    std::size_t const first = std::exchange(first_, 0);
    for (std::size_t i = first; i < due.size(); ++i)
        if (due[i].journey && !due[i].ready) due[i].journey->cancel();
    due.clear();
    queue_ = std::move(due);  // for its memory
    drop_source();
    stop_reading();
}

/// Lets go of the request that is being read, and takes no other.
inline void dispatch::stop_reading() noexcept {
    leave_request(false);
    journey_.reset();
    header_begun_ = continue_due_ = false;
    stopped_ = true;
}

HTTPHOOKS_DECL void dispatch::on_reply(exchange& ex) noexcept {
    auto const it = std::find_if(queue_.begin() + static_cast<std::ptrdiff_t>(first_), queue_.end(),
                                 [&ex](entry const& e) { return e.journey.get() == &ex; });
    if (it == queue_.end()) return;
    it->ready = true;
    tell_listener();
}

HTTPHOOKS_DECL dispatch::mount_request dispatch::take_mount() {
    mount_request taken = std::move(*reader_->mount_request);
    reader_->mount_request.reset();
    return taken;
}

HTTPHOOKS_DECL void dispatch::drain() noexcept {
    if (!parsing()) {
        header_begun_ = false;
        stopped_ = true;
    }
}

HTTPHOOKS_DECL void dispatch::end_of_input() noexcept {
    if (body_way_ != body_way::gathered) [[unlikely]]
        return end_begun_body();
    if (!has_mount()) stop_reading();
}

/// Whether a request has begun of which the client cannot send more, or was not asked to.
inline bool dispatch::stalls() const noexcept {
    if (!partial()) return false;
    bool const unread = body_way_ == body_way::gathered &&
                        (source_ || output_.size() >= loop_.options().output_limit);
    return unread || continue_due_ || paused();
}

HTTPHOOKS_DECL void dispatch::count_stall() noexcept {
    bool const before = std::exchange(stalled_, stalls());
    if (!before && !stalled_) return;
    tick const now = wheel().now();
    tick const since = std::exchange(stalled_at_, now);
    if (!before) return;
    for (tick* const begun : {&begun_, &wait_begun_})
        *begun += now - (static_cast<std::int32_t>(*begun - since) > 0 ? *begun : since);
}

HTTPHOOKS_DECL std::optional<dispatch::tick> dispatch::deadline() noexcept {
    http::options const& o = loop_.options();
    std::optional<tick> next;
    auto const add = [&next](tick t) {
        if (!next || static_cast<std::int32_t>(t - *next) < 0) next = t;
    };
    if (stalled_ || partial()) [[unlikely]] {
        count_stall();
        if (header_begun_ && !stalled_) add(begun_ + timer_wheel::ticks(o.header_timeout));
        if (parsing() && !stalled_)
            if (auto const t = body_deadline()) add(*t);
    }
    for (std::size_t i = first_; i < queue_.size(); ++i)
        if (!queue_[i].ready) {
            if (!waits_for_client(queue_[i]))
                add(queue_[i].begun + timer_wheel::ticks(o.handler_timeout));
            break;
        }
    return next;
}

HTTPHOOKS_DECL void dispatch::on_deadline() {
    tick const now = wheel().now();
    auto const reached = [now](tick t) { return static_cast<std::int32_t>(now - t) >= 0; };
    tick const handlers = timer_wheel::ticks(loop_.options().handler_timeout);
    consuming_ = true;
    for (std::size_t i = first_; i < queue_.size(); ++i)
        if (entry const& e = queue_[i];
            !e.ready && !waits_for_client(e) && reached(e.begun + handlers))
            e.journey->time_out();
    if (auto const next = deadline(); partial() && next && reached(*next))
        refuse(status::request_timeout, parsing() ? std::string_view() : held_);
    consuming_ = false;
    collect();
}

}  // namespace httphooks::http::detail
