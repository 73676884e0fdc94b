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

namespace httphooks::http::detail {

HTTPHOOKS_DECL void dispatch::open(listener& l, asio::ip::tcp::endpoint const& peer,
                                   bool tls) noexcept {
    listener_ = &l;
    peer_ = peer;
    tls_ = tls;
    trusted_peer_ = !loop_.proxies().empty() && loop_.proxies().contains(peer.address());
}

HTTPHOOKS_DECL void dispatch::clear() noexcept {
    abandon();
    guard_.reset();
    constexpr std::size_t keep = 256 * 1024;
    for (std::string* s : {&output_, &held_}) {
        s->clear();
        if (s->capacity() > keep) s->shrink_to_fit();
    }
    listener_ = nullptr;
    stopped_ = consuming_ = collecting_ = broken_ = false;
}

HTTPHOOKS_DECL bool dispatch::can_consume() const noexcept {
    if (body_way_ != body_way::gathered) [[unlikely]]
        return takes_body();
    return !stopped_ && !mount_request_ && !source_ &&
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
        std::string_view const rest = input.substr(used);
        if (!parser_) {
            if (std::size_t const blank = guard_.skip(rest)) {
                used += blank;
                header_begun_ = false;
                continue;
            }
            std::size_t const header = guard_.scan(rest);
            if (header == framing_guard::refused) {
                refuse(guard_.refusal(), rest);
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
            continue_due_ = false;
            bool const good = parser_->put_body(rest, taken);
            used += taken;
            if (!good) {
                refuse(parser_->refusal());
                break;
            }
            if (body_way_ != body_way::gathered && !count_body(taken)) break;
            if (!parser_->done()) {
                if (taken == 0) break;
                continue;
            }
            finish_request();
        }
    }
    if (body_way_ == body_way::streamed) [[unlikely]]
        flush_body();
    consuming_ = false;
    if (parser_ && mount_) await_body();
    return used;
}

/// Tells the mount that the body of its request is on its way.
inline void dispatch::await_body() {
    if (!std::exchange(body_awaited_, true)) body_end_ = mount_->body_begins(journey_->incoming());
}

/// The body comes no more. @param good whether the client did not go
inline void dispatch::end_body(bool good) noexcept {
    body_awaited_ = false;
    auto const f = std::exchange(body_end_, nullptr);
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
    parser_.emplace(message, guard_);
    if (!parser_->put_header(block)) {
        refuse(parser_->refusal(), block);
        return false;
    }
    header_begun_ = false;
    mount_ = loop_.mounts().find(message);
    if (parser_->done()) {
        finish_request();
        return true;
    }
    begun_ = wheel().now();
    auto const plan = mount_ ? httphooks::detail::body_plan{mount_->body_limit()}
                             : loop_.hooks().plan_body(message);
    if (!parser_->limit_body(plan.limit.value_or(loop_.options().body_limit))) {
        refuse(parser_->refusal());
        return false;
    }
    continue_due_ = guard_.expects_continue() && !body_follows;
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
        return origin(transport::http, peer_, tls_);
    auto const said = loop_.proxies().client(r, loop_.options().trusted_field);
    auto const peer = said.address ? asio::ip::tcp::endpoint(*said.address, 0) : peer_;
    return origin(transport::http, peer, said.tls.value_or(tls_), nullptr, nullptr, true);
}

inline void dispatch::finish_request() {
    if (body_way_ != body_way::gathered) [[unlikely]]
        return finish_begun_body();
    bool const keep = parser_->keep_alive();
    bool const http10 = journey_->incoming().version() < 11;
    parser_.reset();
    guard_.reset();
    continue_due_ = false;
    end_body(true);
    if (mount_) {
        origin const from = origin_of(journey_->incoming());
        mount_request_.emplace(mount_request{mount_, std::move(journey_->incoming()),
                                             keep && !loop_.draining(), from.peer(), from.tls()});
        if (loop_.ids()) [[unlikely]]
            mount_request_->reply_line = id_line(mount_request_->message, from);
        mount_ = nullptr;
        journey_.reset();
        return;
    }
    journey_->origin() = origin_of(journey_->incoming());
    journey_->take_streams();
    bool const head = journey_->incoming().method() == verb::head;
    // what has started must have its place
    if (queue_.size() == queue_.capacity()) queue_.reserve(queue_.size() * 2 + 4);
    entry e{std::move(journey_), wheel().now(), false, !keep, http10, head};
    journey_.reset();
    if (e.last) stopped_ = true;
    e.ready = e.journey->start();
    if (e.ready && !in_flight())
        write(e);
    else
        queue_.push_back(std::move(e));
}

/// Refuses the request that is being read. @param header what there is of one not parsed yet
inline void dispatch::refuse(status s, std::string_view header) {
    if (body_way_ == body_way::dropped) return forget_body();  // its reply was given
    auto const reason = beast::http::obsolete_reason(s);
    loop_.counters().refuse({reason.data(), reason.size()});
    if (body_way_ != body_way::gathered) [[unlikely]]
        return refuse_begun_body(s);
    answer_refused(s, header);
}

HTTPHOOKS_DECL void dispatch::answer_refused(status s, std::string_view header) {
    bool const parsed = header.empty() && journey_;
    end_body(true);
    mount_ = nullptr;
    mount_request_.reset();
    parser_.reset();
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

inline void dispatch::write(entry& e) {
    if (body_way_ != body_way::gathered && e.journey == journey_ && !writes_on(e)) [[unlikely]]
        leave_body(&e);
    bool const others = in_flight_count() > 1 || partial();
    if (loop_.draining() && !others) {
        e.last = true;
        stopped_ = true;
    }
    persistence const after = e.last     ? persistence::close
                              : e.http10 ? persistence::keep_http10
                                         : persistence::keep;
    std::size_t const before = output_.size();
    try {
        append(e, after);
    } catch (...) {  // no memory for it: those before it go out
        output_.resize(before);
        e.refusal = std::make_unique<response>(error_response(status::internal_server_error));
        append(e, after);
    }
    if (e.journey && !e.refusal) {
        e.journey->handed_over();
        if (streaming()) [[unlikely]]
            start_stream(*e.journey);
    }
}

inline void dispatch::append(entry const& e, persistence after) {
    std::string_view const server = loop_.options().server_name;
    if (e.refusal) return append_reply(output_, *e.refusal, loop_.date(), server, after, e.head);
    exchange const& ex = *e.journey;
    response const& reply = ex.reply();
    if (reply.body().is_text()) [[likely]]
        return append_reply(output_, reply, loop_.date(), server, after, e.head);
    append_source(e, after);
}

/// Begins a reply whose body is a file or a stream.
inline void dispatch::append_source(entry const& e, persistence after) {
    response const& reply = e.journey->reply();
    std::string_view const server = loop_.options().server_name;
    framing how = framing::length;
    std::uint64_t size = 0;
    auto const stream = reply.body().stream();
    if (!stream) {
        size = reply.body().file()->size();
    } else if (auto const length = stream->length()) {
        size = *length;
    } else {
        how = e.http10 ? framing::until_close : framing::chunked;
    }
    bool const none = e.head || bodiless(reply.result_int());
    if (how == framing::until_close && !none) {
        after = persistence::close;
        stopped_ = true;
    }
    append_header(output_, reply, loop_.date(), server, after, how, size);
    if (none) return;
    framing_ = how;
    file_at_ = 0;
    source_ = reply.body().source();
}

inline void dispatch::start_stream(exchange& ex) {
    auto& stream = static_cast<stream_body&>(*source_);
    ex.watch(stream);
    bool const outer = std::exchange(collecting_, true);
    stream.start(loop_.executor(), *this);
    collecting_ = outer;
}

HTTPHOOKS_DECL void dispatch::on_stream() noexcept {
    if (!consuming_ && !collecting_ && listener_) listener_->on_output();
}

HTTPHOOKS_DECL void dispatch::probe() {
    if (streaming() && framing_ == framing::chunked && output_.empty()) output_ += '0';
}

HTTPHOOKS_DECL void dispatch::slim() noexcept {
    for (std::string* s : {&output_, &held_})
        if (s->empty()) std::string().swap(*s);
    if (queue_.empty()) std::vector<entry>().swap(queue_);
}

/// Appends what comes next of a file or a stream. @return whether that was all of it
inline bool dispatch::write_source() {
    auto const keep = source_;
    if (streaming()) return write_stream(static_cast<stream_body&>(*keep));
    return write_file(static_cast<file_body&>(*keep));
}

inline bool dispatch::write_file(file_body& file) {
    while (file_at_ < file.size()) {
        if (output_.size() >= piece) return false;
        std::size_t const before = output_.size();
        auto const wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece, file.size() - file_at_));
        output_.resize(before + wanted);
        auto const n = file.read(file_at_, output_.data() + before, wanted);
        output_.resize(before + (n ? *n : 0));
        if (!n || *n == 0) {
            // the length that was announced cannot be kept; by it the client knows
            abandon();
            return false;
        }
        file_at_ += *n;
    }
    source_.reset();
    return true;
}

