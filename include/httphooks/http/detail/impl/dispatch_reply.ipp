// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How replies become output: texts at once, files and streams bit by bit.
*/

#include <httphooks/http/detail/dispatch.hpp>

#include <httphooks/detail/system/prefetch.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/http/detail/reply_writer.hpp>
#include <httphooks/message.hpp>
#include <httphooks/stream_body.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

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
    } catch (...) {  // it cannot be written: those before it go out
        output_.resize(before);
        drop_source();
        e.refusal = std::make_unique<response>(error_response(status::internal_server_error));
        append(e, after);
    }
    if (e.journey && e.journey->claim()) [[unlikely]]
        e.journey->claim()->settle(loop_.executor());
    if (e.journey && !e.refusal) e.journey->handed_over();
}

inline void dispatch::append(entry const& e, persistence after) {
    std::string_view const server = loop_.options().server_name;
    if (e.refusal) return append_reply(output_, *e.refusal, loop_.date(), server, after, e.head);
    if (auto const& how = loop_.options().compress) [[unlikely]]
        how->apply(e.journey->request(), e.journey->reply());
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
    // a hook has returned one response to two requests
    if (stream && stream->started()) throw system_error(make_error_code(error::stream_closed));
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
    // a short one goes out with its header
    file_due_ = sends_files_ && !stream && size > piece;
    if (stream) start_stream(*e.journey, *stream);
}

HTTPHOOKS_DECL dispatch::file_part dispatch::due_file() const noexcept {
    auto const& file = static_cast<file_body const&>(*source_);
    return {file.descriptor(), file.offset() + file_at_, file.size() - file_at_};
}

HTTPHOOKS_DECL void dispatch::sent(std::size_t n) noexcept {
    if (n == 0) return abandon();
    file_at_ += n;
    if (file_at_ == static_cast<file_body const&>(*source_).size()) drop_source();
}

/// Who writes the stream begins behind the response-listeners.
inline void dispatch::start_stream(exchange& ex, stream_body& stream) {
    ex.handed_over();
    ex.watch(stream);
    bool const outer = std::exchange(collecting_, true);
    stream.start(loop_.executor(), *this);
    collecting_ = outer;
}

HTTPHOOKS_DECL void dispatch::on_stream() noexcept {
    if (!consuming_ && !collecting_ && listener_) listener_->on_stream();
}

HTTPHOOKS_DECL void dispatch::on_stream_soon() noexcept {
    constexpr std::size_t of_session = 160;
    httphooks::detail::prefetch(this, sizeof *this);
    httphooks::detail::prefetch(listener_, of_session);
}

HTTPHOOKS_DECL std::string_view dispatch::chunk() const noexcept {
    if (!streaming() || framing_ != framing::chunked || !output_.empty()) return {};
    std::string_view const c = static_cast<stream_body&>(*source_).chunk();
    return c.size() <= piece ? c : std::string_view();
}

HTTPHOOKS_DECL void dispatch::chunk_taken(std::size_t n) {
    auto& stream = static_cast<stream_body&>(*source_);
    output_ = stream.chunk().substr(n);
    stream.chunk_taken();
}

HTTPHOOKS_DECL void dispatch::probe() {
    if (streaming() && framing_ == framing::chunked && output_.empty()) output_ += '0';
}

HTTPHOOKS_DECL void dispatch::slim() noexcept {
    for (std::string* s : {&output_, &held_})
        if (s->empty()) std::string().swap(*s);
    if (queue_.empty()) std::vector<entry>().swap(queue_);
    if (!partial() && !has_mount() && reader_ && !reader_->guard.begun()) reader_.reset();
}

/// Appends what comes next of a file or a stream. @return whether that was all of it
inline bool dispatch::write_source() {
    auto const keep = source_;
    if (streaming()) return write_stream(static_cast<stream_body&>(*keep));
    return write_file(static_cast<file_body&>(*keep));
}

inline bool dispatch::write_file(file_body& file) {
    if (file_due_) return false;
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
    file_due_ = false;
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

}  // namespace httphooks::http::detail