inline bool dispatch::write_stream(stream_body& stream) {
    using taken = stream_body::taken;
    bool const chunked = framing_ == framing::chunked;
    for (;;) {
        if (output_.size() >= piece) return false;
        switch (stream.take(output_, piece - output_.size(), chunked)) {
            case taken::some:
                break;
            case taken::nothing:
                return false;
            case taken::failure:
                broken_ = framing_ == framing::until_close;
                abandon();
                return false;
            case taken::end:
                if (chunked) append_last_chunk(output_, stream.trailers());
                if (framing_ == framing::until_close)
                    abandon();
                else
                    drop_source();
                return true;
        }
    }
}

/// Ends what is being written.
inline void dispatch::drop_source() noexcept {
    auto const source = std::move(source_);
    if (source && source->type() == body_source::kind::stream)
        static_cast<stream_body&>(*source).stop();
}

HTTPHOOKS_DECL void dispatch::collect_ready() {
    collecting_ = true;
    move_ready();
    collecting_ = false;
}

inline void dispatch::move_ready() {
    for (;;) {
        if (source_ && !write_source()) return;
        if (body_way_ == body_way::streamed && !begun_entry()) [[unlikely]]
            leave_body(nullptr);
        if (first_ == queue_.size() || !queue_[first_].ready) break;
        write(queue_[first_]);
        queue_[first_] = entry{};
        if (++first_ == queue_.size()) {
            queue_.clear();
            first_ = 0;
        }
    }
    if (first_ >= 64) {
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    append_continue();
}

/// Takes no more, and lets go of what is due; what is in the output stays.
inline void dispatch::abandon() noexcept {
    if (body_way_ != body_way::gathered) [[unlikely]]
        abandon_body();
    for (std::size_t i = first_; i < queue_.size(); ++i)
        if (queue_[i].journey && !queue_[i].ready) queue_[i].journey->cancel();
    queue_.clear();
    first_ = 0;
    drop_source();
    end_body(false);
    parser_.reset();
    journey_.reset();
    mount_ = nullptr;
    mount_request_.reset();
    header_begun_ = continue_due_ = false;
    stopped_ = true;
}

HTTPHOOKS_DECL void dispatch::on_reply(exchange& ex) noexcept {
    auto const it = std::find_if(queue_.begin() + static_cast<std::ptrdiff_t>(first_), queue_.end(),
                                 [&ex](entry const& e) { return e.journey.get() == &ex; });
    if (it == queue_.end()) return;
    it->ready = true;
    if (!consuming_ && listener_) listener_->on_output();
}

HTTPHOOKS_DECL dispatch::mount_request dispatch::take_mount() {
    mount_request taken = std::move(*mount_request_);
    mount_request_.reset();
    return taken;
}

HTTPHOOKS_DECL void dispatch::drain() noexcept {
    if (!parser_) {
        header_begun_ = false;
        stopped_ = true;
    }
}

HTTPHOOKS_DECL void dispatch::end_of_input() noexcept {
    if (body_way_ != body_way::gathered) [[unlikely]]
        return end_begun_body();
    end_body(false);
    parser_.reset();
    journey_.reset();
    header_begun_ = continue_due_ = false;
    if (!mount_request_) stopped_ = true;
}

HTTPHOOKS_DECL std::optional<dispatch::tick> dispatch::deadline() const noexcept {
    http::options const& o = loop_.options();
    std::optional<tick> next;
    auto const add = [&next](tick t) {
        if (!next || static_cast<std::int32_t>(t - *next) < 0) next = t;
    };
    if (header_begun_) add(begun_ + timer_wheel::ticks(o.header_timeout));
    if (parser_)
        if (auto const t = body_deadline()) add(*t);
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
    consuming_ = false;
    if (auto const next = deadline(); partial() && next && reached(*next))
        refuse(status::request_timeout, parser_ ? std::string_view() : held_);
    collect();
}

}  // namespace httphooks::http::detail
